"""--max-cost holds: before each request, after kills, over several processes, and as the vendor really charges."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command, clean_env
from tests.helpers import make_task, statuses
from tests.vendors import BLIND, PLAIN, env_of, run_all, vendor
from vmevalkit_core import InferenceRunner, UnfinishedRun
from vmevalkit_core.errors import CeilingReached, ConfigError, RecordError, UsageError
from vmevalkit_core.testing import Simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with vendor() as one:
        yield one


@pytest.fixture(autouse=True)
def _fresh(simulator: Simulator) -> None:
    simulator.reset()
    simulator.set(running_seconds=0.0)


@pytest.fixture
def ten(tmp_path: Path) -> Path:
    """Ten task pairs; a clip costs half a dollar."""
    for number in range(10):
        make_task(tmp_path / "ten", "maze", f"maze_{number}")
    return tmp_path / "ten"


@pytest.mark.parametrize(("most", "sent"), [("0", 0), ("0.50", 1), ("1.20", 2), ("2.00", 4), ("100", 10)])
def test_spending_stays_below_the_ceiling(
    tmp_path: Path, ten: Path, simulator: Simulator, most: str, sent: int
) -> None:
    """Whatever part of a job is left over; with everything sent at once."""
    report = run_all(tmp_path, simulator, ten, max_cost=Decimal(most), concurrency=50)
    assert (report.good, simulator.billed()) == (sent, Decimal("0.50") * sent)
    assert report.ceiling_reached is (sent < 10)


def test_next_command_counts_what_was_spent(tmp_path: Path, ten: Path, simulator: Simulator) -> None:
    """The ceiling is the experiment's; a higher one sends the rest, without --retry-failed."""
    run_all(tmp_path, simulator, ten, max_cost=Decimal("1.00"))
    assert run_all(tmp_path, simulator, ten, max_cost=Decimal("1.00")).ends == {"blocked": 8}
    assert run_all(tmp_path, simulator, ten, max_cost=Decimal("2.50")).good == 3
    assert run_all(tmp_path, simulator, ten).good == 5


def test_damaged_records_give_no_money_back(tmp_path: Path, ten: Path, simulator: Simulator) -> None:
    """What they cost stands in the earlier count; without one nobody knows, and nothing is sent."""
    make_task(tmp_path / "more", "maze", "maze_more")
    assert run_all(tmp_path, simulator, ten, max_cost=Decimal("1.00")).good == 2
    for path in (tmp_path / "out").rglob("metadata.json"):
        path.write_text(path.read_text()[:200])
    assert run_all(tmp_path, simulator, tmp_path / "more", max_cost=Decimal("1.00")).ends == {"blocked": 1}
    (tmp_path / "out" / "pilot" / ".vmeval" / "spent").unlink()
    with pytest.raises(RecordError, match="nobody knows what the experiment has cost"):
        run_all(tmp_path, simulator, tmp_path / "more", max_cost=Decimal("1.00"))
    assert simulator.billed() == Decimal("1.00")


def test_money_that_was_given_back_can_be_spent(tmp_path: Path, ten: Path, simulator: Simulator) -> None:
    """A job that failed at no cost counts as nothing."""
    simulator.script({"phase": "submit", "fault": "fails", "times": 3})
    report = run_all(tmp_path, simulator, ten, max_cost=Decimal("1.00"), concurrency=1)
    assert report.ends == {"failed": 3, "success": 2, "blocked": 5}


def test_doubtful_requests_count_as_spent(tmp_path: Path, ten: Path, simulator: Simulator) -> None:
    """A lost answer may have been billed."""
    simulator.script({"phase": "submit", "fault": "lost-reset", "times": 2})
    report = run_all(tmp_path, simulator, ten, BLIND, max_cost=Decimal("1.00"), concurrency=1)
    assert report.ends == {"uncertain": 2, "blocked": 8}


def test_command_says_that_it_stopped_at_the_ceiling(
    vmeval: Command, tmp_path: Path, ten: Path, simulator: Simulator
) -> None:
    """Exit 3, what is spent, what to do; no question is asked."""
    done = vmeval("run", str(ten), "-m", PLAIN, "--max-cost", "$1.20", **env_of(simulator))
    assert done.returncode == 3
    assert "$1.00 of $1.20 are spent" in done.stderr
    assert "--max-cost" in done.stderr
    assert simulator.billed() == Decimal("1.00")


