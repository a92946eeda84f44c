"""How a run ends: the clip checked and in place, or a reason, and never more certainty than there is."""

from __future__ import annotations

import shutil
import traceback
from decimal import Decimal

from vmevalkit_core import durable
from vmevalkit_core.attempts import VIDEO
from vmevalkit_core.errors import (
    ClaimsUnavailable,
    ClipError,
    GenerationError,
    JobFailed,
    RejectedError,
    RetryableError,
    UncertainSubmitError,
    UsageError,
    VmevalError,
)
from vmevalkit_core.generator.collecting import JOB_ENDED
from vmevalkit_core.media.clips import ClipInfo, check_clip
from vmevalkit_core.metadata import ClipFacts, Failure
from vmevalkit_core.records import Clip, RunStatus
from vmevalkit_core.redact import without_query
from vmevalkit_core.runner.handle import Handle, plain
from vmevalkit_core.runner.record import loaded_versions
from vmevalkit_core.runner.refusals import way_on
from vmevalkit_core.runner.report import Outcome

NOT_TAKEN = (RetryableError, RejectedError, JobFailed, UsageError)
"""Errors that say, before there is an id, that the vendor has not taken the request."""


class NotSent(VmevalError):
    """Nothing was sent, by the user's stop or because the plan was about another request."""


class BrokenClip(ClipError):
    """What was fetched is not whole, and can be fetched again."""

    def __init__(self, error: ClipError) -> None:
        super().__init__(error.message, hint=error.hint)


def land(clip: Clip, handle: Handle) -> ClipInfo:
    """Check the video to its last frame and give it its final name."""
    part = handle.clip_path
    if not isinstance(clip, Clip):
        # What was asked may have been billed, so this is no PluginError, which would say that it was not.
        raise ClipError(f"generate returned {type(clip).__name__} {clip!r:.60} instead of a Clip", hint=_CLIP_HINT)
    if not clip.path.is_file():
        wrote = "generate wrote nothing to job.clip_path" if clip.path == part else f"{clip.path} is no file"
        raise ClipError(wrote, hint=_CLIP_HINT)
    if clip.path != part and clip.path.resolve() != part.resolve():
        shutil.copyfile(clip.path, part)  # not moved: a cache hands out files that it keeps
    try:
        info = check_clip(part)
    except ClipError as error:
        raise ClipError(error.message.replace(part.name, "the model's clip"), hint=error.hint) from error
    durable.land(part, handle.folder / VIDEO)
    return info


def describe_success(handle: Handle, clip: Clip, info: ClipInfo) -> None:
    """Put what a clip is, and what it cost, into a record that is not written yet."""
    metadata, facts = handle.metadata, handle.metadata.provenance
    facts.clip = ClipFacts(**{name: getattr(info, name) for name in ClipFacts.model_fields})
    facts.extras = {**facts.extras, **plain(clip.extras)}
    facts.cost.charged = clip.cost
    facts.job_seconds = clip.job_seconds
    facts.failure = None
    facts.versions = loaded_versions() | clip.versions
    facts.device = clip.device
    metadata.output.video_path = str(handle.folder / VIDEO)
    metadata.output.generation_id = clip.generation_id or metadata.output.generation_id
    metadata.output.video_url = without_query(clip.video_url) if clip.video_url else None


async def succeed(handle: Handle) -> None:
    """Put a success on record; an OSError says that it may not be there."""
    await _end(handle, "success", "")
    handle.tell("done", seconds=handle.metadata.inference.duration_seconds)


