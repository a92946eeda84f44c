"""Names that would leave the tree, break a disk or fool a terminal never become folders."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Command
from tests.helpers import runner_in
from vmevalkit_core.names import LONGEST, name_problem, printable
from vmevalkit_core.scan import scan

HOSTILE = [
    *(
        "..",
        ".",
        "../x",
        "../../etc/passwd",
        "/etc/passwd",
        "/",
        "a/b",
        "a/../b",
        "./x",
        "~/../x",
        ".hidden",
        "...",
        "x.",
    ),
    *("\0", "a\0b", "a\nb", "a\rb", "a\tb", "\x1b[31mred", "a\x7fb", "x.", "a\x9bb", "x" * 201, "x" * 300),
    *("\u00e9" * 101, "a|b", " x", "x "),
    *(
        "CON",
        "con",
        "nul.txt",
        "PRN",
        "aux",
        "COM1",
        "lpt9.log",
        "C:\\x",
        "C:",
        "a\\b",
        "a*b",
        "a?b",
        'a"b',
        "a<b",
        "a>b",
    ),
    *("a|b", " x", "x ", "\u2003x", "\u202egnp.exe", "a\u2066b", "a\u2028b", "\ud800", ""),
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_name_is_refused(name: str) -> None:
    """On every platform, with a reason that fits into a sentence."""
    problem = name_problem(name)
    assert problem
    assert printable(problem) == problem or "\\" in problem


@given(st.text(max_size=220))
def test_name_that_is_accepted_is_one_folder(name: str) -> None:
    """Whatever the letters: one component, inside its parent, short enough to be written beside itself."""
    if name_problem(name) is None:
        path = os.path.normpath(os.path.join("/tree/experiment", name))
        assert os.path.dirname(path) == "/tree/experiment"
        assert os.path.basename(path) == name
        assert len(name.encode()) <= LONGEST
        assert printable(name) == name


def test_hostile_task_ids_write_nothing_outside(questions: Path, tmp_path: Path) -> None:
    """Every one that the disk allows as a folder is a problem of the plan, and no other file appears anywhere."""
    made = 0
    for name in HOSTILE:
        with suppress(OSError, ValueError):
            (questions / "maze_task" / name).mkdir()
            made += not name.startswith(".") and "/" not in name
    assert made > 20
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    runner = runner_in(tmp_path)
    plan = runner.plan(scan(questions), [runner.ask(runner.registry.get("baseline-hold"), {})])
    assert sum("its name" in problem.reason for problem in plan.problems) == made
    assert plan.total == 4
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["..", "../x", "/tmp/x", "CON", "a\nb", "x" * 300, "."], ids=ascii)
def test_hostile_experiment_is_refused(name: str, vmeval: Command, tmp_path: Path) -> None:
    """Exit 2, one sentence, and no folder anywhere."""
    (tmp_path / "work").mkdir()
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    done = vmeval("run", "-e", name)
    assert done.returncode == 2
    assert "Error: the experiment" in done.stderr
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
