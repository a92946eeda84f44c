"""Many runs of a fixed length at a high concurrency: wall time beside the ideal."""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.common import REPOSITORY, command, environment, make_questions, table

SLEEPER = f"{REPOSITORY}/tests/models/sleeper.py:Sleeper"


def main() -> None:
    """1,000 runs of 2 s, 200 at once, unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--concurrency", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        questions = make_questions(root / "questions", args.runs)
        more = ("--concurrency", str(args.concurrency), "-p", f"seconds={args.seconds}")
        line = command(questions, root / "out", *more, model=SLEEPER)
        begun = time.perf_counter()
        subprocess.run(line, env=environment(root), check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ideal = args.seconds * -(-args.runs // args.concurrency)
    cpu = 1000 * (used.ru_utime + used.ru_stime) / args.runs
    head = ("runs", "at once", "ideal s", "wall s", "ratio", "CPU ms a run", "peak MB")
    table(
        head,
        [
            (
                args.runs,
                args.concurrency,
                f"{ideal:.1f}",
                f"{wall:.1f}",
                f"{wall / ideal:.2f}",
                f"{cpu:.1f}",
                used.ru_maxrss // 1024,
            )
        ],
    )


if __name__ == "__main__":
    main()
