"""A disk that is full, broken or read-only: nothing is lost, nothing is paid twice, and the user is told what to do."""

from __future__ import annotations

import errno
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.faulty_disk import USABLE, Fault
from tests.helpers import make_task, statuses
from tests.vendors import BLIND, PLAIN, env_of, run_all, vendor
from vmevalkit_core.audit import validate
from vmevalkit_core.cli.parameters import parse_adopt
from vmevalkit_core.planner import Policy
from vmevalkit_core.testing import Simulator

pytestmark = pytest.mark.skipif(not USABLE, reason="needs Linux and a C compiler")
RECORD, CLIP, STAGING = "metadata.json.part", "/video/generated_video", ".vmeval/staging"
UNRECORDED = "job .* waits to be collected: Input/output error, so .*pilot/blind-plain/maze_task/maze_0"
FULL, BROKEN = errno.ENOSPC, errno.EIO


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with vendor() as one:
        yield one


class Site:
    """The command with a paid model, whose results lie on a disk of ours."""

    def __init__(self, vmeval: Command, folder: Path, simulator: Simulator, model: str = BLIND, tasks: int = 1) -> None:
        for number in range(tasks):
            make_task(folder / "questions", "maze", f"maze_{number}")
        self.out, self.simulator = folder / "out", simulator
        self._folder, self._vmeval, self._model = folder, vmeval, model
        self._line = ["run", str(folder / "questions"), "-m", model, "-o", str(self.out), "-e", "pilot", "--yes"]
        simulator.reset()

    def run(self, *more: str, fault: Fault) -> tuple[int, str]:
        """Exit code of the command on such a disk, and what was said."""
        done = self._vmeval(*self._line, *more, **env_of(self.simulator), **fault.env(self.out))
        return done.returncode, done.stdout + done.stderr

    def again(self, *more: str) -> Counter[str]:
        """How the runs end once the disk is well; `more` is what a message added to the command."""
        policy = Policy(adopt=parse_adopt(more[1::2]))
        report = run_all(self._folder, self.simulator, self._folder / "questions", self._model, policy=policy)
        return report.ends

    def jobs(self) -> int:
        """What the vendor took."""
        return len(self.simulator.accepted())


@pytest.fixture
def site(vmeval: Command, tmp_path: Path, simulator: Simulator) -> Site:
    return Site(vmeval, tmp_path, simulator)


@pytest.mark.parametrize(
    ("fault", "jobs", "stood"),
    [
        pytest.param(Fault(calls="write", error=FULL, name=STAGING, lasting=True), 0, [], id="folder"),
        pytest.param(Fault(calls="open", error=FULL, name=RECORD), 0, ["submitting"], id="intent"),
        pytest.param(Fault(calls="fsync", name="_maze_0_", first=2), 0, ["submitting"], id="intent-folder"),
        pytest.param(Fault(calls="write", error=FULL, name=CLIP), 1, ["submitted"], id="clip"),
        pytest.param(Fault(calls="rename", error=BROKEN, name=RECORD, first=3), 1, ["submitted"], id="record"),
    ],
)
def test_same_command_goes_on_where_there_is_room(site: Site, fault: Fault, jobs: int, stood: list[str]) -> None:
    """Whatever could not be written: one sentence, one way on, no success without a clip, one job in the end."""
    code, said = site.run(fault=fault)
    assert (code, site.jobs(), statuses(site.out)) == (1, jobs, stood)
    assert re.search(rf"out/pilot cannot be written: {os.strerror(fault.error)}; nothing more|{UNRECORDED}", said)
    assert "then run the same command again" in said
    assert validate(site.out).findings == []
    assert not list(site.out.rglob("*.part"))
    assert site.again() == {"success": 1}
    assert site.jobs() == 1


def test_id_is_written_in_another_try(site: Site) -> None:
    """What was paid for is worth a second: a disk that refuses once costs nothing."""
    assert site.run(fault=Fault(calls="write,fsync", name=RECORD, first=3, times=2))[0] == 0
    assert (site.jobs(), statuses(site.out)) == (1, ["success"])


