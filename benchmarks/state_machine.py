"""Random sequences of commands, kills, faults, orders and clock changes against the real engine, in virtual time (R19).

Each machine is one experiment that lives through so many steps; after every step the invariants of
tests/test_state_machine.py hold, or the program ends with the sequence that broke one.
"""

from __future__ import annotations

import argparse
import random
import time

from benchmarks.common import table
from tests.test_state_machine import Machine, drive


def main() -> None:
    """20,000 steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--length", type=int, default=50, help="steps of one machine")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--shrink", action="store_true", help="make a sequence that fails short, which takes minutes")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    begun, machines = time.monotonic(), -(-args.steps // args.length)
    drive(args.length, machines, args.seed, shrink=args.shrink)
    seconds = time.monotonic() - begun
    print(f"{machines} machines of {args.length} steps, no invariant broken, {seconds:.0f} s\n")
    table(("what was done, or came of it", "times"), sorted(Machine.steps.items()))


if __name__ == "__main__":
    main()
