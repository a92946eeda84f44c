"""How fast an account is called, and how it is waited for, in virtual time."""

from __future__ import annotations

import asyncio
import bisect
from itertools import pairwise

import pytest

from tests.clocks import VirtualClock
from vmevalkit_core.limits import Gate, Line, Pace


def most_in_a_second(times: list[float]) -> int:
    """The fullest window of one second."""
    ordered = sorted(times)
    return max(bisect.bisect_left(ordered, at + 1.0) - index for index, at in enumerate(ordered))


def test_pace_has_no_burst() -> None:
    """In no second more than the rate, and nearly all of it is used."""
    clock, times = VirtualClock(), list[float]()
    pace = Pace(50.0, clock)

    async def one() -> None:
        await pace.turn()
        times.append(clock.monotonic())

    async def main() -> None:
        await clock.run(asyncio.gather(*(one() for _ in range(300))))

    asyncio.run(main())
    assert most_in_a_second(times) <= 50
    assert max(times) == pytest.approx(300 / 50, rel=0.06)


def test_pace_only_slows_down() -> None:
    """Of two models of one account the slower one's pace counts."""
    pace = Pace()
    pace.at_most(5.0)
    pace.at_most(10.0)
    assert pace.rate == 5.0


async def _turns(pace: Pace, calls: list[str], order: list[str]) -> None:
    async def one(name: str) -> None:
        await pace.turn(urgent=name == "paid")
        order.append(name)

    await asyncio.gather(*(one(name) for name in calls))


def test_paid_requests_pass_questions_but_not_all() -> None:
    """Hundreds of polls hold no paid request up, and hundreds of requests do not stop the polls."""
    clock, order = VirtualClock(), list[str]()
    calls = ["poll"] * 30 + ["paid"] * 12

    async def main() -> None:
        await clock.run(_turns(Pace(10.0, clock), calls, order))

    asyncio.run(main())
    assert order.count("paid") == 12
    last = 41 - order[::-1].index("paid")
    assert last <= 18
    assert order[:last].count("poll") >= 3


def test_place_in_the_line_that_is_given_up_is_passed_on() -> None:
    """Whoever is cancelled while he waits, or in the moment in which his turn comes, holds nobody up."""
    line, entered = Line(), list[str]()

    async def enter(name: str) -> None:
        async with line.place():
            entered.append(name)

    async def main() -> None:
        async with line.place():
            waiting, early, last = (asyncio.create_task(enter(name)) for name in ("waiting", "early", "last"))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.sleep(0)
        early.cancel()  # its turn has come, and it has not noticed yet
        await asyncio.wait([waiting, early, last], timeout=5.0)

    asyncio.run(main())
    assert entered == ["last"]


class Door:
    """A vendor that takes requests from a certain time on, and one job at a time before."""

    def __init__(self, clock: VirtualClock, opens: float, asks: float | None) -> None:
        self.clock, self.opens, self.asks = clock, opens, asks
        self.gate = Gate(clock)
        self.tries: list[float] = []

    async def enter(self) -> None:
        while True:
            async with self.gate.passage():
                self.tries.append(self.clock.monotonic())
                if self.clock.monotonic() >= self.opens:
                    return self.gate.let_in()
                self.gate.turned_away(self.asks)


@pytest.mark.parametrize("asks", [30.0, None])
def test_gate_lets_one_try_for_all(asks: float | None) -> None:
    """Fifty runs that wait for a busy account are one question at a time, not fifty."""
    clock = VirtualClock()
    door = Door(clock, 100.0, asks)

    async def main() -> None:
        await clock.run(asyncio.gather(*(door.enter() for _ in range(50))))

    asyncio.run(main())
    early = [at for at in door.tries if at < 100.0]
    assert len(door.tries) - len(early) == 50
    assert len(early) <= 50 + 8  # those that were on their way at once, then one after another
    if asks:
        assert all(later - before >= asks for before, later in pairwise(early[49:]))


def test_gate_opens_after_the_time_that_was_asked() -> None:
    """Never before it."""
    clock = VirtualClock()
    door = Door(clock, 40.0, 40.0)
    asyncio.run(_enter(clock, door))
    assert door.tries[0] == 0.0
    assert 40.0 <= door.tries[1] <= 44.0


async def _enter(clock: VirtualClock, door: Door) -> None:
    await clock.run(door.enter())


class Crowd:
    """A vendor that takes seven jobs at once, for twenty seconds each."""

    def __init__(self, clock: VirtualClock, room: int = 7) -> None:
        self.clock, self.room = clock, room
        self.gate = Gate(clock)
        self.running = self.refused = 0

    async def job(self) -> None:
        while True:
            async with self.gate.passage():
                if self.running < self.room:
                    self.running += 1
                    self.gate.let_in()
                    break
                self.refused += 1
                self.gate.turned_away(None)
        await self.clock.sleep(20.0)
        self.running -= 1
        self.gate.release()


def crowded(crowd: Crowd, jobs: int) -> float:
    """The seconds that so many jobs take."""

    async def main() -> None:
        await crowd.clock.run(asyncio.gather(*(crowd.job() for _ in range(jobs))))

    asyncio.run(main())
    return crowd.clock.monotonic()


def test_gate_learns_how_many_jobs_there_may_be() -> None:
    """Nearly all of a hidden limit is used, and refusals are few."""
    crowd = Crowd(VirtualClock())
    seconds = crowded(crowd, 140)
    assert seconds <= 1.05 * 140 / 7 * 20
    assert crowd.refused <= 4 + seconds / 30


def test_gate_grows_when_there_is_more_room() -> None:
    """A limit that was raised is found again."""
    crowd = Crowd(VirtualClock())

    async def main() -> None:
        await crowd.clock.run(asyncio.gather(*(crowd.job() for _ in range(14))))
        crowd.room = 14
        await crowd.clock.run(asyncio.gather(*(crowd.job() for _ in range(200))))

    asyncio.run(main())
    assert crowd.gate.limit > 10


def test_pace_drops_to_what_a_vendor_takes() -> None:
    """Thirty calls a minute, hidden: few refusals, and most of them are used."""
    clock = VirtualClock()
    pace, taken, refused = Pace(20.0, clock), list[float](), 0

    async def caller() -> None:
        nonlocal refused
        while clock.monotonic() < 600.0:
            await pace.turn()
            if sum(at > clock.monotonic() - 60.0 for at in taken) < 30:
                taken.append(clock.monotonic())
                pace.fine()
            else:
                refused += 1
                pace.slow(None)

    async def main() -> None:
        await clock.run(asyncio.gather(*(caller() for _ in range(5))))

    asyncio.run(main())
    assert len(taken) >= 0.8 * 300
    assert refused <= 60
