"""Mutated task pairs through the real planner, runner and built-in models: no traceback, nothing written outside."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.common import table
from tests.helpers import make_task
from tests.hostile.questions import BAD, GOOD
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Runner
from vmevalkit_core.scan import scan

BATCH = 250
SEEDS = list(GOOD.values()) * 4 + [change for change, _ in BAD.values()]
OPTIONS = (
    {"seconds": 0.2},
    {"seconds": 0.2, "size": "128x72"},
    {"seconds": 0.2, "size": "72x128", "fit": "crop"},
    {"seconds": 0.2, "size": "64x64", "fit": "stretch", "background": "navy"},
)


def main() -> None:
    """10,000 mutated task pairs, unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    chance, ends, registry = random.Random(args.seed), Counter[str](), Registry.load()
    for start in range(0, args.questions, BATCH):
        with tempfile.TemporaryDirectory() as folder:
            _batch(Path(folder), min(BATCH, args.questions - start), chance, ends, registry)
    table(("end", "task pairs"), ends.most_common())


def _batch(root: Path, count: int, chance: random.Random, ends: Counter[str], registry: Registry) -> None:
    questions = root / "questions"
    (root / "outside.txt").write_text("outside")
    for number in range(count):
        _mutated(questions, f"maze_{number:04}", chance)
    before = _fingerprint(root)
    runner = Runner(registry, output=root / "out", experiment="fuzz", env={})
    ask = runner.ask(registry.get(chance.choice(("baseline-hold", "baseline-oracle"))), chance.choice(OPTIONS))
    plan = runner.plan(scan(questions), [ask])
    report = asyncio.run(runner.execute(plan))
    shutil.rmtree(root / "out" / "fuzz", ignore_errors=True)
    (root / "out").exists() and (root / "out").rmdir()  # fails where anything else was written
    if _fingerprint(root) != before:
        raise AssertionError("something changed outside the experiment")
    for outcome in report.troubles:
        if "Traceback" in outcome.error or not outcome.error or outcome.end not in ("blocked", "failed"):
            raise AssertionError(f"{outcome}")
    ends.update(report.ends)
    ends["problem of the plan"] += plan.problem_count


def _mutated(questions: Path, task_id: str, chance: random.Random) -> None:
    folder = make_task(questions, "maze", task_id)
    chance.choice(SEEDS)(folder)
    for _ in range(chance.randint(0, 3)):
        files = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
        if files:
            _mutate(chance.choice(files), files, chance)


def _mutate(path: Path, files: list[Path], chance: random.Random) -> None:
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data) + 1)
    match chance.randrange(6):
        case 0:
            data[at : at + 1] = chance.randbytes(1)
        case 1:
            del data[at:]
        case 2:
            data[at:at] = chance.choice((b"\0", b"<svg ", b"\xff\xfe", b"NaN", b"[" * 500, chance.randbytes(64)))
        case 3:
            data = bytearray(chance.choice(files).read_bytes())
        case 4:
            for _ in range(chance.randint(2, 40)):
                data[at : at + 1] = bytes([chance.randrange(256)])
                at = chance.randrange(len(data) + 1)
        case _:
            del data[at : at + chance.randint(1, 200)]
    path.write_bytes(data)


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        digest.update(repr((str(path), content, path.lstat().st_mtime_ns)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


if __name__ == "__main__":
    main()
