"""A job that a user found at the vendor is one run's, however he names it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.helpers import BLIND_LEDGER, ledger_lines, make_task, records, runner_in
from tests.test_runner import planned, run
from tests.vendors import BLIND, run_all, vendor
from vmevalkit_core.errors import ConfigError
from vmevalkit_core.planner import Policy
from vmevalkit_core.testing import Simulator


@pytest.fixture
def lost(tmp_path: Path, questions: Path) -> list[tuple[str, str]]:
    """Run id and job of four runs whose answers were lost."""
    run(runner_in(tmp_path), questions, BLIND_LEDGER, fault="bug")
    jobs = {line["token"]: line["id"] for line in ledger_lines(tmp_path)}
    return [(one["inference"]["run_id"], jobs[one["provenance"]["token"]]) for one in records(tmp_path / "out")]


def adopted(tmp_path: Path, questions: Path, adopt: dict[str, str], **settings: Any) -> Any:
    """The plan of a command with these orders."""
    return planned(runner_in(tmp_path, policy=Policy(adopt=adopt), **settings), questions, BLIND_LEDGER, fault="bug")


def test_one_job_is_not_adopted_for_two_runs(tmp_path: Path, questions: Path, lost: list[tuple[str, str]]) -> None:
    """In one command: both runs are named, and nothing is written."""
    (first, job), (second, _), *_ = lost
    with pytest.raises(ConfigError, match=f"job {job} is named for two runs, {first} and {second}"):
        adopted(tmp_path, questions, {first: job, second: job})
    assert {one["inference"]["status"] for one in records(tmp_path / "out")} == {"uncertain"}


@pytest.mark.parametrize("experiment", ["pilot", "other"])
def test_job_on_record_is_not_adopted_again(
    tmp_path: Path, questions: Path, lost: list[tuple[str, str]], experiment: str
) -> None:
    """By a later command, in this experiment or beside it."""
    (first, job), (second, _), *_ = lost
    policy = Policy(adopt={first: job})
    assert run(runner_in(tmp_path, policy=policy), questions, BLIND_LEDGER, fault="bug").good == 1
    if experiment == "other":
        shutil.copytree(tmp_path / "out" / "pilot", tmp_path / "out" / "other")
        (folder,) = (tmp_path / "out" / "pilot").rglob(first)
        shutil.rmtree(folder)
    with pytest.raises(ConfigError, match=f"job {job} is that of {first} already"):
        adopted(tmp_path, questions, {second: job})


def test_copy_of_a_run_is_the_same_run(tmp_path: Path, questions: Path, lost: list[tuple[str, str]]) -> None:
    """Whoever keeps a copy of an experiment may adopt in either."""
    run_id, job = lost[0]
    shutil.copytree(tmp_path / "out" / "pilot", tmp_path / "out" / "other")
    policy = Policy(adopt={run_id: job})
    assert run(runner_in(tmp_path, policy=policy), questions, BLIND_LEDGER, fault="bug").good == 1
    (tmp_path / "out" / "pilot").rename(tmp_path / "out" / "first")
    (tmp_path / "out" / "other").rename(tmp_path / "out" / "pilot")
    assert adopted(tmp_path, questions, {run_id: job}).adopted == {run_id: 1}


def test_job_of_another_account_says_nothing(tmp_path: Path, questions: Path, lost: list[tuple[str, str]]) -> None:
    """Two vendors may number their jobs alike."""
    (first, job), (second, _), *_ = lost
    run(runner_in(tmp_path, policy=Policy(adopt={first: job})), questions, BLIND_LEDGER, fault="bug")
    (path,) = (path for path in (tmp_path / "out").rglob("metadata.json") if first in str(path))
    account = next(one["provenance"]["account"] for one in records(tmp_path / "out"))
    path.write_text(path.read_text().replace(f'"account": "{account}"', '"account": "01234567"'))
    assert adopted(tmp_path, questions, {second: job}).adopted == {second: 1}


def test_two_jobs_for_one_run_are_refused(vmeval: Command, questions: Path) -> None:
    """The last one named must not win silently."""
    done = vmeval("run", str(questions), "-m", BLIND_LEDGER, "--adopt", "a=1", "--adopt", "a=2", "--yes")
    assert (done.returncode, "--adopt names two jobs for a" in done.stderr) == (2, True)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A single task pair."""
    make_task(tmp_path / "one", "maze", "maze_0000")
    return tmp_path / "one"


@pytest.fixture
def mistyped(tmp_path: Path, one: Path) -> Iterator[tuple[Simulator, str, str]]:
    """A vendor, a run whose answer was lost and that was adopted with a job of nobody, and its true job."""
    with vendor({"phase": "submit", "fault": "lost-reset", "times": 1}) as simulator:
        assert run_all(tmp_path, simulator, one, BLIND).ends == {"uncertain": 1}
        run_id = records(tmp_path / "out")[0]["inference"]["run_id"]
        policy = Policy(adopt={run_id: "nobodys"})
        assert run_all(tmp_path, simulator, one, BLIND, policy=policy).ends == {"submitted": 1}
        yield simulator, run_id, simulator.accepted()[0]["id"]


def test_typo_in_an_adoption_can_be_corrected(tmp_path: Path, one: Path, mistyped: tuple[Simulator, str, str]) -> None:
    """The id that the user names counts for more than the one on record, which is kept all the same."""
    simulator, run_id, job = mistyped
    assert run_all(tmp_path, simulator, one, BLIND, policy=Policy(adopt={run_id: job})).good == 1
    (record,) = records(tmp_path / "out")
    assert record["provenance"]["submission"]["id"] == record["output"]["generation_id"] == job
    assert record["provenance"]["extras"]["former_jobs"] == ["nobodys"]
    assert simulator.counts()["submit"] == 1


def test_failed_run_is_collected_when_its_job_is_named(tmp_path: Path, one: Path) -> None:
    """What a vendor said of a job may have been wrong; its price counts again, against the ceiling too."""
    with vendor({"phase": "submit", "fault": "bad-input", "times": 1}) as simulator:
        assert run_all(tmp_path, simulator, one, BLIND).ends == {"failed": 1}
        run_id = records(tmp_path / "out")[0]["inference"]["run_id"]
        assert run_all(tmp_path / "beside", simulator, one, BLIND).good == 1
        job = simulator.accepted()[0]["id"]
        settings = {"policy": Policy(adopt={run_id: job}), "max_cost": Decimal(5)}
        assert run_all(tmp_path, simulator, one, BLIND, **settings).good == 1
        (record,) = records(tmp_path / "out" / "pilot")
        assert (record["output"]["generation_id"], record["provenance"]["cost"]["charged"]) == (job, "0.50")
        assert (tmp_path / "out" / "pilot" / ".vmeval" / "spent").read_text() == "0.50"
        assert simulator.counts()["submit"] == 2
