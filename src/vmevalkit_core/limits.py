"""How much at once, and how fast: the limits of one account or device."""

from __future__ import annotations

import asyncio
import random
from collections import deque
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
LOOK_AGAIN, GROW = 30.0, 5.0
"""Seconds until a full account is asked for one job more: after a refusal, and after a job that did fit."""
LOOKED_BACK, ENOUGH, SLOWEST, GROWTH = 2000, 10, 1 / 10, 0.02
"""Turns that are remembered; how many are believed; the slowest pace in a second; the growth with each turn."""
OTHERS_EACH = 4
"""Of so many turns one is never an urgent call's while another waits: jobs that have ended must be noticed."""
LONGEST_PAUSE = 3600.0
"""Seconds: a vendor that asks for more means a quota, and nobody waits for that."""


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


class Line:
    """One at a time, as a lock: of those who wait, the urgent go first, but for every fourth turn."""

    def __init__(self) -> None:
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._held = False
        self._turns = 0

    @asynccontextmanager
    async def place(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """The front of the line."""
        if self._held:
            await self._wait(self._urgent if urgent else self._others)
        self._held = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        mine = asyncio.get_running_loop().create_future()
        queue.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._pass_on()  # it came to the front in the moment in which it gave up
            raise

    def _pass_on(self) -> None:
        self._turns += 1
        queues = (self._others, self._urgent) if self._turns % OTHERS_EACH == 0 else (self._urgent, self._others)
        for queue in queues:
            while queue:
                following = queue.popleft()
                if not following.done():
                    following.set_result(None)
                    return
        self._held = False


class Pace:
    """At most `rate` turns in any second, evenly spread: a bucket that lets a burst through is no pace (GCRA).

    A vendor who refuses a call for coming too fast is believed: the pace drops to what he took in the last minute,
    and grows again by a little with each turn.
    """

    def __init__(self, rate: float = float("inf"), clock: Clock | None = None) -> None:
        self.rate = rate
        self._most = rate
        self._clock = clock or Clock()
        self._line = Line()
        self._next = 0.0
        self._held = 0.0
        self._refusals = 0
        self._taken: deque[float] = deque(maxlen=LOOKED_BACK)

    def at_most(self, rate: float) -> None:
        """Slow down to a rate; never speeds up."""
        self._most = min(self._most, rate)
        self.rate = min(self.rate, rate)

    async def turn(self, *, urgent: bool = False) -> None:
        """Wait for the next turn; an urgent call, one that sends a job, passes those that ask about jobs."""
        # One waits for the next turn, the others for him: whoever gives up leaves no gap behind.
        async with self._line.place(urgent=urgent):
            while (left := max(self._next, self._held) - self._clock.monotonic()) > 0:
                await self._clock.sleep(left)
            now = self._clock.monotonic()
            self._next = max(self._next, now - SLACK) + (1 + SLACK) / self.rate
            self.rate = min(self._most, self.rate * (1 + GROWTH))
            self._taken.append(now)

    def slow(self, asked: float | None) -> None:
        """A call was refused for coming too fast; `asked`: seconds that the vendor wants to be left alone."""
        now = self._clock.monotonic()
        if now < self._held:
            return  # of the same moment as the refusal before
        self._refusals += 1
        self._held = now + (_backoff(self._refusals) if asked is None else min(asked, LONGEST_PAUSE))
        recent = [at for at in self._taken if at > now - 60.0]
        if len(recent) >= ENOUGH:
            self.rate = min(self.rate, max(SLOWEST, 0.9 * (len(recent) - 1) / max(1.0, now - recent[0])))

    def fine(self) -> None:
        """A call was answered."""
        self._refusals = 0


class Gate:
    """Lets a few paid requests through at once, and learns how many jobs the account may have.

    A vendor who turns a request away has shown his limit: from then on one request passes at a time, when a job has
    ended or when it is time to see whether there is more room. Whatever is killed leaves no more requests in doubt
    than were let through at once.
    """

    def __init__(self, clock: Clock | None = None, at_once: int = SENT_AT_ONCE) -> None:
        self._clock = clock or Clock()
        self._turns = asyncio.Semaphore(at_once)
        self._one = asyncio.Lock()
        self._freed = asyncio.Event()
        self._refusals = 0
        self._until = self._look_again = 0.0
        self.jobs = 0
        """Jobs of ours that the vendor has at present."""
        self.limit = float("inf")
        """How many he takes, as far as he has shown."""

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """The right to send one request; whoever holds it says `turned_away` or `let_in`."""
        async with self._turns:
            if self.limit == float("inf") and not self._refusals:
                yield
                return
            async with self._one:
                while (left := self._left()) > 0:
                    await self._pause(left)
                yield

    def turned_away(self, asked: float | None) -> None:
        """There is no room for another job, for so many seconds where the vendor says."""
        self._refusals += 1
        now = self._clock.monotonic()
        if self.jobs:
            self.limit = min(self.limit, self.jobs)
            self._look_again = now + LOOK_AGAIN * random.uniform(1.0, 1.2)
        if asked is not None or not self.jobs:
            wait = _backoff(self._refusals) if asked is None else min(asked, LONGEST_PAUSE)
            self._until = max(self._until, now + wait * random.uniform(1.0, 1.1))

    def let_in(self) -> None:
        """A request was taken, and is a job now."""
        self._refusals = 0
        self.hold()

    def hold(self) -> None:
        """The vendor has a job of ours, from an earlier process for instance."""
        self.jobs += 1
        if self.jobs > self.limit:
            self.limit = self.jobs
            self._look_again = self._clock.monotonic() + GROW

    def release(self) -> None:
        """A job has ended."""
        self.jobs -= 1
        self._freed.set()

    def _left(self) -> float:
        """Seconds until the next request may pass, unless a job ends before."""
        now = self._clock.monotonic()
        if now < self._until:
            return self._until - now
        return 0.0 if self.jobs < self.limit else self._look_again - now

    async def _pause(self, seconds: float) -> None:
        self._freed.clear()
        waits = [asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._freed.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()


def _backoff(refusals: int) -> float:
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (refusals - 1))
