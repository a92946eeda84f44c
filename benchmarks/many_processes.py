"""Several commands on one experiment of paid runs: the vendor must count each run once."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.common import command, environment, ledger, make_questions, records, start, table


def measure(root: Path, processes: int, runs: int) -> tuple[object, ...]:
    """One experiment, carried out by so many processes at once."""
    questions, output, vendor = make_questions(root / "questions", runs), root / "out", root / "vendor"
    args, env = command(questions, output), environment(vendor)
    begun = time.perf_counter()
    commands = [start(args, env) for _ in range(processes)]
    codes = Counter(one.wait() for one in commands)
    wall = time.perf_counter() - begun
    accepted = ledger(vendor)
    ends = Counter(record["inference"]["status"] for record in records(output))
    return processes, runs, accepted.total(), len(accepted), dict(ends), dict(codes), f"{wall:.1f}"


def main() -> None:
    """Two, then eight."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--processes", type=int, nargs="+", default=[2, 8])
    args = parser.parse_args()
    rows = []
    for processes in args.processes:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(Path(folder), processes, args.runs))
    table(("processes", "runs", "submits", "distinct", "records", "exit codes", "s"), rows)


if __name__ == "__main__":
    main()
