"""`status` and `validate`: what a folder of results holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from vmevalkit_core.audit import WORDS, Status, status_of, validate
from vmevalkit_core.cli.catalog import results_or_usual
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


def show_status(given: Path | None, *, as_json: bool) -> int:
    """A table of models and ends, then every unfinished run in words."""
    path = results_or_usual(given)
    status = status_of(path)
    if as_json:
        out.dump(status.to_json())
        return 0
    if not status.total:
        out.say(f"{path} holds no runs yet.")
        return 0
    out.say(_counts(status))
    for folder, state, error in status.unfinished:
        out.say(f"\n{folder}\n  {state}: {WORDS.get(state, state)}" + (f"\n  {error}" if error else ""))
    hidden = status.total - sum(count["success"] for count in status.counts.values()) - len(status.unfinished)
    if hidden:
        out.say(f"\n... and {hidden:,} more that are no success")
    if status.estimated:
        more = f"; at most {out.money(status.estimated)} with what is not known yet"
        out.say(f"\nCharged: {out.money(status.charged)}{more if status.estimated != status.charged else ''}")
    return 0


def show_verdict(given: Path | None, *, as_json: bool) -> int:
    """What is wrong in a folder; 0 when nothing is."""
    path = results_or_usual(given)
    verdict = validate(path)
    if as_json:
        out.dump(dataclasses.asdict(verdict) | {"findings": [finding._asdict() for finding in verdict.findings]})
        return int(bool(verdict.findings))
    if not verdict.checked:
        out.say(f"{path} holds no runs yet.")
        return 0
    for finding in verdict.findings:
        out.say(f"{finding.folder}: {finding.problem}")
    unfinished = f", {verdict.unfinished:,} not finished" if verdict.unfinished else ""
    bad = len({finding.folder for finding in verdict.findings})
    wrong = f"{out.count(bad, 'folder')} with problems" if bad else "all whole"
    checked = f"{out.count(verdict.checked, 'run folder')}, {out.count(verdict.clips, 'clip')} decoded"
    out.say(f"{checked}{unfinished}: {wrong}.")
    return int(bool(bad))


def _counts(status: Status) -> str:
    ends = [end for end in ORDER if any(count[end] for count in status.counts.values())]
    rows = [(model, *(count[end] for end in ends)) for model, count in sorted(status.counts.items())]
    return out.table(("MODEL", *(end.upper() for end in ends)), rows)
