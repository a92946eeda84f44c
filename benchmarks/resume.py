"""Random faults on requests, questions and downloads, two kills, resumes until all is done: then the same tree (R18).

Each time the tree is compared, as one hash, with the one that the same questions leave without any fault; times, ids,
tokens, durations, attempts and links are left out of both.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from benchmarks.common import make_questions, table
from tests.test_reliability_resume import endure, random_script
from tests.trees import tree_hash
from tests.vendors import vendor

LIFE = {"running_seconds": 0.3, "spread": 0.4}


def main() -> None:
    """Ten trees of 40 runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=10)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--rules", type=int, default=30, help="rules in each random script of faults")
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder, vendor(**LIFE) as simulator:
        root = Path(folder)
        make_questions(root / "questions", args.runs)
        endure(root, simulator, [], [])
        calm = tree_hash((root / "out").rename(root / "calm"))
        for number in range(args.trees):
            chance = random.Random(f"{args.seed}/{number}")
            simulator.reset()
            script, kills = random_script(chance, args.rules), [chance.uniform(0.0, 1.0) for _ in range(args.kills)]
            found = endure(root, simulator, script, kills)
            same = tree_hash((root / "out").rename(root / f"tree{number}")) == calm
            rows.append((number, *found, "same" if same else "ANOTHER"))
            print(rows[-1], flush=True)
    table(("tree", "faults that struck", "kills", "commands", "sent twice", "findings", "hash"), rows)
    print(f"\n{sum(row[-1] == 'same' for row in rows)} of {len(rows)} trees are {calm[:16]}")


if __name__ == "__main__":
    main()
