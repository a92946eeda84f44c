"""Reads an output tree as it is: how far each run got, and whether what it claims is true."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from vmevalkit_core.attempts import LIVE, QUESTION, VIDEO, Attempt, find_attempts
from vmevalkit_core.errors import ClipError, UsageError
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.questions import SHOWN_FILES
from vmevalkit_core.store import clip_part

WORDS = {
    "submitting": "a request may have been sent; the next command looks for its job before anything else",
    "unsent": "it was stopped before anything was sent; the next command sends it",
    "submitted": "the provider has the job; the next run collects it",
    "running": "a command is at it, or was interrupted; then the next one does it again, at no cost",
    "broken": "it succeeded, but its video is gone or changed; `vmeval validate` looks closer",
    "uncertain": "the answer to a paid request was lost; see --adopt and --resubmit-uncertain",
    "failed": "it failed; --retry-failed tries it again",
    "cancelled": "it was cancelled; --retry-failed tries it again",
    "damaged": "its record cannot be read, so nothing is done about it",
}
"""What each end other than success means for the user."""
BATCH = 256


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
        domain, task_id = os.path.abspath(self.folder).split(os.sep)[-3:-1]
        return f"{domain.removesuffix('_task')}/{task_id}"

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


class Finding(NamedTuple):
    """Something about a run folder that is not as it should be."""

    folder: str
    problem: str


@dataclass(slots=True)
class Verdict:
    """What `validate` found."""

    checked: int = 0
    clips: int = 0
    unfinished: int = 0
    findings: list[Finding] = field(default_factory=list)


def status_of(path: str | Path) -> Status:
    """The status of every run at or below a folder; no video is opened."""
    status = Status()
    for _, together in groupby(_attempts(path), key=lambda one: os.path.dirname(one.folder)):
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


def validate(path: str | Path) -> Verdict:
    """Every record, question copy and clip at or below a folder, read, hashed and decoded to the last frame."""
    verdict = Verdict()
    attempts = iter(_attempts(path))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        while batch := list(islice(attempts, BATCH)):  # `map` alone would list a whole tree first
            for attempt, problems in zip(batch, pool.map(problems_of, batch), strict=True):
                verdict.checked += 1
                verdict.clips += not attempt.problem and attempt.status == "success"
                verdict.unfinished += not attempt.problem and attempt.status in LIVE
                verdict.findings += [Finding(attempt.folder, problem) for problem in problems]
    return verdict


def problems_of(attempt: Attempt) -> list[str]:
    """What is wrong with one run folder; empty when it is whole."""
    if attempt.problem:
        return [attempt.problem]
    try:
        metadata = attempt.metadata()
    except ValidationError as error:
        first = error.errors()[0]
        return [f"metadata.json: {'.'.join(map(str, first['loc']))}: {first['msg']}"]
    return [*_record_problems(attempt, metadata), *_question_problems(attempt, metadata), *clip_problems(attempt)]


def clip_problems(attempt: Attempt) -> Iterator[str]:
    """What is wrong with the video of a run, decoded to its last frame, and beside it."""
    part, succeeded = clip_part(Path(attempt.folder)), attempt.status == "success"
    if part.exists() and attempt.status not in LIVE:
        yield f"{part.name} was left behind"
    if (succeeded or os.path.exists(attempt.clip_path)) and (problem := clip_problem(attempt)):
        yield problem


def clip_problem(attempt: Attempt) -> str | None:
    """What is wrong with the video itself: it does not decode, or it is not the one on record."""
    from vmevalkit_core.media.clips import check_clip

    try:
        info = check_clip(attempt.clip_path)
    except ClipError as error:
        return f"{VIDEO}: {error}"
    recorded = attempt.provenance.get("clip") or {}
    if attempt.status == "success" and recorded.get("sha256") != info.sha256:
        return f"{VIDEO} is not the file that was recorded (sha256 {info.sha256[:12]})"
    return None


def _record_problems(attempt: Attempt, metadata: RunMetadata) -> Iterator[str]:
    if metadata.inference.run_id != attempt.run_id:
        yield f"metadata.json is of {metadata.inference.run_id}"
    if metadata.inference.status == "success" and metadata.provenance.clip is None:
        yield "metadata.json calls it a success without facts about a clip"


def _question_problems(attempt: Attempt, metadata: RunMetadata) -> Iterator[str]:
    facts = metadata.provenance
    hashes = {"prompt": facts.prompt_sha256}
    hashes |= {
        name: frame.source_sha256
        for name in ("first_frame", "final_frame")
        if (frame := getattr(facts, name)) is not None
    }
    for name, recorded in hashes.items():
        path = Path(attempt.folder, QUESTION, SHOWN_FILES[name])
        if not path.is_file():
            yield f"{QUESTION}/{path.name} is missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != recorded:
            yield f"{QUESTION}/{path.name} is not what the model was shown"


def _attempts(path: str | Path) -> Iterable[Attempt]:
    if not Path(path).is_dir():
        what = "is a file, not a folder" if Path(path).exists() else "does not exist"
        raise UsageError(f"{path} {what}", hint="give the folder that `vmeval run` named, or one above it")
    return find_attempts(path)


def _unfinished(attempt: Attempt, state: str, model: str) -> Unfinished:
    if attempt.problem:  # which sample it was, only the record knew
        return Unfinished(attempt.folder, state, model, 0, attempt.problem)
    error = attempt.data["inference"].get("error") or ""
    return Unfinished(attempt.folder, state, model, attempt.sample, str(error))


def _model_of(attempt: Attempt) -> str:
    if attempt.problem:
        parts = Path(os.path.abspath(attempt.folder)).parts
        return parts[-4] if len(parts) > 4 else "?"
    return str(attempt.data["inference"].get("model", "?"))


def _money(value: str | None) -> Decimal:
    try:
        return Decimal(value or 0)
    except InvalidOperation:
        return Decimal(0)
