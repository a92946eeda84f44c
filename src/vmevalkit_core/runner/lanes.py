"""Runs in flight: one lane for each account or device, each with its own limit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from vmevalkit_core.limits import Limiter
from vmevalkit_core.planner import PlannedRun
from vmevalkit_core.runner.report import Outcome

BUSY_WAIT = 0.25
"""Seconds before a run that another process holds is looked at again: a dead one's is free at once."""


class Lane:
    """The runs of one limit key, carried out by as many coroutines as its limiter has slots.

    Each run holds a slot: other calls in this process may have a lane with the same limiter. What one run asks of a
    vendor is paced by the generators, with a limiter of their own.
    """

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self._waiting: deque[PlannedRun] = deque()
        self._held_elsewhere: deque[PlannedRun] = deque()

    def add(self, run: PlannedRun) -> None:
        """Queue a run."""
        self._waiting.append(run)

    async def drain(
        self,
        execute: Callable[[PlannedRun], Awaitable[Outcome]],
        ended: Callable[[Outcome], None],
        stop: asyncio.Event,
    ) -> None:
        """Carry out every run, or stop taking new ones when `stop` is set."""
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.limiter.capacity, len(self._waiting))):
                group.create_task(self._work(execute, ended, stop))

    async def _work(
        self,
        execute: Callable[[PlannedRun], Awaitable[Outcome]],
        ended: Callable[[Outcome], None],
        stop: asyncio.Event,
    ) -> None:
        while not stop.is_set() and (run := await self._next()):
            async with self.limiter:
                outcome = await execute(run)
            if outcome.end == "busy":
                self._held_elsewhere.append(run)
            else:
                ended(outcome)

    async def _next(self) -> PlannedRun | None:
        if self._waiting:
            return self._waiting.popleft()
        if not self._held_elsewhere:
            return None
        run = self._held_elsewhere.popleft()
        await asyncio.sleep(BUSY_WAIT)
        return run


def lanes_of(runs: Iterable[PlannedRun], limiter_of: Callable[[PlannedRun], Limiter]) -> list[Lane]:
    """The runs, divided by what limits them, in the order of the plan."""
    lanes: dict[int, Lane] = {}
    for run in runs:
        limiter = limiter_of(run)
        lanes.setdefault(id(limiter), Lane(limiter)).add(run)
    return list(lanes.values())
