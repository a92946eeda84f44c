"""`--max-cost` under kills: several processes at once with 50 runs in flight, each killed and started anew (R17).

The vendor loses answers and fails jobs at no cost; a clip costs half a dollar. What he billed in the end is held
against the ceiling, which every process was given. Then the same command ends what was begun, still under the ceiling.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.common import REPOSITORY, command, make_questions, start, table
from tests.helpers import statuses
from tests.vendors import BLIND, PLAIN, env_of, vendor
from vmevalkit_core.standing import status_of
from vmevalkit_core.testing import Simulator

CAPS = ("0", "0.50", "1.20", "7.75", "20.00")
FAULTS = (
    {"phase": "submit", "fault": "lost-reset", "probability": 0.05},
    {"phase": "submit", "fault": "fails", "probability": 0.1},
)


def kill_and_restart(line: list[str], env: dict[str, str], processes: int, kills: int, chance: random.Random) -> int:
    """So many processes, of which one after another is killed and started anew; how many kills met one at work."""
    running, met = [start(line, env) for _ in range(processes)], 0
    for _ in range(kills):
        time.sleep(chance.uniform(0.2, 1.2))
        at = chance.randrange(processes)
        met += running[at].poll() is None
        running[at].kill()
        running[at].wait()
        running[at] = start(line, env)
    for process in running:
        process.wait(120)
    return met


def judged(most: str, model: str, args: argparse.Namespace, simulator: Simulator) -> tuple[Any, ...]:
    """One ceiling."""
    simulator.reset()
    chance = random.Random(f"{args.seed} {most} {model}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        line = command(make_questions(root / "questions", args.runs), root / "out", "--concurrency", "50", model=model)
        line += ["--max-cost", most]
        env = os.environ | env_of(simulator) | {"PYTHONPATH": str(REPOSITORY)}
        met = kill_and_restart(line, env, args.processes, args.kills, chance)
        for _ in range(3):
            subprocess.run(line, env=env, capture_output=True, check=False, timeout=120)
        ends = Counter(statuses(root / "out"))
        told = status_of(root / "out").estimated
    billed, tokens = simulator.billed(), Counter(str(job["token"]) for job in simulator.accepted())
    over, twice = max(Decimal(0), billed - Decimal(most)), sum(number > 1 for number in tokens.values())
    stands = ", ".join(f"{number} {end}" for end, number in sorted(ends.items())) or "nothing"
    name = "lists no jobs" if model == BLIND else "lists jobs"
    return name, f"${most}", met, len(tokens), f"${billed}", f"${told}", f"${over}", twice, stands


def main() -> None:
    """Every ceiling, with a vendor who lists his jobs and with one who does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--kills", type=int, default=10, help="for each ceiling")
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    life = {"running_seconds": 0.6, "spread": 0.4, "latency": 0.03, "seed": args.seed}
    with vendor(*FAULTS, **life) as simulator:
        rows = [judged(most, model, args, simulator) for model in (PLAIN, BLIND) for most in CAPS]
    head = ("vendor", "ceiling", "kills at work", "jobs", "billed", "status says", "overspent", "twice", "in the end")
    table(head, rows)
    print(f"\n{sum(row[2] for row in rows)} kills, {sum(row[6] != '$0' for row in rows)} ceilings broken")


if __name__ == "__main__":
    main()
