"""Every fault of the simulated vendor in every phase: what the user sees, what was sent and billed, how the run ended.

Each line is one run, its fault striking once (`once`) or every time (`ever`). A line with more than one POST that was
taken, or a success without a whole clip, would be a broken promise; such lines are counted at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import make_questions, table
from tests.clocks import QuickClock
from tests.test_runner import planned
from tests.vendors import BLIND, PLAIN, client, vendor
from vmevalkit_core.audit import validate
from vmevalkit_core.runner import Outcome
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.simulator.faults import FAULTS

PHASES = ("submit", "poll", "download")
BUSY = ("crowded", "rate", "rate-seconds", "rate-date", "unavailable-seconds")
"""Waited for during hours, so they strike once only."""


def cases() -> Iterator[tuple[str, str, str]]:
    """Phase, fault, how often."""
    for phase in PHASES:
        for name, fault in FAULTS.items():
            if phase in fault.phases:
                yield phase, name, "once"
                if name not in BUSY:
                    yield phase, name, "ever"


def judge(simulator: Simulator, questions: Path, root: Path, model: str, case: tuple[str, str, str]) -> tuple[Any, ...]:
    """One run with one fault."""
    phase, name, often = case
    simulator.script({"phase": phase, "fault": name, **({"times": 1} if often == "once" else {})})
    accepted, billed = len(simulator.accepted()), simulator.billed()
    sent = simulator.counts().get("submit", 0)
    ended: list[Outcome] = []
    runner = client(root, simulator, clock=QuickClock(200.0))
    asyncio.run(runner.execute(planned(runner, questions, model), ended=ended.append))
    taken = len(simulator.accepted()) - accepted
    words = f"{ended[0].error} {'-> ' + ended[0].hint if ended[0].hint else ''}".replace("|", "/")
    findings = len(validate(root / "out").findings)
    posts, money = simulator.counts().get("submit", 0) - sent, simulator.billed() - billed
    return phase, name, often, ended[0].end, posts, taken, money, findings, words[:160]


def main() -> None:
    """All of them, or those whose name holds a word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a part of the name of a fault")
    parser.add_argument("--phase", default="", help="one phase")
    parser.add_argument("--blind", action="store_true", help="a vendor that cannot list its jobs")
    args = parser.parse_args()
    rows, twice = [], 0
    with tempfile.TemporaryDirectory() as folder, vendor() as simulator:
        questions = make_questions(Path(folder, "questions"), 1)
        for number, case in enumerate(cases()):
            if args.only in case[1] and args.phase in case[0]:
                model = BLIND if args.blind else PLAIN
                row = judge(simulator, questions, Path(folder, str(number)), model, case)
                print(*row, flush=True)
                twice += row[5] > 1
                rows.append(row)
    table(("phase", "fault", "strikes", "end", "POSTs", "taken", "USD", "findings", "what the user reads"), rows)
    print(f"\n{len(rows)} cases, {twice} with more than one accepted POST")


if __name__ == "__main__":
    main()
