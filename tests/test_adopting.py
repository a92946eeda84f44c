"""A job that a user found at the vendor is one run's, however he names it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.helpers import BLIND_LEDGER, ledger_lines, records, runner_in
from tests.test_runner import planned, run
from vmevalkit_core.errors import ConfigError
from vmevalkit_core.planner import Policy


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
