"""`vmeval cancel` gives up jobs by order, and only those that the vendor still works on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clocks import QuickClock
from tests.conftest import Command
from tests.helpers import make_task, records, statuses
from tests.vendors import BLIND, PLAIN, client, env_of, run_all, vendor
from vmevalkit_core.attempts import find_attempts
from vmevalkit_core.claims import claims_of
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
