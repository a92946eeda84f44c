"""Limits of an account: requests in a span of time, and jobs at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush

from vmevalkit_core.testing.simulator.life import Job


class Window:
    """So many events in any span of so many seconds."""

    def __init__(self, span: float) -> None:
        self.span = span
        self._times: deque[float] = deque()

    def wait(self, most: int | None, now: float) -> float:
        """Seconds until there is room for one more; 0 where there is room now."""
        while self._times and self._times[0] <= now - self.span:
            self._times.popleft()
        if most is None or len(self._times) < most:
            return 0.0
        # With a cap of nothing there is never room; a whole span is as good an answer as any.
        return self._times[len(self._times) - most] + self.span - now if most else self.span

    def add(self, now: float) -> None:
        """Count one."""
        self._times.append(now)


class Lanes:
    """Jobs at once: who runs, and who waits in line for the end of another."""

    def __init__(self) -> None:
        self._running: dict[str, Job] = {}
        self._line: deque[Job] = deque()

    def busy(self, now: float) -> int:
        """How many jobs run or wait."""
        return sum(1 for job in self._running.values() if _leaves(job) > now) + len(self._line)

    def add(self, job: Job, most: int | None) -> None:
        """Let a job run, or put it in line."""
        if most is None:
            job.released = job.accepted
            return
        self._line.append(job)
        self.settle(most, job.accepted)

    def settle(self, most: int | None, now: float) -> None:
        """Let those in line start who could do so up to now, each when the one before it ended."""
        if not self._line:
            return
        free = _frees(self._running.values())
        while self._line:
            start = self._room(most, now, free)
            if start is None:
                return
            job = self._line.popleft()
            if job.cancelled is None:
                job.released = max(start, job.accepted)
                self._running[job.id] = job
                heappush(free, (_leaves(job), job.id))

    def _room(self, most: int | None, now: float, free: list[tuple[float, str]]) -> float | None:
        """Since when there is room for one more; None where there is none."""
        since = 0.0
        while most is not None and len(self._running) >= most:
            if not free or free[0][0] > now:
                return None
            since, gone = heappop(free)
            del self._running[gone]
        return since


def _frees(jobs: Iterable[Job]) -> list[tuple[float, str]]:
    return sorted((_leaves(job), job.id) for job in jobs)


def _leaves(job: Job) -> float:
    return job.ends if job.cancelled is None else min(job.cancelled, job.ends)
