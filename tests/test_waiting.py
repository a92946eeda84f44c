"""How jobs that are paid for are waited for, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clocks import QuickClock, VirtualClock
from tests.helpers import make_task, records
from tests.models.plain import Plain
from tests.vendors import run_all, vendor
from vmevalkit_core import Context, Done, Failed, Pending, Submission
from vmevalkit_core.errors import ClipError, KeyRefused, UnfinishedJob
from vmevalkit_core.generator.collecting import Collector
from vmevalkit_core.generator.free_job import FreeJob
from vmevalkit_core.limits import Gate, Limiter, Pace
from vmevalkit_core.transport import Answer, Http, Refusal

State = Pending | Done | Failed


class Waited(FreeJob):
    """A job that tells nobody how far it is."""

    clip_path = Path("clip.mp4")
    log = logging.getLogger("tests.waiting")

    def progress(self, fraction: float | None = None, stage: str = "") -> None:
        """Nobody looks."""


class House(Plain):
    """A vendor in virtual time: `state` answers each poll, by its number and the time."""

    requests_per_second = 20.0
    poll_least, poll_most, poll_timeout = 5.0, 120.0, 60.0
    link_is_dead = False

    def __init__(self, clock: VirtualClock, state: Callable[[int, float], State]) -> None:
        gate, http = Gate(clock), Http(Pace(clock=clock))
        env = {"PLAIN_KEY": "key", "PLAIN_BASE_URL": "http://127.0.0.1:9"}
        super().__init__(self.spec, Context(env=env, limiter=Limiter(1), http=http, gate=gate, clock=clock))
        self.clock, self.state, self.polls = clock, state, list[float]()

    async def poll(self, submission: Submission) -> State:
        await self.context.http.pace.turn()
        self.polls.append(self.clock.monotonic())
        return self.state(len(self.polls), self.clock.monotonic())

    async def fetch(self, done: Done, path: Path) -> None:
        if self.link_is_dead:
            raise Refusal(Answer(403, {}, b"", "http://127.0.0.1:9"))

    def collect(self, jobs: int = 1) -> None:
        """Wait for so many jobs, all sent at the same time."""
        collector = Collector(self)

        async def one(number: int) -> None:
            self.context.gate.hold()
            await collector.collect(Submission(id=str(number)), Waited(), sent_now=True)  # type: ignore[arg-type]
            self.context.gate.release()

        async def main() -> None:
            await self.clock.run(asyncio.gather(*(one(number) for number in range(jobs))))

        asyncio.run(main())


def test_many_jobs_leave_room_in_the_pace() -> None:
    """However many there are, asking about them takes no more than its share of the calls."""
    clock = VirtualClock()
    house = House(clock, lambda _, now: Done(video_url="x") if now > 120.0 else Pending())
    house.collect(400)
    busy = [at for at in house.polls if 30.0 < at < 120.0]
    assert len(busy) / 90.0 == pytest.approx(0.85 * 20.0, rel=0.1)


def test_one_refusal_of_a_good_key_ends_no_waiting() -> None:
    """The job is paid for, and its account works for all others."""

    def state(number: int, now: float) -> State:
        if number == 2:
            raise KeyRefused("who are you?")
        return Done(video_url="x") if number == 4 else Pending()

    house = House(VirtualClock(), state)
    house.collect()
    assert len(house.polls) == 4


def test_key_that_stays_refused_is_told_soon() -> None:
    """Within seconds, by a few polls."""

    def state(number: int, now: float) -> State:
        raise KeyRefused("who are you?")

    house = House(VirtualClock(), state)
    with pytest.raises(KeyRefused):
        house.collect()
    assert len(house.polls) == 3
    assert house.polls[-1] - house.polls[0] < 20.0


def test_vendors_pause_counts_at_the_end_of_patience_too() -> None:
    """Who asks to be left alone for longer than the job is waited for is left alone."""
    house = House(VirtualClock(), lambda number, now: Pending(poll_after=500.0))
    house.patience = 700.0
    with pytest.raises(UnfinishedJob):
        house.collect()
    first, second = house.polls
    assert second - first == pytest.approx(500.0)


def test_link_that_is_dead_each_time_is_not_asked_for_for_ever() -> None:
    """Each poll brings a new link, three times; then the user has to decide."""
    house = House(VirtualClock(), lambda number, now: Done(video_url="x"))
    house.link_is_dead = True
    with pytest.raises(ClipError, match="cannot be fetched"):
        house.collect()
    assert len(house.polls) == 3


def test_busy_account_is_waited_for_six_hours_and_no_longer(tmp_path: Path) -> None:
    """One kind of retry does not begin where another has ended."""
    make_task(tmp_path / "one", "maze", "maze_0000")
    clock = QuickClock(20_000.0)
    with vendor({"phase": "submit", "fault": "rate"}) as simulator:
        begun = clock.monotonic()
        assert run_all(tmp_path, simulator, tmp_path / "one", clock=clock).ends == {"blocked": 1}
    assert 5.5 * 3600 < clock.monotonic() - begun < 9 * 3600
    assert records(tmp_path / "out")[0]["inference"]["status"] == "submitting"
