"""How far each run of an output tree got, and what that means for the user."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from vmevalkit_core.attempts import Attempt, attempts_at

WORDS = {
    "submitting": "a request may have been sent; the next command looks for its job before anything else",
    "unsent": "nothing was sent: it was stopped, or the account could not go on; the next command sends it",
    "submitted": "the provider has the job; the next run collects it",
    "running": "a command is at it, or was interrupted; then the next one does it again, at no cost",
    "broken": "it succeeded, but its video is gone or changed; `vmeval validate` looks closer",
    "uncertain": "the answer to a paid request was lost; see --adopt and --resubmit-uncertain",
    "failed": "it failed; --retry-failed tries it again",
    "cancelled": "it was cancelled; --retry-failed tries it again",
    "damaged": "its record cannot be read, so nothing is done about it",
}
"""What each end other than success means for the user."""


class Unfinished(NamedTuple):
    """A run that is no success; a tuple, because there may be a hundred thousand of them."""

    folder: str
    """The attempt that counts."""
    state: str
    """A key of WORDS."""
    model: str
    sample: int
    error: str

    @property
    def task(self) -> str:
        """Domain and task id, as the folder has them."""
        _, domain, task_id = _place(self.folder)
        return f"{domain}/{task_id}"

    def to_json(self) -> dict[str, Any]:
        """The same facts as plain values."""
        domain, _, task_id = self.task.partition("/")
        return {
            "folder": self.folder,
            "status": self.state,
            "model": self.model,
            "domain": domain,
            "task_id": task_id,
            "sample": self.sample,
            "error": self.error,
        }


@dataclass(slots=True)
class Status:
    """How the runs of each model stand, by the newest attempt that counts, and what all attempts cost."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    unfinished: list[Unfinished] = field(default_factory=list)
    """Every run that is no success."""
    charged: Decimal = Decimal(0)
    estimated: Decimal = Decimal(0)

    def add(self, attempts: list[Attempt]) -> None:
        """Count one run, given by its attempts; the newest success counts, else the newest."""
        states = [_state(one) for one in attempts]
        for one, state in zip(attempts, states, strict=True):
            self._add_cost(one, state)
        at = len(states) - 1 - states[::-1].index("success") if "success" in states else -1
        attempt, status = attempts[at], states[at]
        model = sys.intern(_model_of(attempt))
        self.counts.setdefault(model, Counter())[status] += 1
        if status != "success":
            self.unfinished.append(_unfinished(attempt, status, model))

    def _add_cost(self, attempt: Attempt, state: str) -> None:
        cost = {} if state == "unsent" else attempt.provenance.get("cost") or {}
        self.charged += _money(cost.get("charged"))
        self.estimated += _money(cost.get("charged") or cost.get("estimated"))

    def to_json(self) -> dict[str, Any]:
        """The same facts as plain values."""
        return {
            "models": {model: dict(count) for model, count in self.counts.items()},
            "unfinished": [run.to_json() for run in self.unfinished],
            "charged": str(self.charged),
            "at_most": str(self.estimated),
        }

    @property
    def total(self) -> int:
        """All runs."""
        return sum(count.total() for count in self.counts.values())


def status_of(path: str | Path) -> Status:
    """The status of every run at or below a folder; no video is opened."""
    status = Status()
    for _, together in groupby(attempts_at(path), key=lambda one: os.path.dirname(one.folder)):
        for attempts in _runs_of(together):
            status.add(attempts)
    return status


def _runs_of(together: Iterable[Attempt]) -> Iterator[list[Attempt]]:
    """The attempts of one task folder, divided into runs; a record that cannot be read is a run of its own."""
    runs: dict[int, list[Attempt]] = {}
    for one in together:
        if one.problem:
            yield [one]
        else:
            runs.setdefault(one.sample, []).append(one)
    for attempts in runs.values():
        yield sorted(attempts, key=lambda one: (one.number, one.run_id))


def _state(attempt: Attempt) -> str:
    if attempt.problem:
        return "damaged"
    if attempt.was_not_sent:
        return "unsent"
    return "broken" if attempt.status == "success" and not attempt.has_clip() else attempt.status


def _unfinished(attempt: Attempt, state: str, model: str) -> Unfinished:
    if attempt.problem:  # which sample it was, only the record knew
        return Unfinished(attempt.folder, state, model, 0, attempt.problem)
    error = attempt.data["inference"].get("error") or ""
    return Unfinished(attempt.folder, state, model, attempt.sample, str(error))


def _model_of(attempt: Attempt) -> str:
    return _place(attempt.folder)[0] if attempt.problem else str(attempt.data["inference"].get("model", "?"))


def _place(folder: str) -> tuple[str, str, str]:
    """Model, domain and task id, as the path of a run has them; question marks for a folder above the runs."""
    model, domain, task_id = ["", "", "", *os.path.abspath(folder).split(os.sep)][-4:-1]
    return (model, domain.removesuffix("_task"), task_id) if domain.endswith("_task") else ("?", "?", "?")


def _money(value: str | None) -> Decimal:
    try:
        return Decimal(value or 0)
    except InvalidOperation:
        return Decimal(0)
