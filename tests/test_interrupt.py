"""Ctrl-C and kill -9: ids stay on disk, nothing is sent twice, the next command goes on."""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import clean_env
from tests.helpers import BLIND_LEDGER, LEDGER, ledger_lines, make_task, records, statuses
from tests.vendors import MODELS, env_of, vendor
from vmevalkit_core.audit import validate


def command(questions: Path, output: Path, *more: str, model: str = LEDGER) -> list[str]:
    """A paid run."""
    return [
        sys.executable,
        "-m",
        "vmevalkit_core",
        "run",
        str(questions),
        "-m",
        model,
        "-o",
        str(output),
        "--yes",
        *more,
    ]


@contextmanager
def started(line: list[str], ledger: Path, **streams: int) -> Iterator[subprocess.Popen[bytes]]:
    """A command in the background, gone at the end."""
    process = subprocess.Popen(line, env=clean_env(LEDGER_DIR=str(ledger)), **streams)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for_submits(folder: Path, number: int, limit: float = 60.0) -> None:
    """Until the vendor has accepted so many jobs."""
    until = time.monotonic() + limit
    while len(ledger_lines(folder)) < number:
        assert time.monotonic() < until, "the vendor was not asked in time"
        time.sleep(0.01)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Thirty task pairs."""
    for number in range(30):
        make_task(tmp_path / "many", "maze", f"maze_{number:04}")
    return tmp_path / "many"


def test_interrupt_keeps_every_id(tmp_path: Path, many: Path) -> None:
    """Exit 130 within two seconds, a line that says how to go on, and nothing is sent twice afterwards."""
    line = command(many, tmp_path / "out", "-p", "latency=8", "-p", "reply=0.1", "--concurrency", "30")
    with started(line, tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for_submits(tmp_path, 10)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - begun < 7.0  # two seconds, and room for a busy machine
    assert b"Run the same command again" in said
    submitted = [one for one in records(tmp_path / "out") if one["inference"]["status"] == "submitted"]
    assert len(submitted) == len(ledger_lines(tmp_path))
    line = command(many, tmp_path / "out", "--concurrency", "30", "--keep-changed")
    with started(line, tmp_path) as process:
        assert process.wait(60) == 0
    assert len(ledger_lines(tmp_path)) == 30


def test_second_interrupt_stops_at_once(tmp_path: Path, many: Path) -> None:
    """Without waiting for the answers on their way."""
    line = command(many, tmp_path / "out", "-p", "reply=30", "--concurrency", "30")
    with started(line, tmp_path, stderr=subprocess.DEVNULL) as process:
        wait_for_submits(tmp_path, 5)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(2) == 130


def test_answer_that_is_lost_is_not_waited_for(tmp_path: Path, many: Path) -> None:
    """Its job is looked for by the next command, so Ctrl-C ends this one at once."""
    with vendor({"phase": "submit", "fault": "lost-reset"}) as simulator:
        line = command(many, tmp_path / "out", "--limit", "1", model=f"{MODELS}:Late")
        with subprocess.Popen(line, env=clean_env(**env_of(simulator)), stderr=subprocess.DEVNULL) as process:
            while not simulator.counts().get("submit") and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
    assert statuses(tmp_path / "out") == ["submitting"]


@pytest.mark.parametrize("model", [LEDGER, BLIND_LEDGER], ids=["vendor-lists-jobs", "vendor-is-blind"])
def test_killed_runs_are_never_sent_twice(tmp_path: Path, many: Path, model: str) -> None:
    """kill -9 at random instants, resumed each time; the long version is benchmarks/kill_loop.py."""
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")  # shown when the test fails
    chance = random.Random(seed)
    more = ("-p", "latency=0.4", "-p", "reply=0.05", "--concurrency", "6")
    for kill in range(5):
        with started(command(many, tmp_path / "out", *more, model=model), tmp_path, stderr=subprocess.DEVNULL):
            wait_for_submits(tmp_path, min(30, 5 * kill + 1))
            time.sleep(chance.uniform(0.0, 0.4))
    subprocess.run(
        command(many, tmp_path / "out", *more, model=model), env=clean_env(LEDGER_DIR=str(tmp_path)), check=False
    )
    tokens = [line["token"] for line in ledger_lines(tmp_path)]
    assert len(tokens) == len(set(tokens))
    ends = statuses(tmp_path / "out")
    assert len(ends) == 30
    assert set(ends) <= ({"success"} if model == LEDGER else {"success", "uncertain"})
    assert validate(tmp_path / "out").findings == []


def test_processes_share_an_experiment(tmp_path: Path, many: Path) -> None:
    """Each run is submitted by one of them, and each command ends only when all are done."""
    line = command(many, tmp_path / "out", "-p", "latency=0.1")
    env = clean_env(LEDGER_DIR=str(tmp_path))
    processes = [subprocess.Popen(line, env=env, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(ledger_lines(tmp_path)) == 30
    assert statuses(tmp_path / "out") == ["success"] * 30


def test_terminal_shows_a_bar(tmp_path: Path, many: Path) -> None:
    """Done, failed, in flight, money and time left."""
    parent, child = pty.openpty()
    line = command(many, tmp_path / "out", "-p", "latency=0.3")
    env = clean_env(LEDGER_DIR=str(tmp_path), TERM="xterm-256color", COLUMNS="110")
    with subprocess.Popen(line, env=env, stderr=child, stdin=child, stdout=subprocess.DEVNULL) as process:
        os.close(child)
        shown = read_all(parent)
        assert process.wait(60) == 0
    assert "30/30" in shown
    assert "30 done, 0 failed, 0 in flight, $3.00" in shown
    assert "left" in shown


def read_all(descriptor: int) -> str:
    """Everything written to a terminal until its other side closes."""
    parts = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:  # how Linux tells the end of a pseudo-terminal
        pass
    os.close(descriptor)
    return b"".join(parts).decode(errors="replace")
