"""Clocks for tests: one that runs fast, one that stands until it is moved."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from vmevalkit_core.clock import Clock


class QuickClock(Clock):
    """Every second of it takes a part of a second: as many tries as in life, with less waiting."""

    def __init__(self, speed: float = 20.0) -> None:
        self._speed = speed
        self._start, self._wall = time.monotonic(), datetime.now(UTC)

    def now(self) -> datetime:
        return self._wall + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._start) * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._speed)
