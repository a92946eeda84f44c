"""`kill -9` of the command at random instants of its work, each time started again, until enough kills are done (R1).

Counts what the simulated vendor accepted against what is on disk: a run submitted twice, a run lost, a half clip or a
folder without its record would each be a number here. With `--blind` the vendor cannot list its jobs: then a lost
answer leaves a run uncertain, and still nothing is sent twice.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.common import REPOSITORY, command, make_questions, records, start, table
from tests.vendors import BLIND, PLAIN, env_of, vendor
from vmevalkit_core.audit import validate
from vmevalkit_core.testing import Simulator


def wait_for_submit(books: Path, known: int, limit: float) -> None:
    """Until the vendor has written something new, so that kills land in the middle of work."""
    until = time.monotonic() + limit
    while time.monotonic() < until and books.stat().st_size <= known:
        time.sleep(0.002)


def kill_once(args: list[str], env: dict[str, str], books: Path, chance: random.Random) -> bool:
    """Start the command and kill it; False when it had nothing left to do."""
    known = books.stat().st_size
    process = start(args, env)
    wait_for_submit(books, known, limit=4.0)
    try:
        process.wait(timeout=chance.uniform(0.0, 0.7))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def judge(simulator: Simulator, output: Path, runs: int, kills: int, seconds: float) -> tuple[object, ...]:
    """What a person would count afterwards."""
    accepted = Counter(str(job["token"]) for job in simulator.accepted())
    found = records(output)
    by_task = Counter(record["input"]["question_id"] for record in found)
    ends = Counter(record["inference"]["status"] for record in found)
    known = {one["provenance"]["token"] for one in found if one["inference"]["status"] in ("success", "uncertain")}
    lost = len(set(accepted) - known)
    bare = [path for path in output.rglob("question") if not (path.parent / "metadata.json").exists()]
    outside = [path for path in bare if ".vmeval" not in path.parts]
    findings = validate(output).findings
    twice = sum(1 for number in accepted.values() if number > 1) + sum(1 for number in by_task.values() if number > 1)
    uncertain = f"{ends['uncertain']} ({ends['uncertain'] / max(1, kills):.1f} a kill)"
    return kills, runs, accepted.total(), twice, lost, uncertain, len(findings), len(outside), f"{seconds:.0f}"


def main() -> None:
    """Kill, resume, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--runs-per-kill", type=int, default=15)
    parser.add_argument("--concurrency", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--blind", action="store_true", help="a vendor that cannot list its jobs")
    args = parser.parse_args()
    print(f"seed {args.seed}")
    chance, runs = random.Random(args.seed), args.kills * args.runs_per_kill
    life = {"running_seconds": 0.5, "spread": 0.4, "latency": 0.05, "seed": args.seed}
    with tempfile.TemporaryDirectory() as folder, vendor(**life) as simulator:
        root = Path(folder)
        questions, output = make_questions(root / "questions", runs), root / "out"
        line = command(questions, output, "--concurrency", str(args.concurrency), model=BLIND if args.blind else PLAIN)
        env = os.environ | env_of(simulator) | {"PYTHONPATH": str(REPOSITORY)}
        books, begun, kills = simulator.folder / "ledger.jsonl", time.monotonic(), 0
        while kills < args.kills and kill_once(line, env, books, chance):
            kills += 1
        for _ in range(3):  # a machine that is too busy may lose answers to its own time-outs
            if subprocess.run(line, env=env, capture_output=True, check=False).returncode == 0:
                break
        row = judge(simulator, output, runs, kills, time.monotonic() - begun)
    head = ("kills", "runs", "submits", "twice", "lost", "uncertain", "broken folders", "without record", "s")
    table(head, [row])


if __name__ == "__main__":
    main()
