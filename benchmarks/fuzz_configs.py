"""Damaged configurations: each must be read, or refused with one line that names its file; never a traceback."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.common import table
from tests.mutations import mutated
from vmevalkit_core.cli.config import read_config
from vmevalkit_core.errors import ConfigError


def outcome(path: Path) -> str:
    """What became of one configuration."""
    try:
        read_config(path)
    except ConfigError as error:
        whole = error.message.startswith(str(path)) and "\n" not in error.message
        return ("refused, with the line" if ", line " in error.message else "refused") if whole else "BAD MESSAGE"
    except Exception as error:
        return f"TRACEBACK {type(error).__name__}"
    return "valid"


def main() -> None:
    """Read so many of them and count the outcomes; exit 1 where one was neither read nor refused in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first configuration; the next has one more")
    args = parser.parse_args()
    outcomes: Counter[str] = Counter()
    firsts: dict[str, int] = {}
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        for seed in range(args.seed, args.seed + args.number):
            path.write_bytes(mutated(seed))
            outcomes[end := outcome(path)] += 1
            firsts.setdefault(end, seed)
    table(("outcome", "configurations", "first seed"), [(end, n, firsts[end]) for end, n in outcomes.most_common()])
    print(f"\n{args.number:,} in {time.perf_counter() - begun:.1f} s")
    raise SystemExit(any(end.startswith(("BAD", "TRACEBACK")) for end in outcomes))


if __name__ == "__main__":
    main()
