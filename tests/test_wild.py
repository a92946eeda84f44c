"""One dataset with every kind of trouble: the good task pairs run, each bad one is named, nothing is touched."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.helpers import records, statuses
from tests.hostile.questions import GOOD, TWINS, build
from vmevalkit_core.names import printable


@pytest.fixture
def wild(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """Twenty good task pairs beside sixty bad ones, and what is wrong with these."""
    wrong = build(tmp_path)
    assert (len(GOOD) + len(TWINS), len(wrong)) == (20, 60)
    return tmp_path / "questions", wrong


def fingerprint(root: Path) -> str:
    """Names, contents, targets, times and rights of everything below a folder."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        facts = path.lstat()
        content = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        digest.update(repr((str(path), content, facts.st_mtime_ns, facts.st_mode)).encode())
    return digest.hexdigest()


def shown(name: str) -> str:
    """A name as a terminal is shown it."""
    return re.escape(printable(name))


def test_good_ones_run_and_bad_ones_are_named(
    wild: tuple[Path, dict[str, str]], vmeval: Command, tmp_path: Path
) -> None:
    """Exit 1, twenty successes, sixty sentences, and a dataset that is what it was to the byte."""
    questions, wrong = wild
    before = fingerprint(questions)
    done = vmeval("run", str(questions), "-m", "baseline-oracle", "-p", "seconds=0.2")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert statuses(tmp_path / "work/data/outputs") == ["success"] * 20
    for name, reason in wrong.items():
        assert re.search(rf"{shown(name)}.*({reason})", done.stderr), name
    assert fingerprint(questions) == before
    assert vmeval("validate").returncode == 0


def test_check_names_the_same(wild: tuple[Path, dict[str, str]], vmeval: Command) -> None:
    """`questions check` finds all that is wrong without a run, and tells what is odd in words."""
    questions, wrong = wild
    before = fingerprint(questions)
    done = vmeval("questions", "check", str(questions), "--json")
    assert (done.returncode, fingerprint(questions)) == (1, before)
    reports = {Path(one["path"]).name: one for one in json.loads(done.stdout)}
    for name, reason in wrong.items():
        report = reports[printable(name)]
        found = [problem["reason"] for problem in report["problems"]] or report["notes"]
        assert re.search(reason, found[0]), name
    assert reports["final_missing"]["problems"] == []  # a note: most models are not shown it
    assert not [name for name in GOOD if reports[name]["problems"]]
    notes = json.dumps([reports[name]["notes"] for name in GOOD])
    for word in ("laid on white", "upright", "first frame of an animation", "drawn from SVG", "16 bits", "byte order"):
        assert word in notes


def test_nothing_outside_is_read_into_a_run(wild: tuple[Path, dict[str, str]], vmeval: Command, tmp_path: Path) -> None:
    """What a link leads to is in no copy, no record and no message."""
    questions, _ = wild
    done = vmeval("run", str(questions), "-p", "seconds=0.2")
    texts = [path.read_bytes() for path in (tmp_path / "work").rglob("*") if path.is_file()]
    assert len(records(tmp_path / "work/data/outputs")) > 20
    assert b"a secret beside" not in b"".join(texts) + (done.stdout + done.stderr).encode()


def test_domains_that_differ_by_an_inner_task_stay_apart(
    wild: tuple[Path, dict[str, str]], vmeval: Command, tmp_path: Path
) -> None:
    """`maze` and `maze_task` are two domains; a folder's name means that folder."""
    questions, _ = wild
    vmeval("run", str(questions), "--domain", "maze_task", "-e", "one")
    vmeval("run", str(questions), "--domain", "maze_task_task", "-e", "two")
    found = [path.parent.name for path in (tmp_path / "work/data/outputs").glob("*/*/*/maze_0000")]
    assert sorted(found) == ["maze_task", "maze_task_task"]
