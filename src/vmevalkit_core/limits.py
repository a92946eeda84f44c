"""How much at once, and how fast: the limits of one account or device."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

from vmevalkit_core.clock import Clock

SLACK = 0.05
"""Seconds that a turn may come late without the calls after it making a burst; the pace is slower by this share."""
SENT_AT_ONCE = 4
"""Paid requests of one account that are on their way at once: each takes a second, its job minutes."""
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds between two tries of an account that is told no more than to wait."""


class Limiter:
    """At most `capacity` holders at a time; used as `async with limiter:`."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._slots = asyncio.Semaphore(capacity)

    async def __aenter__(self) -> None:
        await self._slots.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slots.release()


class Pace:
    """At most `rate` turns in any second, evenly spread: a bucket that lets a burst through is no pace (GCRA)."""

    def __init__(self, rate: float = float("inf"), clock: Clock | None = None) -> None:
        self.rate = rate
        self._clock = clock or Clock()
        self._next = 0.0

    def at_most(self, rate: float) -> None:
        """Slow down to a rate; never speeds up."""
        self.rate = min(self.rate, rate)

    async def turn(self) -> None:
        """Wait for the next turn."""
        now = self._clock.monotonic()
        at = max(self._next, now)
        self._next = at + (1 + SLACK) / self.rate
        if at > now:
            await self._clock.sleep(at - now)


class Gate:
    """Lets a few paid requests through at once, and, after one is turned away, one at a time when it is due.

    Whatever is killed leaves no more requests in doubt than were let through.
    """

    def __init__(self, clock: Clock | None = None, at_once: int = SENT_AT_ONCE) -> None:
        self._clock = clock or Clock()
        self._turns = asyncio.Semaphore(at_once)
        self._one = asyncio.Lock()
        self._refusals = 0
        self._until = 0.0

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """The right to send one request; whoever holds it says `turned_away` or `let_in`."""
        async with self._turns:
            if not self._refusals:
                yield
                return
            async with self._one:
                while self._refusals and (left := self._until - self._clock.monotonic()) > 0:
                    await self._clock.sleep(left)
                yield

    def turned_away(self, asked: float | None) -> None:
        """The account is busy for so many seconds, or for a while that doubles each time."""
        self._refusals += 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (self._refusals - 1)) if asked is None else asked
        until = self._clock.monotonic() + wait * random.uniform(1.0, 1.1)
        self._until = max(self._until, until)

    def let_in(self) -> None:
        """A request was taken."""
        self._refusals = 0
