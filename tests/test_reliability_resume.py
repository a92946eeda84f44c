"""After any faults, kills and resumes the tree is the one that a day without faults leaves."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import clean_env
from tests.helpers import REPOSITORY, make_task
from tests.trees import plain_tree, tree_hash
from tests.vendors import env_of, vendor
from tests.virtual import chosen_seed
from vmevalkit_core.audit import validate
from vmevalkit_core.testing import Simulator

DOGGED = f"{REPOSITORY}/tests/models/dogged.py:Dogged"
STRIKES = {
    "submit": "lost-closed lost-reset lost-500 lost-502 lost-504 cut malformed error-200 closed reset page-502 rate"
    " rate-seconds unavailable-seconds lost-silent null deep",
    "poll": "page-502 reset closed malformed wrong-envelope null rate-seconds html cut-chunked silent empty odd-state"
    " link-expired gzip drip overstated",
    "download": "cut cut-no-length cut-chunked reset-body overstated html error-200 empty gzip half-file no-content"
    " expired redirect page-500 reset silent malformed",
}
"""Faults that a run survives, by phase."""


def random_script(chance: random.Random, rules: int) -> list[dict[str, Any]]:
    """So many rules, each of which strikes a few times."""
    found: list[dict[str, Any]] = []
    for _ in range(rules):
        phase = chance.choice(list(STRIKES))
        rule = {"phase": phase, "fault": chance.choice(STRIKES[phase].split()), "times": chance.randint(1, 3)}
        found.append(rule | {"after": chance.randint(0, 20), "every": chance.randint(1, 4)})
    return found


class Endured(NamedTuple):
    """What a tree went through."""

    strikes: int
    kills: int
    commands: int
    twice: int
    """Requests that were accepted beyond the first one for a run."""
    findings: int


def endure(root: Path, simulator: Simulator, script: list[dict[str, Any]], kills: list[float]) -> Endured:
    """Run into the faults, be killed so many seconds after the vendor's next job, and resume until all is done."""
    line = [sys.executable, "-m", "vmevalkit_core", "run", str(root / "questions"), "-m", DOGGED]
    line += ["-o", str(root / "out"), "--yes", "--json", "--concurrency", "8"]
    env = clean_env(**env_of(simulator))
    simulator.script(*script)
    killed = sum(kill(line, env, simulator, after) for after in kills)
    commands, code = len(kills), 1
    while code and commands < len(kills) + 20:
        code = subprocess.run(line, env=env, capture_output=True, check=False).returncode
        commands += 1
    tokens = Counter(job["token"] for job in simulator.accepted())
    runs = len(list((root / "questions").glob("*/*")))
    return Endured(
        strikes=sum(simulator.struck()),
        kills=killed,
        commands=commands,
        twice=sum(tokens.values()) - runs,
        findings=len(validate(root / "out").findings),
    )


def kill(line: list[str], env: Mapping[str, str], simulator: Simulator, after: float) -> bool:
    """kill -9, a while after a new job; False when the command was done before."""
    known, until = len(simulator.accepted()), time.monotonic() + 10.0
    with subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while len(simulator.accepted()) == known and time.monotonic() < until and process.poll() is None:
            time.sleep(0.01)
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            return True
    return False


@pytest.fixture
def twelve(tmp_path: Path) -> Path:
    """Twelve task pairs."""
    for number in range(12):
        make_task(tmp_path / "questions", "maze", f"maze_{number:04}")
    return tmp_path


def test_tree_after_faults_is_the_tree_without(twelve: Path) -> None:
    """Same files, same records, but for times, ids and links."""
    chance = random.Random(chosen_seed())
    with vendor(running_seconds=0.2) as simulator:
        found = endure(twelve, simulator, [], [])
        assert found == (0, 0, 1, 0, 0)
        calm = twelve / "calm"
        (twelve / "out").rename(calm)
        simulator.reset()
        simulator.set(running_seconds=0.2)
        found = endure(twelve, simulator, random_script(chance, 12), [chance.uniform(0.0, 0.5) for _ in range(2)])
    assert (found.twice, found.findings) == (0, 0)
    assert found.strikes > 0
    assert plain_tree(twelve / "out") == plain_tree(calm)


def test_hash_of_a_tree_tells_a_difference(twelve: Path) -> None:
    """One word of one record, or one byte of one file."""
    with vendor() as simulator:
        endure(twelve, simulator, [], [])
    before, changed = tree_hash(twelve / "out"), next((twelve / "out").rglob("prompt.txt"))
    changed.write_text("Solve it!\n")
    assert tree_hash(twelve / "out") != before
