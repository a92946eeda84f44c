"""Every fault of the paid request at once: one run for each, side by side, so that nobody waits for the slow ones."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmevalkit_core.testing.bench import HASTY, PATIENT, Bench, Ended, Subject
from vmevalkit_core.testing.simulator import FAULTS

HANGS = {"silent", "lost-silent", "lost-late", "cut-stalled", "drip", "drip-head", "endless", "endless-head", "huge"}
"""Faults of a submit that only a time-out ends."""
SWEPT = [name for name, fault in FAULTS.items() if "submit" in fault.phases and not name.startswith("never-")]
BLIND = ["lost-closed", "lost-reset", "lost-silent", "lost-500", "lost-502", "lost-503", "lost-504", "cut-head"]
BLIND += ["reset-head", "html", "error-200", "empty", "no-content", "malformed", "null", "wrong-envelope"]
"""The vendor took the job, and its answer tells no id."""
SIDE_BY_SIDE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Two commands about one question, of which the first one's paid request met a fault."""

    ends: tuple[Ended, ...]
    """One where the first was a success, which leaves nothing to do."""
    posts: int
    taken: int
    known_there: bool
    """Whether the vendor kept the token of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """All trials by the name of their fault, and the folder in which they left their runs."""

    trials: dict[str, Trial]
    folder: Path


def sweep(subject: Subject, folder: Path, faults: Sequence[str] = SWEPT) -> Sweep:
    """What became of each fault."""
    subject.vendor.reset()
    rules = [{"phase": "submit", "fault": name, "match": marker(name), "times": 1} for name in faults]
    subject.vendor.script(*rules)
    ends = asyncio.run(_all(subject, folder, faults))
    requests, jobs = _settled(subject), {job["id"]: job["token"] for job in subject.vendor.accepted()}
    trials = {name: _trial(Bench(subject, folder / name), name, ends[name], requests, jobs) for name in faults}
    return Sweep(trials=trials, folder=folder)


def marker(fault: str) -> str:
    """What the prompt of a fault's run has in it, so that its request can be told from the others'."""
    return f"({fault})"


async def _all(subject: Subject, folder: Path, faults: Sequence[str]) -> dict[str, tuple[Ended, ...]]:
    places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def both(name: str) -> tuple[Ended, ...]:
        bench, prompt = Bench(subject, folder / name), f"Solve the maze {marker(name)}."
        if name in HANGS:
            # Only the request hangs: an upload before it may take its time.
            first = await bench.arun(prompt=prompt, figures={**PATIENT, "submit_timeout": HASTY["submit_timeout"]})
        else:
            async with places:
                first = await bench.arun(prompt=prompt)
        if first.end == "success":
            return (first,)
        async with places:
            return first, await bench.arun(prompt=prompt)

    found = await asyncio.gather(*map(both, faults))
    return dict(zip(faults, found, strict=True))


def _settled(subject: Subject) -> list[dict[str, Any]]:
    """The paid requests, once the vendor has noticed that all of their clients have left."""
    until = time.monotonic() + 5
    while True:
        requests = subject.vendor.requests("submit")
        if time.monotonic() > until or not any(one["ended"] == "open" for one in requests):
            return requests
        time.sleep(0.05)


def _trial(
    bench: Bench,
    name: str,
    ends: tuple[Ended, ...],
    requests: Sequence[dict[str, Any]],
    jobs: dict[str, str | None],
) -> Trial:
    ours = [one for one in requests if marker(name) in json.dumps(one["body"], ensure_ascii=False)]
    taken = {one["job"] for one in ours if one["job"] in jobs}
    token = bench.record["provenance"]["token"] if bench.records else ""
    known = any(token and token in (jobs[job] or "") for job in taken)
    return Trial(ends=ends, posts=len(ours), taken=len(taken), known_there=known)