def test_id_that_cannot_be_written_is_told(site: Site) -> None:
    """In the log and in the message, as an option of the next command, which collects the job."""
    code, said = site.run("--json", fault=Fault(calls="open", error=FULL, name=RECORD, first=2, lasting=True))
    job = site.simulator.accepted()[0]["id"]
    assert (code, statuses(site.out)) == (1, ["submitting"])
    assert f"ERROR vmevalkit_core.job: job {job} is not on record" in said
    assert f"unrecorded blind-plain  maze/maze_0  job {job} is not on record: No space left on device" in said
    assert site.again(*re.findall(r"--adopt \S+=\S+", said)[-1].split()) == {"success": 1}
    assert site.jobs() == 1


def test_id_that_is_on_disk_after_all_may_be_adopted(site: Site) -> None:
    """The rename was done and only the folder could not be synced: the order of the message still holds."""
    _, said = site.run(fault=Fault(calls="fsync", name="_maze_0_", first=4, lasting=True))
    assert statuses(site.out) == ["submitted"]
    order = re.findall(r"--adopt \S+=\S+", said)[-1].split()
    assert site.again(*order) == {"success": 1}
    assert site.jobs() == 1


def test_full_disk_ends_the_sending(vmeval: Command, tmp_path: Path, simulator: Simulator) -> None:
    """The first job that cannot be kept is the last that is sent; the rest waits, as one sentence says."""
    site = Site(vmeval, tmp_path, simulator, PLAIN, tasks=6)
    code, said = site.run("--concurrency", "1", fault=Fault(calls="write", error=FULL, name=CLIP))
    assert (code, site.jobs()) == (1, 1)
    assert said.count("nothing more is sent") == 6
    assert said.count("make room, then run the same command again") == 1
    assert site.again() == {"success": 6}
    assert site.jobs() == 6


def test_full_disk_costs_no_retry_of_a_local_run(vmeval: Command, tmp_path: Path) -> None:
    """A clip that cannot be written is no failure of its model."""
    make_task(tmp_path / "questions", "maze", "maze_0")
    line = ["run", str(tmp_path / "questions"), "-m", "baseline-hold", "-o", str(tmp_path / "out")]
    fault = Fault(calls="fsync", error=FULL, name=CLIP)
    assert vmeval(*line, **fault.env(tmp_path / "out")).returncode == 1
    assert statuses(tmp_path / "out") == ["running"]
    assert vmeval(*line).returncode == 0


def test_disk_that_is_read_only_from_the_start_is_told(site: Site) -> None:
    """Before anything is planned to be sent: what cannot be written, why, and the way on."""
    code, said = site.run(fault=Fault(calls="open", error=errno.EROFS, name=".vmeval/lock", lasting=True))
    assert (code, site.jobs()) == (1, 0)
    assert "/.vmeval/lock: Read-only file system" in said
    assert "Hint: give write access, then run the same command again" in said


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOSYS, errno.EINVAL])
def test_disk_without_locks_is_refused(site: Site, error: int) -> None:
    """Two commands could pay for one run there: exit 2, nothing sent, and where else to go."""
    code, said = site.run("--json", fault=Fault(calls="lock", error=error, times=0))
    assert (code, site.jobs()) == (2, 0)
    told = json.loads(said[: said.rindex("}") + 1])
    assert "cannot lock files" in told["error"]
    assert "-o" in told["hint"]


@pytest.mark.parametrize(("first", "jobs"), [(5, 0), (6, 0), (8, 1)], ids=["claim", "before", "after"])
def test_lock_that_fails_on_the_way_pays_nothing_twice(site: Site, first: int, jobs: int) -> None:
    """The claim, the count before a request and that after it: each ends the run in order, and the next goes on."""
    site.simulator.script({"phase": "submit", "fault": "fails", "times": 1})
    code, said = site.run("--max-cost", "1", fault=Fault(calls="lock", error=errno.ENOLCK, first=first, times=0))
    assert (code, site.jobs()) == (1, jobs)
    assert "cannot lock files: No locks available" in said
    assert "Traceback" not in said
    assert site.again() == {"failed": 1}
    assert site.jobs() == 1
