"""What a caller gets for a run: a typed result that is also a read-only mapping, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

from pydantic import ValidationError

from vmevalkit_core.attempts import Attempt, read_attempt
from vmevalkit_core.errors import RecordError, UnfinishedRun
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.records import RunKey
from vmevalkit_core.runner import Outcome
from vmevalkit_core.standing import WORDS


@dataclass(frozen=True, kw_only=True, eq=False)
class RunResult(Mapping[str, Any]):
    """How a run ended: `result.status`, or as a mapping `result["status"]`; `dict(result)` is JSON."""

    status: Literal["success", "failed"]
    video_path: str | None
    """The checked clip, found from the run folder; None unless the run succeeded."""
    error: str | None
    """Why the run failed, in one sentence."""
    model: str
    question_id: str
    domain: str
    sample: int
    run_id: str
    generation_id: str | None
    """The provider's id of the job."""
    inference_dir: str
    """The run folder."""
    duration_seconds: float | None
    cost: str | None
    """US dollars that the vendor says it charged, as a decimal number; None where it does not say."""

    def __getitem__(self, name: str) -> Any:
        if name not in _NAMES:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)

    @cached_property
    def metadata(self) -> RunMetadata:
        """The whole record, metadata.json, as it was when this was first asked; RecordError when it cannot be read."""
        attempt = read_attempt(self.inference_dir)
        if attempt.problem:
            raise RecordError(attempt.problem, hint=attempt.remedy)
        try:
            return attempt.metadata()
        except ValidationError as error:
            raise RecordError(f"{self.inference_dir}: its record is of another tool: {error.errors()[0]}") from error


_NAMES = tuple(field.name for field in fields(RunResult))


def result_of(key: RunKey, attempt: Attempt, failure: str = "") -> RunResult:
    """The result that a record tells of; `failure` is why a run that once succeeded counts as failed now."""
    inference, output = attempt.data["inference"], attempt.data.get("output") or {}
    good = inference["status"] == "success" and not failure
    return RunResult(
        status="success" if good else "failed",
        video_path=attempt.clip_path if good else None,
        error=None if good else failure or inference.get("error") or "failed",
        model=key.model,
        question_id=key.task_id,
        domain=key.domain,
        sample=key.sample,
        run_id=attempt.run_id,
        generation_id=output.get("generation_id"),
        inference_dir=attempt.folder,
        duration_seconds=inference.get("duration_seconds"),
        cost=(attempt.provenance.get("cost") or {}).get("charged"),
    )


def ended(outcome: Outcome) -> RunResult | UnfinishedRun:
    """What an outcome of the engine means to the caller."""
    attempt = read_attempt(outcome.folder) if outcome.folder else None
    if attempt and not attempt.problem and outcome.end in ("success", "elsewhere", "failed"):
        return result_of(outcome.key, attempt, outcome.error if outcome.end == "failed" else "")
    # Without a folder the engine's "failed" means that it never came to the run.
    end = "blocked" if outcome.end == "failed" else outcome.end
    error = unfinished(outcome.key, end, outcome.error, hint=outcome.hint, attempt=attempt)
    error.generation_id = error.generation_id or outcome.job
    error.__cause__ = outcome.cause
    return error


def standing(key: RunKey, attempts: list[Attempt]) -> UnfinishedRun:
    """Where a run stands that was stopped on the way, from the attempts at it."""
    newest = attempts[-1] if attempts else None
    if newest is None or newest.problem or newest.was_not_sent or newest.status in ("success", "failed"):
        return unfinished(key, "stopped", "it was stopped before it was sent")
    return unfinished(key, newest.status, "", attempt=newest)


def unfinished(
    key: RunKey, status: str, reason: str, *, hint: str = "", attempt: Attempt | None = None
) -> UnfinishedRun:
    """The end of a run that is neither a success nor a failure, in words."""
    task = f"{key.domain}/{key.task_id}" if key.domain else f"task {key.task_id!r}"
    name = f"{key.model} {task}" + (f" sample {key.sample}" if key.sample else "")
    return UnfinishedRun(
        f"{name} is {status}: {reason or WORDS.get(status, 'it has no clip yet')}",
        hint=hint or (attempt.remedy if attempt and status == "damaged" else ""),
        generation_id=_job(attempt) if attempt and not attempt.problem else None,
        status=status,
        folder=attempt.folder if attempt else None,
        model=key.model,
        domain=key.domain,
        question_id=key.task_id,
        sample=key.sample,
    )


def _job(attempt: Attempt) -> str | None:
    output = attempt.data.get("output") or {}
    job: str | None = (attempt.provenance.get("submission") or {}).get("id") or output.get("generation_id")
    return job
