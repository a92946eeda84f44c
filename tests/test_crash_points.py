"""What is on disk when: the order of durable steps, and a kill at each kind of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import clean_env
from tests.helpers import LEDGER, ledger_lines, make_task, statuses
from vmevalkit_core.audit import validate

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


def run(tmp_path: Path, *strace: str) -> int:
    """One paid run under strace; the exit code."""
    if not (tmp_path / "q").exists():
        make_task(tmp_path / "q", "maze", "maze_0000")
    line = [sys.executable, "-m", "vmevalkit_core", "run", "q", "-m", LEDGER, "--yes", "-o", "out"]
    env = clean_env(LEDGER_DIR=str(tmp_path))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run([*strace, *line], cwd=tmp_path, env=env, check=False, **quiet).returncode  # type: ignore[call-overload,no-any-return]


def traced(tmp_path: Path) -> list[str]:
    """The durable steps of one run, and the vendor's ledger, in order."""
    log = tmp_path / "strace.log"
    calls = "trace=fsync,rename,write"
    assert run(tmp_path, "strace", "-f", "-y", "-s", "0", "-e", calls, "-o", str(log)) == 0
    steps = re.compile(r"(fsync\(\d+<[^>]+>|rename\(.*\)|write\(\d+<[^>]*ledger.jsonl>)")
    return [match[1] for line in log.read_text().splitlines() if (match := steps.search(line))]


def test_every_name_is_durable_before_it_counts(tmp_path: Path) -> None:
    """Content, then rename, then folder: for each final name of a run."""
    steps = traced(tmp_path)
    renames = [(at, re.findall(r'"([^"]+)"', step)) for at, step in enumerate(steps) if step.startswith("rename")]
    assert [Path(names[1]).name for _, names in renames][1:] == [
        "metadata.json",  # the intent
        "metadata.json",  # the id
        "generated_video.mp4",
        "metadata.json",
    ]
    for at, (old, new) in renames:
        synced_before = [step for step in steps[:at] if step.startswith("fsync") and old in step]
        synced_after = [step for step in steps[at:] if step.startswith("fsync") and f"{Path(new).parent}>" in step]
        assert synced_before, old
        assert synced_after, new


def test_intent_is_on_disk_before_the_request(tmp_path: Path) -> None:
    """The run folder and its intent are there, durably, when the vendor is asked."""
    steps = traced(tmp_path)
    sent = next(at for at, step in enumerate(steps) if "ledger.jsonl" in step)
    before = "".join(steps[:sent])
    assert before.count("rename") == 2
    assert re.search(r"rename\([^)]*metadata.json\"\)fsync\(\d+<[^>]*ledger_maze_0000_[^>]*>$", before)


@pytest.mark.parametrize(
    "step", ["fsync:when=3", "fsync:when=10", "fsync:when=11", "fsync:when=12", "fsync:when=13", "rename:when=2"]
)
def test_kill_at_a_durable_step_costs_nothing(tmp_path: Path, step: str) -> None:
    """After any of them: a valid tree, one charge, and the same command finishes the run."""
    kind, _, when = step.partition(":")
    killed = run(tmp_path, "strace", "-f", "-o", "/dev/null", "-e", f"inject={kind}:signal=KILL:{when}")
    assert killed != 0
    assert validate(tmp_path).findings == []
    assert run(tmp_path) == 0
    assert statuses(tmp_path / "out") == ["success"]
    assert len(ledger_lines(tmp_path)) == 1
    assert validate(tmp_path / "out").findings == []
