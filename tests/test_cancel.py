"""`vmeval cancel` gives up jobs by order, and only those that the vendor still works on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clocks import QuickClock
from tests.conftest import Command
from tests.helpers import close, make_task, records, statuses
from tests.vendors import BLIND, PLAIN, client, env_of, run_all, vendor
from vmevalkit_core.attempts import find_attempts
from vmevalkit_core.claims import claims_of
from vmevalkit_core.planner import Policy
from vmevalkit_core.records import RunKey
from vmevalkit_core.runner.cancelling import Canceller, Ending
from vmevalkit_core.testing import Simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with vendor() as one:
        yield one


@pytest.fixture
def waiting(tmp_path: Path, simulator: Simulator) -> Iterator[Path]:
    """An experiment with two jobs that the vendor works on."""
    for number in range(2):
        make_task(tmp_path / "two", "maze", f"maze_{number}")
    simulator.script({"phase": "submit", "fault": "never-ends"})
    assert run_all(tmp_path, simulator, tmp_path / "two").ends == {"submitted": 2}
    yield tmp_path / "out"
    simulator.script()


def test_cancel_stops_the_jobs(vmeval: Command, waiting: Path, simulator: Simulator) -> None:
    """At the vendor and on record; the next command does not send them again by itself."""
    done = vmeval("cancel", str(waiting), "-m", PLAIN, "--yes", **env_of(simulator))
    assert (done.returncode, "2 cancelled." in done.stdout) == (0, True)
    assert statuses(waiting) == ["cancelled", "cancelled"]
    assert {job["state"] for job in simulator.jobs()[-2:]} == {"cancelled"}
    status = vmeval("status", str(waiting)).stdout
    assert "2 cancelled: it was cancelled; --retry-failed tries it again" in status


def test_cancel_asks_first(vmeval: Command, waiting: Path, simulator: Simulator) -> None:
    """Without a terminal it needs --yes; nothing is cancelled until then."""
    done = vmeval("cancel", str(waiting), "-m", PLAIN, **env_of(simulator))
    assert done.returncode == 2
    assert "2 jobs, sent for $1.00 at most; nothing was cancelled" in done.stderr
    assert statuses(waiting) == ["submitted", "submitted"]


def test_finished_job_is_left_to_be_collected(vmeval: Command, tmp_path: Path, simulator: Simulator) -> None:
    """Some vendors delete a finished video when they are told to cancel its job."""
    make_task(tmp_path / "one", "maze", "maze_0")
    simulator.set(running_seconds=5.0)
    run_all(tmp_path, simulator, tmp_path / "one")
    simulator.set(running_seconds=0.0)
    simulator.advance(10.0)
    simulator.forget()
    done = vmeval("cancel", str(tmp_path / "out"), "-m", PLAIN, "--yes", "--json", **env_of(simulator))
    assert [one["end"] for one in json.loads(done.stdout)] == ["finished"]
    assert simulator.requests("cancel") == []
    assert run_all(tmp_path, simulator, tmp_path / "one").good == 1


def test_job_that_a_command_waits_for_is_kept(vmeval: Command, waiting: Path, simulator: Simulator) -> None:
    """Its claim is held; the others are cancelled."""
    claims, key = claims_of(waiting / "pilot"), RunKey("plain", "maze", "maze_0", 0)
    assert claims.take(key)
    done = vmeval("cancel", str(waiting), "-m", PLAIN, "--yes", **env_of(simulator))
    claims.release(key)
    assert done.returncode == 1
    assert "a command is waiting for it" in done.stdout
    assert statuses(waiting) == ["cancelled", "submitted"]


def test_unknown_model_and_wrong_key_are_said(vmeval: Command, waiting: Path, simulator: Simulator) -> None:
    """Job by job; nothing is cancelled."""
    done = vmeval("cancel", str(waiting), "--yes", **env_of(simulator))
    assert (done.returncode, "plain" in done.stdout) == (1, True)
    other = vmeval("cancel", str(waiting), "-m", PLAIN, "--yes", **(env_of(simulator) | {"PLAIN_KEY": "another-key"}))
    assert "sent with another key" in other.stdout
    assert statuses(waiting) == ["submitted", "submitted"]


def test_nothing_to_cancel_is_no_error(vmeval: Command, tmp_path: Path, simulator: Simulator) -> None:
    """And says so."""
    make_task(tmp_path / "one", "maze", "maze_0")
    assert run_all(tmp_path, simulator, tmp_path / "one", BLIND).good == 1
    done = vmeval("cancel", str(tmp_path / "out"))
    assert (done.returncode, "No provider works on a job" in done.stdout) == (0, True)
    assert records(tmp_path / "out")[0]["inference"]["status"] == "success"


def test_jobs_are_found_from_two_folders_above(vmeval: Command, waiting: Path, simulator: Simulator) -> None:
    """As `vmeval cancel data`, or in the folder of the work, names them."""
    above = waiting.parent / "data"
    above.mkdir()
    waiting.rename(above / "outputs")
    done = vmeval("cancel", str(above.parent), "-m", PLAIN, **env_of(simulator))
    assert (done.returncode, "2 jobs, sent for $1.00 at most" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("place", "error"), [("", "holds no runs, so there is nothing"), ("question", "lies within the run")], ids=str
)
def test_folder_that_cannot_hold_a_job_is_refused(vmeval: Command, tmp_path: Path, place: str, error: str) -> None:
    """A money command never takes another folder than was meant for one without jobs."""
    assert vmeval("run", "--limit", "1").returncode == 0
    run = next((tmp_path / "work").rglob("metadata.json")).parent
    (tmp_path / "empty").mkdir()
    done = vmeval("cancel", str(run / place if place else tmp_path / "empty"), "--yes")
    assert (done.returncode, error in done.stderr, "Hint: give " in done.stderr) == (2, True, True)


def test_record_that_hides_a_job_is_named(vmeval: Command, waiting: Path, simulator: Simulator) -> None:
    """The others are cancelled; the exit code says that a job may be left."""
    record = min(waiting.rglob("metadata.json"))
    record.write_text("{")
    done = vmeval("cancel", str(waiting), "-m", PLAIN, "--yes", **env_of(simulator))
    assert (done.returncode, "1 cancelled, 1 damaged." in done.stdout) == (1, True)
    assert f"damaged   {record.parent.name}: {record} cannot be read" in " ".join(done.stdout.split("\n    "))
    again = vmeval("cancel", str(waiting), "--json")
    assert (again.returncode, [one["end"] for one in json.loads(again.stdout)]) == (1, ["damaged"])


def test_closed_folder_is_named(vmeval: Command, waiting: Path) -> None:
    """Nobody knows how many jobs it holds."""
    close(waiting / "pilot" / "plain")
    done = vmeval("cancel", str(waiting), "--yes")
    assert (done.returncode, "pilot/plain cannot be read: Permission denied" in done.stdout) == (1, True)


def test_broken_video_is_given_up_by_order_only(vmeval: Command, tmp_path: Path, simulator: Simulator) -> None:
    """The one way on from a job that is finished and whose file never becomes whole: another one is paid for."""
    make_task(tmp_path / "one", "maze", "maze_0")
    simulator.script({"phase": "download", "fault": "half-file"})
    report = run_all(tmp_path, simulator, tmp_path / "one")
    assert report.ends == {"submitted": 1}
    assert report.troubles[0].hint.endswith("--give-up` lets go of it, and --retry-failed then pays for another")
    line = ["cancel", str(tmp_path / "out"), "-m", PLAIN, "--yes"]
    assert "1 finished." in vmeval(*line, **env_of(simulator)).stdout
    done = vmeval(*line, "--give-up", **env_of(simulator))
    assert (done.returncode, "1 given up." in done.stdout, statuses(tmp_path / "out")) == (0, True, ["cancelled"])
    simulator.script()
    assert run_all(tmp_path, simulator, tmp_path / "one", policy=Policy(retry_failed=True)).good == 1
    assert sum(one["provenance"]["cost"]["estimated"] == "0.50" for one in records(tmp_path / "out")) == 2


def test_video_that_can_be_had_is_not_given_up(vmeval: Command, tmp_path: Path, simulator: Simulator) -> None:
    """Whatever is ordered for the others: it is paid for and there."""
    make_task(tmp_path / "one", "maze", "maze_0")
    simulator.script({"phase": "download", "fault": "closed"})
    assert run_all(tmp_path, simulator, tmp_path / "one").ends == {"submitted": 1}
    simulator.script()
    done = vmeval("cancel", str(tmp_path / "out"), "-m", PLAIN, "--yes", "--give-up", **env_of(simulator))
    assert (done.returncode, "1 finished." in done.stdout) == (1, True)
    assert run_all(tmp_path, simulator, tmp_path / "one").good == 1


def test_job_whose_vendor_is_out_of_reach_is_given_up(vmeval: Command, waiting: Path, simulator: Simulator) -> None:
    """A lost key, an address that moved: kept until the user lets go, and then it stays counted."""
    line = ["cancel", str(waiting), "-m", PLAIN, "--yes"]
    lost = env_of(simulator) | {"PLAIN_KEY": "another-key"}
    assert "2 kept." in vmeval(*line, **lost).stdout
    assert statuses(waiting) == ["submitted", "submitted"]
    done = vmeval(*line, "--give-up", **lost)
    assert (done.returncode, "2 given up." in done.stdout) == (0, True)
    assert {one["inference"]["error"].partition(":")[0] for one in records(waiting)} == {"given up by the user"}


def test_order_that_is_refused_since_the_job_had_ended_is_no_cancelling(
    tmp_path: Path, waiting: Path, simulator: Simulator
) -> None:
    """Its answer was lost, and a second order finds the job ended: the vendor's word about the job counts."""
    simulator.script({"phase": "cancel", "fault": "lost-502", "times": 1})
    runner = client(tmp_path, simulator, clock=QuickClock(200.0))
    attempt = next(one for one in find_attempts(waiting) if one.is_submitted)

    async def ordered() -> Ending:
        runner.registry.find(PLAIN)
        try:
            return await Canceller(runner.registry, runner.workshop).cancel(attempt)
        finally:
            await runner.workshop.close(1.0)

    ended = asyncio.run(ordered())
    assert (ended.end, statuses(waiting).count("failed")) == ("failed", 1), ended
    assert [job["state"] for job in simulator.jobs()].count("cancelled") >= 1
