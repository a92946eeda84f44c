"""Interceptors and observers around real runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import clean_env
from tests.helpers import records
from tests.hostile.cases import CASES
from tests.hostile.dists import write_dist

WATCHER = """
import json, os
from vmevalkit_core import hookimpl

@hookimpl
def vmeval_event(event):
    with open(os.environ["SEEN"], "a") as file:
        file.write(event.model_dump_json() + "\\n")
"""
STAMP = """
from vmevalkit_core import hookimpl

async def stamped(clip):
    done = await clip
    return done.model_copy(update={"extras": {"stamp": "was here"}})

@hookimpl(wrapper=True)
def vmeval_generate(spec, request, job):
    clip = yield
    return stamped(clip)
"""
BROKEN = """
from vmevalkit_core import hookimpl

@hookimpl
def vmeval_event(event):
    raise SystemExit("no observer is that important")
"""


def run(root: Path, questions: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """A command that sees the distributions in `root / site`."""
    env = clean_env(SEEN=str(root / "seen.jsonl"))
    env["PYTHONPATH"] += f":{root / 'site'}"
    line = [sys.executable, "-m", "vmevalkit_core", "run", str(questions), "-m", "baseline-hold", *more]
    return subprocess.run([*line, "-o", str(root / "out")], env=env, capture_output=True, text=True, check=False)


def test_observer_sees_every_event(tmp_path: Path, questions: Path) -> None:
    """Started and done, for each run, as JSON."""
    write_dist(tmp_path / "site", "watcher", WATCHER)
    assert run(tmp_path, questions).returncode == 0
    events = [json.loads(line) for line in (tmp_path / "seen.jsonl").read_text().splitlines()]
    assert sorted(event["kind"] for event in events) == ["done"] * 4 + ["started"] * 4
    assert {event["task_id"] for event in events} == {"chess_0000", "chess_0001", "maze_0000", "maze_0001"}


def test_interceptor_works_only_when_named(tmp_path: Path, questions: Path) -> None:
    """And the record says that it was there."""
    write_dist(tmp_path / "site", "stamp", STAMP)
    assert run(tmp_path, questions, "-e", "plain").returncode == 0
    assert run(tmp_path, questions, "-e", "stamped", "--with", "stamp").returncode == 0
    stamps = [record["provenance"]["extras"] for record in records(tmp_path / "out")]
    assert stamps == [{}] * 4 + [{"stamp": "was here"}] * 4
    assert records(tmp_path / "out")[-1]["provenance"]["interceptors"] == ["stamp"]


def test_command_works_beside_every_broken_plugin(tmp_path: Path, questions: Path) -> None:
    """Help, the list and a run go on; each broken plugin is named with its distribution and a repair line."""
    for case in CASES:
        write_dist(tmp_path / "site", case.name, case.source, requires=case.requires)
    env = clean_env(VMEVAL_PLUGIN_TIMEOUT="0.3")
    env["PYTHONPATH"] += f":{tmp_path / 'site'}"
    for args in (["--help"], ["models", "list"], ["run", str(questions), "-o", str(tmp_path / "out")]):
        line = [sys.executable, "-m", "vmevalkit_core", *args]
        done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    listed = subprocess.run([*line[:3], "models", "list"], env=env, capture_output=True, text=True, check=False)
    assert "baseline-hold" in listed.stdout
    assert all(f"of vmevalkit-{case.name} (" in listed.stderr for case in CASES)
    assert listed.stderr.count("pip ") >= len(CASES)


def test_broken_observer_changes_nothing(tmp_path: Path, questions: Path) -> None:
    """Not even by SystemExit."""
    write_dist(tmp_path / "site", "broken", BROKEN)
    done = run(tmp_path, questions)
    assert (done.returncode, "4 of 4 runs succeeded" in done.stdout) == (0, True)
