"""What a vendor asks is done: the time that he wants to be left alone, and the pace that he sells."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.helpers import REPOSITORY, make_task
from tests.models.paced import RATE
from tests.test_pace import most_in_a_second
from tests.test_runner import planned
from tests.vendors import client, vendor
from tests.virtual import World
from vmevalkit_core.limits import SENT_AT_ONCE, Pace
from vmevalkit_core.testing import Simulator

PACED = f"{REPOSITORY}/tests/models/paced.py:Paced"
BUSY = {
    "seconds": {"fault": "rate-seconds", "form": "seconds"},
    "date": {"fault": "rate-date", "form": "date"},
    "503": {"fault": "unavailable-seconds", "form": "seconds"},
}
"""How a vendor says when to come again."""


class Manners(NamedTuple):
    """How a client behaved, by the time stamps of the vendor."""

    refusals: int
    own_early: float
    """Seconds by which a refused run came back before its time, at worst; negative: all came later."""
    others_early: int
    """Requests of other runs between a refusal and the time asked for, at worst; some were on their way."""
    fullest_second: int
    """Calls in the fullest second."""
    fullest_after: int
    """Paid requests in the fullest tenth of a second after a common wait was over."""


def manners(requests: Sequence[dict[str, Any]], asked: float) -> Manners:
    """What the requests of a command tell."""
    submits = [one for one in requests if one["phase"] == "submit"]
    refused = [one for one in submits if one["fault"]]
    early, others, burst = [float("-inf")], [0], [0]
    for one in refused:
        over = one["finished"] + asked
        again = [two["at"] for two in submits if two["at"] > one["at"] and two["body"]["token"] == one["body"]["token"]]
        early += [over - min(again)] if again else []
        between = [two for two in submits if one["finished"] < two["at"] < over and two["body"] != one["body"]]
        others.append(len(between))
        after = sorted(two["at"] for two in submits if over <= two["at"] < over + 1.0)
        burst += [sum(at <= two < at + 0.1 for two in after) for at in after]
    paced = [one["at"] for one in requests if one["phase"] in ("submit", "poll")]
    return Manners(len(refused), max(early), max(others), most_in_a_second(paced), max(burst))


def observed(root: Path, simulator: Simulator, form: str, *, jobs: int, times: int, asked: int) -> Manners:
    """A command with so many jobs, which is told to wait so many times."""
    for number in range(jobs):
        make_task(root / "questions", "maze", f"maze_{number:04}")
    rule = {"phase": "submit", "seconds": asked, "after": jobs // 4, "every": jobs // 4, "times": times}
    simulator.script(rule | BUSY[form])
    runner = client(root, simulator, concurrency=jobs)
    report = asyncio.run(runner.execute(planned(runner, root / "questions", PACED)))
    assert (report.good, len(simulator.accepted())) == (jobs, jobs)
    return manners(simulator.requests(), float(asked))


@pytest.mark.parametrize("form", BUSY)
def test_vendor_is_left_alone_for_as_long_as_he_asks(tmp_path: Path, form: str) -> None:
    """By his own clock, which is an hour ahead; what was on its way at that moment may still come."""
    with vendor(skew_seconds=3600.0) as simulator:
        found = observed(tmp_path, simulator, form, jobs=12, times=2, asked=2)
    assert found.refusals == 2
    assert found.own_early <= 0.0
    assert found.others_early < SENT_AT_ONCE
    assert found.fullest_after <= SENT_AT_ONCE
    assert found.fullest_second <= RATE + SENT_AT_ONCE  # some are held up on a busy machine, and come late together


def test_process_that_was_held_up_makes_no_burst() -> None:
    """A loop that stood still for half a second has many turns that are overdue: they are not all taken at once."""
    world, times = World(), list[float]()

    async def main() -> None:
        pace = Pace(20.0, world)

        async def one() -> None:
            await pace.turn()
            times.append(world.monotonic())

        async def stall() -> None:
            for _ in range(8):
                await world.sleep(0.7)
                world.seconds += 0.6  # nobody could do anything meanwhile

        await asyncio.gather(stall(), *(one() for _ in range(100)))

    world.live(main())
    assert len(times) == 100
    assert most_in_a_second(times) <= 20
