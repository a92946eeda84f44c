"""A vendor who says when to come again, in three forms, against 200 jobs at 20 calls a second (R7).

By the vendor's own time stamps: how early a refused run came back, what else came meanwhile, the fullest second, the
fullest tenth of a second after a wait that all runs had in common. The vendor's clock is an hour ahead of ours.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.common import table
from tests.models.paced import RATE
from tests.test_reliability_pace import BUSY, observed
from tests.vendors import vendor


def main() -> None:
    """200 jobs for each form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--times", type=int, default=3, help="how often the vendor asks to be left alone")
    parser.add_argument("--asked", type=int, default=4, help="for how many seconds")
    args = parser.parse_args()
    rows = []
    for form in BUSY:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, vendor(skew_seconds=3600.0) as simulator:
            found = observed(Path(folder), simulator, form, jobs=args.jobs, times=args.times, asked=args.asked)
        own = f"{-found.own_early:+.2f}"
        figures = found.others_early, f"{found.fullest_second} of {RATE}", found.fullest_after
        rows.append((form, args.jobs, found.refusals, own, *figures, f"{time.monotonic() - begun:.0f}"))
    head = ("form", "jobs", "refusals", "s after the time asked, at worst", "others meanwhile", "fullest second")
    table((*head, "fullest 0.1 s after a wait", "s"), rows)


if __name__ == "__main__":
    main()