def test_python_has_the_same_ceiling(tmp_path: Path, ten: Path, simulator: Simulator) -> None:
    """With what a command spent before; the rest is told in its place, and a later call sends it."""
    run_all(tmp_path, simulator, ten, max_cost=Decimal("0.50"))
    with InferenceRunner(tmp_path / "out", "pilot", env=env_of(simulator)) as runner:
        found = runner.run_all(ten, PLAIN, max_cost="$1.20")
        assert [one.status for one in found].count("success") == 2
        left = [one for one in found if isinstance(one, UnfinishedRun)]
        assert {(one.status, type(one.__cause__)) for one in left} == {("blocked", CeilingReached)}
        assert simulator.billed() == Decimal("1.00")
        again = runner.run_all(ten, PLAIN, max_cost=2)
        assert [one.status for one in again].count("success") == 4


@pytest.mark.parametrize("most", ["much", -1, 0.1, "NaN", True])
def test_python_refuses_odd_amounts(tmp_path: Path, ten: Path, simulator: Simulator, most: Any) -> None:
    """A float too: it is not the amount that it shows."""
    runner = InferenceRunner(tmp_path / "out", env=env_of(simulator))
    with runner, pytest.raises(ConfigError, match="no amount of US dollars"):
        runner.run_all(ten, PLAIN, max_cost=most)


def test_python_needs_an_order_for_unknown_prices(tmp_path: Path, ten: Path, simulator: Simulator) -> None:
    """As on the command line."""
    model = f"{Path(__file__).parent}/models/plain.py:Unpriced"
    with InferenceRunner(tmp_path / "out", env=env_of(simulator)) as runner:
        with pytest.raises(UsageError, match="max_cost cannot hold"):
            runner.run_all(ten, model, max_cost=1)
        assert simulator.accepted() == []
        found = runner.run_all(ten, model, max_cost=100, allow_unpriced=True)
    assert {one.status for one in found} == {"success"}


@pytest.mark.parametrize("text", ["much", "-1", "NaN", " "])
def test_odd_amounts_are_refused(vmeval: Command, ten: Path, simulator: Simulator, text: str) -> None:
    """In one sentence, before anything is sent."""
    done = vmeval("run", str(ten), "-m", PLAIN, "--max-cost", text, **env_of(simulator))
    assert (done.returncode, "no amount of US dollars" in done.stderr) == (2, True)
    assert simulator.accepted() == []


def test_unknown_price_needs_an_order(vmeval: Command, ten: Path, simulator: Simulator) -> None:
    """A ceiling cannot hold what it cannot count."""
    model = f"{Path(__file__).parent}/models/plain.py:Unpriced"
    refused = vmeval("run", str(ten), "-m", model, "--max-cost", "1", **env_of(simulator))
    assert (refused.returncode, "--allow-unpriced" in refused.stderr) == (2, True)
    allowed = vmeval("run", str(ten), "-m", model, "--max-cost", "100", "--allow-unpriced", **env_of(simulator))
    assert allowed.returncode == 0


def test_processes_share_a_ceiling(tmp_path: Path, ten: Path, simulator: Simulator) -> None:
    """Three at once, each with the same ceiling, one of them killed on the way and started again."""
    simulator.set(running_seconds=0.3)
    line = [sys.executable, "-m", "vmevalkit_core", "run", str(ten), "-m", PLAIN, "-o", str(tmp_path / "out")]
    line += ["--max-cost", "3.10", "--samples", "2"]
    env = clean_env(**env_of(simulator))
    with open(os.devnull, "wb") as nothing:
        started = [subprocess.Popen(line, env=env, stdout=nothing, stderr=nothing) for _ in range(3)]
        time.sleep(random.uniform(0.5, 2.0))
        started[0].kill()
        started.append(subprocess.Popen(line, env=env, stdout=nothing, stderr=nothing))
        for process in started:
            process.wait(60)
    assert simulator.billed() <= Decimal("3.10")
    subprocess.run(line, env=env, capture_output=True, check=False)  # what a dead one left is collected, or sent
    assert statuses(tmp_path / "out").count("success") == 6
