"""Ctrl-C through a terminal, with 50 runs in flight, at random times of their life (R11).

Each time a new experiment; afterwards the vendor ends every job and the same command runs to its end. Counted: exit
codes, the seconds until the exit, ids that are not on disk at that moment, requests that were sent twice afterwards.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.common import REPOSITORY, make_questions, records, table
from tests.test_reliability_interrupt import Interrupted, interrupted, line_for, second_interrupt
from tests.vendors import PLAIN, env_of, vendor


def once(runs: int, after: float) -> tuple[Interrupted, int, int]:
    """One experiment: the interrupt, requests sent twice, runs that did not succeed in the end."""
    with tempfile.TemporaryDirectory() as folder, vendor(running_seconds=30.0, latency=0.05) as simulator:
        root = Path(folder)
        make_questions(root / "questions", runs)
        env = os.environ | env_of(simulator) | {"PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color"}
        found = interrupted(line_for(root, runs), env, simulator, root / "out", after)
        simulator.set(running_seconds=0.0)
        simulator.advance(60.0)
        subprocess.run(line_for(root, runs), env=env, capture_output=True, check=False)
        tokens = Counter(job["token"] for job in simulator.accepted())
        good = sum(one["inference"]["status"] == "success" for one in records(root / "out"))
        return found, sum(number > 1 for number in tokens.values()) + len(tokens) - runs, runs - good


def twice(runs: int) -> tuple[int, float]:
    """Exit code and seconds after a second Ctrl-C, with answers on their way."""
    rule = {"phase": "submit", "fault": "lost-late", "seconds": 60.0}
    with tempfile.TemporaryDirectory() as folder, vendor(rule) as simulator:
        make_questions(Path(folder, "questions"), runs)
        env = os.environ | env_of(simulator) | {"PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color"}
        line = [word.replace(":Plain", ":Steady") if word == PLAIN else word for word in line_for(Path(folder), runs)]
        return second_interrupt(line, env, simulator)


def main() -> None:
    """20 interrupts, and 5 that are followed by a second one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--second", type=int, default=5, help="how often a second Ctrl-C follows")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    print(f"seed {args.seed}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    chance = random.Random(args.seed)
    found = [once(args.runs, chance.uniform(0.0, 3.0)) for _ in range(args.times)]
    ends, again = [one for one, _, _ in found], [twice(args.runs) for _ in range(args.second)]
    for name, seconds, codes in (
        ("first Ctrl-C", [one.seconds for one in ends], Counter(one.code for one in ends)),
        ("second Ctrl-C", [one for _, one in again], Counter(code for code, _ in again)),
    ):
        figures = min(seconds), statistics.median(seconds), sorted(seconds)[int(0.9 * (len(seconds) - 1))], max(seconds)
        print(
            f"{name}: codes {dict(codes)}; seconds least, median, 90 %, most: {' '.join(f'{s:.2f}' for s in figures)}"
        )
    jobs = f"{min(one.jobs for one in ends)} to {max(one.jobs for one in ends)}"
    doubt = sum(one.unknown for one in ends), sum(not one.said_how for one in ends)
    wrong = sum(sent for _, sent, _ in found), sum(left for _, _, left in found)
    head = ("times", "jobs at that moment", "ids not on disk", "no word how to go on", "sent twice", "not done")
    table(head, [(len(ends), jobs, *doubt, *wrong)])


if __name__ == "__main__":
    main()
