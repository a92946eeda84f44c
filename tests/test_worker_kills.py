"""`kill -9` and Ctrl-C of commands with local runs: no orphan, nothing done twice, the same command goes on."""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import clean_env
from tests.helpers import make_task, records, statuses
from tests.processes import is_alive, survivors, workers_of
from tests.test_workers import MODELS
from vmevalkit_core.audit import validate

RUNS = 6
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc")


@pytest.fixture
def line(tmp_path: Path) -> list[str]:
    """A command with a plan of six local runs."""
    for number in range(RUNS):
        make_task(tmp_path / "q", "maze", f"maze_{number:04}")
    return [*vmeval(tmp_path), "-m", f"{MODELS}:Held", "-p", "seconds=20"]


def vmeval(tmp_path: Path) -> list[str]:
    """`vmeval run` on these questions."""
    return [sys.executable, "-m", "vmevalkit_core", "run", str(tmp_path / "q"), "-o", str(tmp_path / "out")]


def begun(tmp_path: Path, line: list[str], **streams: int) -> subprocess.Popen[bytes]:
    """The command in the background."""
    env = clean_env(CUDA_VISIBLE_DEVICES="", VMEVAL_RUNTIME_DIR=str(tmp_path / "runtime"), WILD_PLACE=str(tmp_path))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(line, env=env | {"WILD_SECRET": "x"}, **(quiet | streams))  # type: ignore[call-overload,no-any-return]


def started(tmp_path: Path, line: list[str], **streams: int) -> subprocess.Popen[bytes]:
    """The command in the background, with its worker begun."""
    process = begun(tmp_path, line, **streams)
    until = time.monotonic() + 60
    while not workers_of(process.pid):
        assert process.poll() is None, "it ended before it had a worker"
        assert time.monotonic() < until, "it started no worker"
        time.sleep(0.005)
    return process


def finished(tmp_path: Path) -> bool:
    """Whether each run was done once, with a whole clip."""
    done = [record["input"]["question_id"] for record in records(tmp_path / "out")]
    whole = statuses(tmp_path / "out") == ["success"] * RUNS
    return whole and len(set(done)) == RUNS and validate(tmp_path / "out").findings == []


@pytest.mark.parametrize("instant", [0.0, 0.3, 0.6])
def test_killed_command_leaves_no_worker(tmp_path: Path, line: list[str], instant: float) -> None:
    """At whatever instant; the same command then does what is left, and nothing twice."""
    process = started(tmp_path, line)
    time.sleep(random.uniform(instant, instant + 0.3))
    process.kill()
    process.wait()
    assert survivors(process.pid) == 0
    assert begun(tmp_path, line).wait(timeout=60) == 0  # with a worker, or with nothing left to do
    assert finished(tmp_path)


@pytest.mark.parametrize("instant", [0.0, 0.4])
def test_killed_worker_is_replaced(tmp_path: Path, line: list[str], instant: float) -> None:
    """The command ends well by itself, with every run done once."""
    process = started(tmp_path, line)
    time.sleep(random.uniform(instant, instant + 0.3))
    for pid in workers_of(process.pid):
        os.kill(pid, signal.SIGKILL)
    assert process.wait(timeout=60) == 0
    assert finished(tmp_path)
    assert survivors(process.pid) == 0


def hanging(tmp_path: Path, prompt: str = "wait") -> list[str]:
    """A command whose first run never ends."""
    make_task(tmp_path / "q", "maze", "maze_0000", prompt=prompt)
    return [*vmeval(tmp_path), "-m", f"{MODELS}:Wild", "-p", "seconds=0.2"]


def test_interrupt_ends_the_worker_in_order(tmp_path: Path) -> None:
    """Ctrl-C on a terminal reaches the command alone; its worker is gone when it ends, the run is left to be done."""
    ours, theirs = pty.openpty()
    process = started(tmp_path, hanging(tmp_path), stdin=theirs, stdout=theirs, stderr=theirs)
    worker = wait_for_pid(tmp_path)
    assert os.getpgid(worker) != os.getpgid(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert not is_alive(worker)
    assert statuses(tmp_path / "out") == ["running"]
    os.close(ours)
    os.close(theirs)


def test_second_interrupt_leaves_nothing_either(tmp_path: Path) -> None:
    """It stops the command at once; the worker notices by itself."""
    process = started(tmp_path, hanging(tmp_path))
    worker = wait_for_pid(tmp_path)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert not is_alive(worker)


def test_frozen_worker_goes_with_its_command(tmp_path: Path) -> None:
    """A process that reads nothing any more is ended by the kernel."""
    process = started(tmp_path, hanging(tmp_path))
    worker = wait_for_pid(tmp_path)
    os.kill(worker, signal.SIGSTOP)
    process.kill()
    process.wait()
    assert not is_alive(worker)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_children_of_a_model_go_with_the_command(tmp_path: Path, how: signal.Signals) -> None:
    """However it ends: the kernel ends the worker, and its group goes with it."""
    process = started(tmp_path, hanging(tmp_path, "nest"))
    wait_for_pid(tmp_path)
    process.send_signal(how)
    process.wait()
    assert not is_alive(int((tmp_path / "grandchild").read_text()))
    assert survivors(process.pid) == 0


def test_children_of_a_model_go_with_a_frozen_worker(tmp_path: Path) -> None:
    """Nothing of the worker itself is needed for it."""
    process = started(tmp_path, hanging(tmp_path, "nest"))
    os.kill(wait_for_pid(tmp_path), signal.SIGSTOP)
    process.kill()
    process.wait()
    assert not is_alive(int((tmp_path / "grandchild").read_text()))


def test_command_that_ends_well_leaves_no_process(tmp_path: Path, line: list[str]) -> None:
    """Neither a worker nor what watches over its group."""
    process = begun(tmp_path, line)
    assert process.wait(timeout=60) == 0
    assert survivors(process.pid) == 0


LOOSE = """
import os, subprocess, sys, time
line = [sys.executable, "-P", "-m", "vmevalkit_core.worker", "--parent", str(os.getpid())]
worker = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
worker.stdout.readline()
worker.stdin.close()
worker.wait()
time.sleep(0.5)
print("here")
"""


def test_worker_in_a_group_of_others_kills_nobody(tmp_path: Path) -> None:
    """Only the group that it leads is its own."""
    line = [sys.executable, "-c", LOOSE]
    done = subprocess.run(line, capture_output=True, text=True, start_new_session=True, timeout=60, check=False)
    assert done.stdout == "here\n"


def wait_for_pid(tmp_path: Path) -> int:
    """The process in which the model waits."""
    until = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < until, "the model was not reached"
        time.sleep(0.01)
    return int((tmp_path / "pid").read_text())
