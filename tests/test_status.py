"""`vmeval status` names every unfinished run, by what is to be done next."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers import LEDGER, close, on_terminal
from vmevalkit_core.standing import WORDS
from vmevalkit_core.terminal.tables import display_width

Vmeval = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def failed(vmeval: Vmeval, questions: Path) -> Path:
    """The folder that `vmeval` works in, with 24 failed runs, one of them with a damaged record."""
    args = ["run", str(questions), "-m", LEDGER, "--yes", "--samples", "6", "-p", "fault=job"]
    assert vmeval(*args).returncode == 1
    work = questions.parent / "work"
    min(work.rglob("metadata.json")).write_text("{")
    return work


def test_unfinished_runs_are_grouped_by_state(vmeval: Vmeval, failed: Path) -> None:
    """Number, state and what to do next, then a line for each run: model, task, sample, reason, folder."""
    told = vmeval("status").stdout
    assert f"\n\n23 failed: {WORDS['failed']}\n  ledger  chess/chess_0000  " in told
    assert "\n  ledger  maze/maze_0001  sample 5  the vendor's machine broke  data/outputs/default/ledger/maze" in told
    assert f"\n\n1 damaged: {WORDS['damaged']}\n  ledger  chess/chess_0000  metadata.json cannot be read" in told
    assert told.count("\n  ledger  ") == 24
    assert all(str(path.parent.relative_to(failed)) in told for path in failed.rglob("metadata.json"))


def test_json_has_every_unfinished_run(vmeval: Vmeval, failed: Path) -> None:
    """With what names it."""
    runs = json.loads(vmeval("status", "--json").stdout)["unfinished"]
    assert len(runs) == 24
    assert {"status", "folder", "error"} < set(runs[0])
    last = next(run for run in runs if run["domain"] == "maze" and run["sample"] == 5)
    assert (last["model"], last["task_id"], last["error"]) == ("ledger", "maze_0000", "the vendor's machine broke")


def test_terminal_shows_the_first_of_many(failed: Path) -> None:
    """And how many more there are; no line is wider than the terminal."""
    shown = on_terminal("status", cwd=failed)
    assert shown.count("\n  ledger  ") == 21
    assert "... and 3 more: --all shows them" in shown
    assert max(map(display_width, shown.splitlines())) <= 80


def test_all_shows_all_on_a_terminal(failed: Path) -> None:
    """As a pipe gets them anyway."""
    shown = on_terminal("status", "--all", cwd=failed)
    assert (shown.count("\n  ledger  "), "more:" in shown) == (24, False)


def test_status_of_one_run_says_which_it_is(vmeval: Vmeval, failed: Path) -> None:
    """Though the path that was given does not hold the names."""
    run = max(failed.rglob("metadata.json")).parent
    line = [sys.executable, "-m", "vmevalkit_core", "status", "."]
    told = subprocess.run(line, cwd=run, capture_output=True, text=True, check=True).stdout
    assert "  ledger  maze/maze_0001" in told


def test_status_of_a_folder_above_finds_the_runs(vmeval: Vmeval, failed: Path) -> None:
    """And says by its exit code that a record cannot be read."""
    done = vmeval("status", ".")
    assert (done.returncode, "23 failed" in done.stdout) == (1, True)
    assert "24 run folders" in vmeval("validate", ".").stdout


def test_folder_within_a_run_is_refused(vmeval: Vmeval, failed: Path) -> None:
    """It holds no run, and whoever names it means the run."""
    inside = max(failed.rglob("metadata.json")).parent / "question"
    for command in ("status", "validate"):
        done = vmeval(command, str(inside))
        assert (done.returncode, f"lies within the run {inside.parent}" in done.stderr) == (2, True)


@pytest.mark.parametrize(("command", "told"), [("status", "2 damaged"), ("validate", "maze_task: ")])
def test_closed_folder_is_no_empty_one(vmeval: Vmeval, failed: Path, command: str, told: str) -> None:
    """It is named, and the exit code is that of something wrong."""
    closed = failed / "data/outputs/default/ledger/maze_task"
    close(closed)
    done = vmeval(command)
    assert (done.returncode, told in done.stdout) == (1, True)
    assert "data/outputs/default/ledger/maze_task cannot be read: Permission denied" in done.stdout
