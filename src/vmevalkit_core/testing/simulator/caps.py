"""Limits of an account: requests in a span of time, jobs at once, jobs a day, money."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from heapq import heappop, heappush

from vmevalkit_core.testing.simulator.life import Job
from vmevalkit_core.testing.simulator.settings import Settings

DAY = 86_400.0


class Window:
    """So many events in any span of so many seconds."""

    def __init__(self, span: float) -> None:
        self.span = span
        self._times: deque[float] = deque()

    def wait(self, most: int | None, now: float) -> float:
        """Seconds until there is room for one more; 0 where there is room now."""
        if most is None or self.count(now) < most:
            return 0.0
        # With a cap of nothing there is never room; a whole span is as good an answer as any.
        return self._times[len(self._times) - most] + self.span - now if most else self.span

    def count(self, now: float) -> int:
        """How many there were in the last span."""
        while self._times and self._times[0] <= now - self.span:
            self._times.popleft()
        return len(self._times)

    def add(self, now: float) -> None:
        """Count one."""
        self.count(now)
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
            if self._line[0].cancelled is not None:
                self._line.popleft()
                continue
            start = self._room(most, now, free)
            if start is None:
                return
            job = self._line.popleft()
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


class Caps:
    """All limits of one account, those of jobs for each lane alone."""

    def __init__(self) -> None:
        self._second, self._minute = Window(1.0), Window(60.0)
        self._days: defaultdict[str, Window] = defaultdict(lambda: Window(DAY))
        self._lanes: defaultdict[str, Lanes] = defaultdict(Lanes)

    def let_in(self, settings: Settings, now: float) -> float:
        """Count a request and give 0; or give the seconds until there is room for it."""
        second = self._second.wait(settings.requests_per_second, now)
        wait = max(second, self._minute.wait(settings.requests_per_minute, now))
        if not wait:
            self._second.add(now)
            self._minute.add(now)
        return wait

    def until_tomorrow(self, lane: str, settings: Settings, now: float) -> float:
        """Seconds until the quota of the day has room; 0 where it has."""
        return self._days[lane].wait(settings.jobs_per_day, now)

    def today(self, lane: str, now: float) -> int:
        """Jobs in the last 24 hours."""
        return self._days[lane].count(now)

    def crowded(self, lane: str, settings: Settings, now: float) -> bool:
        """Whether as many jobs as there may be are not over."""
        most = settings.jobs_at_once
        return most is not None and self._lanes[lane].busy(now) >= most

    def enter(self, job: Job, lane: str, settings: Settings) -> None:
        """Let a job run, or put it in line."""
        self._days[lane].add(job.accepted)
        self._lanes[lane].add(job, settings.jobs_at_once)

    def settle(self, settings: Settings, now: float) -> None:
        """Let those in line start who can."""
        for lanes in self._lanes.values():
            lanes.settle(settings.jobs_at_once, now)


def _frees(jobs: Iterable[Job]) -> list[tuple[float, str]]:
    return sorted((_leaves(job), job.id) for job in jobs)


def _leaves(job: Job) -> float:
    return job.ends if job.cancelled is None else min(job.cancelled, job.ends)
