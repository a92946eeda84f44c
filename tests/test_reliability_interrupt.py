"""Ctrl-C on a real terminal with many runs in flight: ids stay, nothing is sent twice, a second one ends at once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import clean_env
from tests.helpers import make_task, records
from tests.terminals import CTRL_C, on_a_terminal
from tests.vendors import PLAIN, env_of, vendor
from tests.virtual import chosen_seed
from vmevalkit_core.audit import validate
from vmevalkit_core.testing import Simulator


class Interrupted(NamedTuple):
    """How a command took it."""

    code: int
    seconds: float
    jobs: int
    """What the vendor had accepted by then."""
    unknown: int
    """Of these, the ones whose id is not on disk."""
    said_how: bool
    """Whether the user was told how to go on."""


def line_for(root: Path, runs: int) -> list[str]:
    """A paid command with all of its runs in flight."""
    return [
        *(sys.executable, "-m", "vmevalkit_core", "run", str(root / "questions"), "-m", PLAIN),
        *("-o", str(root / "out"), "--yes", "--concurrency", str(runs)),
    ]


def interrupted(line: list[str], env: Mapping[str, str], simulator: Simulator, out: Path, after: float) -> Interrupted:
    """Ctrl-C so many seconds after the vendor's first new job."""
    known = len(simulator.accepted())
    with on_a_terminal(line, env) as terminal:
        until = time.monotonic() + 30.0
        while len(simulator.accepted()) == known and time.monotonic() < until:
            terminal.read(0.02)
        terminal.watch(after)
        terminal.press(CTRL_C)
        code, seconds = terminal.end()
    jobs = {job["id"] for job in simulator.accepted()}
    on_disk = {(one["provenance"]["submission"] or {}).get("id") for one in records(out)}
    return Interrupted(code, seconds, len(jobs), len(jobs - on_disk), b"Run the same command again" in terminal.shown)


@pytest.fixture
def fifty(tmp_path: Path) -> Path:
    """Fifty task pairs."""
    for number in range(50):
        make_task(tmp_path / "questions", "maze", f"maze_{number:04}")
    return tmp_path


def test_interrupts_at_any_time_keep_every_id(fifty: Path) -> None:
    """Three times in one experiment, then to the end: every job is collected, none was sent twice."""
    chance = random.Random(chosen_seed())
    with vendor(running_seconds=20.0, latency=0.05) as simulator:
        line, env = line_for(fifty, 50), clean_env(**env_of(simulator), TERM="xterm-256color")
        for at in (chance.uniform(0.0, 0.3), chance.uniform(0.0, 1.0)):
            found = interrupted(line, env, simulator, fifty / "out", at)
            assert (found.code, found.unknown, found.said_how) == (130, 0, True)
            assert found.seconds < 15.0  # two seconds, and room for a busy machine
        simulator.set(running_seconds=0.0)
        simulator.advance(30.0)
        assert subprocess.run(line, env=env, capture_output=True, check=False).returncode == 0
        tokens = [job["token"] for job in simulator.accepted()]
    assert len(tokens) == len(set(tokens)) == 50
    assert [one["inference"]["status"] for one in records(fifty / "out")] == ["success"] * 50
    assert validate(fifty / "out").findings == []


def second_interrupt(line: list[str], env: Mapping[str, str], simulator: Simulator) -> tuple[int, float]:
    """Exit code and seconds of a command that waits for silent answers and is told twice to stop."""
    begun = simulator.counts().get("submit", 0)
    with on_a_terminal(line, env) as terminal:
        until = time.monotonic() + 30.0
        while simulator.counts().get("submit", 0) == begun and time.monotonic() < until:
            terminal.read(0.02)
        terminal.press(CTRL_C)
        terminal.watch(0.3)
        terminal.press(CTRL_C)
        return terminal.end()


def test_second_interrupt_on_a_terminal_ends_at_once(fifty: Path) -> None:
    """Although answers are on their way."""
    with vendor({"phase": "submit", "fault": "lost-late", "seconds": 60.0}) as simulator:
        env = clean_env(**env_of(simulator), TERM="xterm-256color")
        line = line_for(fifty, 50)
        line[line.index(PLAIN)] = PLAIN.replace(":Plain", ":Steady")  # a client that waits for its answer
        code, seconds = second_interrupt(line, env, simulator)
    assert code == 130
    assert seconds < 10.0  # 0.2 s, and room for a busy machine
