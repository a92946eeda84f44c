"""The wall clock is changed while runs are at work: nobody gives up early, nothing is paid twice, no id comes twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import clean_env
from tests.helpers import REPOSITORY, make_task, records
from tests.models.memory import VENDORS, MemoryVendor
from tests.vendors import PLAIN, env_of, vendor
from tests.virtual import World
from vmevalkit_core.planner import Policy
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.scan import scan
from vmevalkit_core.testing import Simulator

DAYS = [-1, 1]


class Site:
    """One task pair, one vendor in memory, and the clock of the machine."""

    def __init__(self, folder: Path, tasks: int = 1, model: str = "Memory", world: World | None = None) -> None:
        self.folder, self.world, self.key = folder, world or World(), uuid.uuid4().hex
        self.model, self.settings = model, dict[str, Any]()
        for number in range(tasks):
            make_task(folder / "questions", "maze", f"maze_{number}")
        self.vendor = VENDORS[self.key] = MemoryVendor(self.world, lambda token, price: None)

    def run(self, events: dict[int, Callable[[], None]] | None = None, policy: Policy | None = None) -> Report | None:
        """One command; `events` happen at points of it."""
        registry = Registry.load()
        spec = registry.add_file(f"{REPOSITORY}/tests/models/memory.py:{self.model}")
        runner = Runner(
            registry,
            output=self.folder / "out",
            experiment="pilot",
            env={"MEMORY_VENDOR": self.key},
            clock=self.world,
            policy=policy,
            **self.settings,
        )
        plan = runner.plan(scan(self.folder / "questions"), [runner.ask(spec, {})])
        return self.world.live(runner.execute(plan), events)

    def jump(self, days: float) -> None:
        """Somebody sets the wall clock."""
        self.world.wall += timedelta(days=days)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path)
    yield one
    del VENDORS[one.key]


@pytest.mark.parametrize("days", DAYS)
def test_clock_that_jumps_anywhere_changes_nothing(site: Site, days: int) -> None:
    """At each point of a run, from its folder to its clip: one job, one success, in the time that the job takes."""
    for at in range(1, 40):
        shutil.rmtree(site.folder / "out", ignore_errors=True)
        before, begun = len(site.vendor.jobs), site.world.seconds
        report = site.run({at: lambda: site.jump(days)})
        assert report
        assert (report.good, len(site.vendor.jobs) - before) == (1, 1)
        assert 30.0 <= site.world.seconds - begun < 60.0


@pytest.mark.parametrize("days", DAYS)
def test_patience_is_not_ended_by_the_wall_clock(site: Site, days: int) -> None:
    """A job that takes ten days is waited for as long as the model says, and stays submitted."""
    site.vendor.runs = 10 * 86400.0
    begun = site.world.seconds
    report = site.run({14: lambda: site.jump(days)})
    assert report
    assert report.ends == {"submitted": 1}
    assert 120.0 <= site.world.seconds - begun < 140.0


@pytest.mark.parametrize("days", [-1, 0, 1])
@pytest.mark.parametrize("fault", ["slow", "late", "taken", "hangs"])
def test_lost_request_is_found_whatever_the_clock_says(site: Site, fault: str, days: int) -> None:
    """The process dies with its request on the way, the clock is set, the next one adopts the job and sends none."""
    site.vendor.submits.append(fault)
    assert site.run({point_of_acceptance(site): site.world.die}) is None
    assert len(site.vendor.jobs) == 1
    site.jump(days)
    begun = site.world.seconds
    report = site.run()
    assert report
    assert (report.good, len(site.vendor.jobs)) == (1, 1)
    assert site.world.seconds - begun < 300.0


def point_of_acceptance(site: Site) -> int:
    """The number of the point at which the vendor has just accepted the request of a first run."""
    other = Site(site.folder / "rehearsal")
    points: list[int] = []
    other.vendor.taking = lambda token, price: points.append(other.world.points + 1)
    other.run()
    del VENDORS[other.key]
    return points[0]


@pytest.mark.parametrize("days", DAYS)
def test_request_that_was_never_taken_is_sent_after_a_proof(site: Site, days: int) -> None:
    """The list is believed once the request cannot be inside the vendor any more by the time of this process."""
    site.vendor.submits.append("lost")
    assert site.run({point_of_acceptance(site): site.world.die}) is None
    site.jump(days)
    begun = site.world.seconds
    report = site.run()
    assert report
    assert (report.good, len(site.vendor.jobs)) == (1, 1)
    assert 90.0 <= site.world.seconds - begun < 300.0


def test_run_ids_stay_unique_when_time_runs_back(site: Site) -> None:
    """Four attempts of one run, begun in the same second by a clock that is set back: the last one is the newest."""
    for last in (False, False, False, True):
        site.vendor.submits.append("fine" if last else "rejected")
        site.run(policy=Policy(retry_failed=True))
        site.world.wall = World().wall - timedelta(seconds=site.world.seconds)
    assert len({one["inference"]["run_id"] for one in sorted_records(site)}) == 4
    assert [one["inference"]["status"] for one in sorted_records(site)] == ["failed"] * 3 + ["success"]
    report = site.run()
    assert report is not None
    assert report.ends == {}


def sorted_records(site: Site) -> list[dict[str, Any]]:
    """The records by the number of the attempt."""
    return sorted(records(site.folder / "out"), key=lambda one: int(one["inference"]["attempts"]))


LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


@pytest.mark.skipif(LIBRARY is None, reason="needs the Debian package faketime")
def test_command_survives_a_clock_that_is_set(tmp_path: Path) -> None:
    """The real command: a day ahead with jobs on their way, killed, a day back: each job is collected, none resent."""
    for number in range(4):
        make_task(tmp_path / "questions", "maze", f"maze_{number}")
    first_day = datetime.now(UTC).date()
    rate = tmp_path / "faketimerc"
    with vendor(running_seconds=3.0) as simulator:
        env = clean_env(
            **env_of(simulator),
            LD_PRELOAD=str(LIBRARY),
            FAKETIME_TIMESTAMP_FILE=str(rate),
            FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
        )
        line = [sys.executable, "-m", "vmevalkit_core", "run", str(tmp_path / "questions"), "-m", PLAIN]
        line += ["-o", str(tmp_path / "out"), "--yes", "--json"]
        rate.write_text("+0")
        with subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL) as process:
            wait_for(simulator, 4)
            rate.write_text("+1d")
            time.sleep(1.0)
            process.kill()
        rate.write_text("-1d")
        assert subprocess.run(line, env=env, stdout=subprocess.DEVNULL, check=False, timeout=60).returncode == 0
        assert len(simulator.accepted()) == 4
    found = records(tmp_path / "out")
    assert [one["inference"]["status"] for one in found] == ["success"] * 4
    assert len({one["inference"]["run_id"] for one in found}) == 4
    times = {datetime.fromisoformat(one["inference"]["timestamp"]).date() for one in found}
    assert times <= {first_day, datetime.now(UTC).date()}


def wait_for(simulator: Simulator, jobs: int, limit: float = 30.0) -> None:
    """Until the vendor has accepted so many jobs."""
    until = time.monotonic() + limit
    while len(simulator.accepted()) < jobs:
        assert time.monotonic() < until, "the vendor was not asked in time"
        time.sleep(0.05)