async def fail(handle: Handle, error: BaseException, *, paid: bool) -> None:
    """Put on record why a run did not succeed, and how certain that is."""
    handle.clip_path.unlink(missing_ok=True)
    status, metadata = _status_after(error, handle, paid=paid), handle.metadata
    metadata.provenance.failure = Failure(
        type=(ClipError if isinstance(error, BrokenClip) else type(error)).__name__,
        hint=_hint_of(error, status, handle),
        traceback="".join(traceback.format_exception(error)),
    )
    if isinstance(error, GenerationError) and error.generation_id:
        metadata.output.generation_id = str(error.generation_id)
    if status == "failed" and paid and handle.submission is None:
        metadata.provenance.cost.charged = Decimal(0)  # surely not taken
    elif isinstance(error, GenerationError) and error.charged is not None:
        metadata.provenance.cost.charged = error.charged
    known = isinstance(error, VmevalError)
    text = str(error) or type(error).__name__
    await _end(handle, status, text if known else f"{type(error).__name__}: {text}")
    handle.tell("failed", error=handle.store.redactor.text(metadata.inference.error or ""))


def outcome_of(handle: Handle, *, lost: OSError | ClaimsUnavailable | None = None) -> Outcome:
    """What to tell of a run; `lost` is why its last state could not be written."""
    inference, facts = handle.metadata.inference, handle.metadata.provenance
    hint, error = facts.failure.hint if facts.failure else "", inference.error or handle.unsent
    if handle.refused:
        hint = handle.refused.hint
    if lost:
        error, hint = _unrecorded(handle, lost)
    return Outcome(
        key=handle.key,
        end="unrecorded" if lost else "blocked" if handle.refused else "stopped" if handle.unsent else inference.status,
        cause=handle.refused,
        folder=str(handle.folder),
        error=handle.store.redactor.text(error),
        hint=handle.store.redactor.text(hint),
        seconds=inference.duration_seconds,
        charged=facts.cost.charged,
        job=facts.submission.id if facts.submission else None,
    )


def _unrecorded(handle: Handle, lost: OSError | ClaimsUnavailable) -> tuple[str, str]:
    """Why the last state of a run is not on disk, and what the user can do: the job first, for lines are cut."""
    reason = str(lost) if isinstance(lost, ClaimsUnavailable) else lost.strerror or lost
    error, hint = f"{reason}, so {handle.folder} cannot be written", way_on(lost)
    if handle.id_is_lost and handle.submission:
        return f"job {handle.submission.id} is not on record: {error}", f"{hint} with {handle.adoption}"
    if handle.submission:
        return f"job {handle.submission.id} waits to be collected: {error}", hint
    if handle.unsent and handle.metadata.inference.status == "submitting":
        return f"nothing was sent: {error}", f"{hint}; --resubmit-uncertain is safe for this run, should it ask for it"
    return error, hint


def _hint_of(error: BaseException, status: RunStatus, handle: Handle) -> str:
    """What to do, by whoever raised the error, else by where the run stands."""
    hint = str(getattr(error, "hint", "") or "")
    if isinstance(error, ClipError) and status == "submitted":
        known = "" if isinstance(error, BrokenClip) else hint  # that of the check is for whoever has the file only
        return "; ".join(filter(None, (known, _FETCH_HINT.format(folder=handle.folder))))
    if hint:
        return hint
    if not isinstance(error, VmevalError):
        return _TRACE_HINT
    return _COLLECT_HINT if status == "submitted" else ""


def _status_after(error: BaseException, handle: Handle, *, paid: bool) -> RunStatus:
    if handle.submission is not None:
        return "failed" if isinstance(error, JOB_ENDED) else "submitted"
    if isinstance(error, UncertainSubmitError) or handle.recovering:
        return "uncertain"
    return "failed" if isinstance(error, NOT_TAKEN) or handle.surely_unsent or not paid else "uncertain"


async def _end(handle: Handle, status: RunStatus, error: str) -> None:
    inference = handle.metadata.inference
    inference.status = status
    inference.error = error or None
    inference.duration_seconds = round(handle.seconds, 3)
    await handle.settle()


_COLLECT_HINT = "run the same command again: it collects this job, which is not sent again"
_FETCH_HINT = (
    "run the same command again to fetch it once more; "
    "`vmeval cancel {folder} --give-up` lets go of it, and --retry-failed then pays for another"
)
_TRACE_HINT = "the traceback is in the run's metadata.json, under provenance.failure"
_CLIP_HINT = "end `generate` with `return Clip(path=job.clip_path)`"
