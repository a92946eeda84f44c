"""`status` and `validate`: what a folder of results holds."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

from vmevalkit_core.audit import validate
from vmevalkit_core.cli.catalog import results_or_usual
from vmevalkit_core.standing import WORDS, Status, Unfinished, status_of
from vmevalkit_core.terminal import out

ORDER = (
    "success",
    "unsent",
    "submitting",
    "submitted",
    "running",
    "uncertain",
    "broken",
    "failed",
    "cancelled",
    "damaged",
)
SHOWN = 20
"""Runs of each state that a terminal shows, unless all are asked for."""


def show_status(given: Path | None, *, everything: bool, as_json: bool) -> int:
    """A table of models and ends, then every unfinished run in words; a terminal shows the first of each state.

    0 when every record could be read.
    """
    path = results_or_usual(given)
    status = status_of(path)
    code = int(any(run.state == "damaged" for run in status.unfinished))
    if as_json:
        out.dump(status.to_json())
        return code
    if not status.total:
        out.say(f"{path} holds no runs.")
        return 0
    out.say(_counts(status))
    shown = None if everything or out.terminal_width() is None else SHOWN
    for state in ORDER:
        _tell_unfinished(state, [run for run in status.unfinished if run.state == state], shown)
    if status.estimated:
        more = f"; at most {out.money(status.estimated)} with what is not known yet"
        out.say(f"\nCharged: {out.money(status.charged)}{more if status.estimated != status.charged else ''}")
    return code


def show_verdict(given: Path | None, *, as_json: bool) -> int:
    """What is wrong in a folder; 0 when nothing is."""
    path = results_or_usual(given)
    verdict = validate(path)
    if as_json:
        out.dump(dataclasses.asdict(verdict) | {"findings": [finding._asdict() for finding in verdict.findings]})
        return int(bool(verdict.findings) or not verdict.checked)
    if not verdict.checked:
        out.say(f"{path} holds no runs, so there is nothing to validate.")
        return 1
    for finding in verdict.findings:
        out.say(f"{finding.folder}: {finding.problem}")
    unfinished = f", {verdict.unfinished:,} not finished" if verdict.unfinished else ""
    bad = len({finding.folder for finding in verdict.findings})
    wrong = f"{out.count(bad, 'folder')} with problems" if bad else "all whole"
    checked = f"{out.count(verdict.checked, 'run folder')}, {out.count(verdict.clips, 'clip')} decoded"
    out.say(f"{checked}{unfinished}: {wrong}.")
    return int(bool(bad))


def _tell_unfinished(state: str, runs: list[Unfinished], shown: int | None) -> None:
    """What a state means, and a line for each run that is in it."""
    if not runs:
        return
    out.say()
    out.say(out.paragraph(f"{len(runs):,} {state}: {WORDS[state]}", rest="  "))
    for run in runs[:shown]:
        out.say(out.paragraph("  ".join(_facts(run)), first="  ", rest="    "))
    if shown and len(runs) > shown:
        out.say(f"  ... and {len(runs) - shown:,} more: --all shows them here, --json gives them to programs")


def _facts(run: Unfinished) -> Iterator[str]:
    yield run.model
    yield run.task
    if run.sample:
        yield f"sample {run.sample}"
    if run.error:
        yield out.short(run.error.replace(run.folder + os.sep, ""))
    yield run.folder


def _counts(status: Status) -> str:
    ends = [end for end in ORDER if any(count[end] for count in status.counts.values())]
    rows = [(model, *(count[end] for end in ends)) for model, count in sorted(status.counts.items())]
    return out.table(("MODEL", *(end.upper() for end in ends)), rows)
