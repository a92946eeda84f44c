"""`kill -9` of the command at random instants of its work, each time started again, until enough kills are done.

Counts what the vendor accepted against what is on disk: a run submitted twice, a run lost, a half clip or a folder
without its record would each be a line here. With `--blind` the vendor cannot list its jobs: then a lost answer
leaves a run uncertain, and still nothing is sent twice.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.common import BLIND_LEDGER, LEDGER, command, environment, ledger, make_questions, records, start, table
from vmevalkit_core.audit import validate


def wait_for_submit(vendor: Path, known: int, limit: float) -> None:
    """Until the vendor has accepted something new, so that kills land in the middle of work."""
    path, until = vendor / "ledger.jsonl", time.monotonic() + limit
    while time.monotonic() < until and (not path.exists() or path.stat().st_size <= known):
        time.sleep(0.002)


def kill_once(args: list[str], env: dict[str, str], vendor: Path, chance: random.Random) -> bool:
    """Start the command and kill it; False when it had nothing left to do."""
    path = vendor / "ledger.jsonl"
    known = path.stat().st_size if path.exists() else 0
    process = start(args, env)
    wait_for_submit(vendor, known, limit=4.0)
    try:
        process.wait(timeout=chance.uniform(0.0, 0.5))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def judge(root: Path, output: Path, runs: int, kills: int, seconds: float) -> tuple[object, ...]:
    """What a person would count afterwards."""
    accepted = ledger(root / "vendor")
    found = records(output)
    by_task = Counter(record["input"]["question_id"] for record in found)
    ends = Counter(record["inference"]["status"] for record in found)
    lost = runs - sum(1 for record in found if record["inference"]["status"] == "success") - ends["uncertain"]
    bare = [path for path in output.rglob("question") if not (path.parent / "metadata.json").exists()]
    outside = [path for path in bare if ".vmeval" not in path.parts]
    findings = validate(output).findings
    twice = sum(1 for number in accepted.values() if number > 1) + sum(1 for number in by_task.values() if number > 1)
    return kills, runs, accepted.total(), twice, lost, ends["uncertain"], len(findings), len(outside), f"{seconds:.0f}"


def main() -> None:
    """Kill, resume, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--runs-per-kill", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--blind", action="store_true", help="a vendor that cannot list its jobs")
    args = parser.parse_args()
    print(f"seed {args.seed}")
    chance, runs = random.Random(args.seed), args.kills * args.runs_per_kill
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        questions, output = make_questions(root / "questions", runs), root / "out"
        more = ("--concurrency", str(args.concurrency), "-p", "latency=0.5", "-p", "reply=0.05")
        line = command(questions, output, *more, model=BLIND_LEDGER if args.blind else LEDGER)
        env, begun, kills = environment(root / "vendor"), time.monotonic(), 0
        while kills < args.kills and kill_once(line, env, root / "vendor", chance):
            kills += 1
        subprocess.run(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        row = judge(root, output, runs, kills, time.monotonic() - begun)
    head = ("kills", "runs", "submits", "twice", "lost", "uncertain", "broken folders", "without record", "s")
    table(head, [row])


if __name__ == "__main__":
    main()
