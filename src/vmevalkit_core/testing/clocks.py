"""Clocks for tests: one that runs fast, one that stands until it is moved."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from vmevalkit_core.clock import Clock

T = TypeVar("T")


class QuickClock(Clock):
    """Every second of it takes a part of a second: as many tries as in life, with less waiting."""

    def __init__(self, speed: float = 20.0) -> None:
        self._speed = speed
        self._start, self._wall = time.monotonic(), datetime.now(UTC)

    def now(self) -> datetime:
        """The time at the start, and the quick seconds since."""
        return self._wall + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Quick seconds since the start."""
        return (time.monotonic() - self._start) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait for so many quick seconds."""
        await asyncio.sleep(max(0.0, seconds) / self._speed)


class VirtualClock(Clock):
    """Time that passes only while everybody sleeps: days in milliseconds, and every wait is exact."""

    def __init__(self) -> None:
        self._now, self._wall = 0.0, datetime(2026, 1, 1, tzinfo=UTC)
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        """The wall clock, which `set_wall` moves."""
        return self._wall + timedelta(seconds=self._now)

    def set_wall(self, by: timedelta) -> None:
        """Somebody changes the wall clock; the other one knows nothing of it."""
        self._wall += by

    def monotonic(self) -> float:
        """Seconds that were slept through."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until `run` has moved the clock on."""
        self._count += 1
        until: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self._now + max(0.0, seconds), self._count, until))
        await until

    async def run(self, work: Awaitable[T]) -> T:
        """What the work comes to, the clock moving on whenever nothing else can happen."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(20):  # let everything that is ready go on
                await asyncio.sleep(0)
            if self._sleeping and not task.done():
                self._now, _, until = heapq.heappop(self._sleeping)
                if not until.done():
                    until.set_result(None)
        return task.result()
