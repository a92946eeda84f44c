"""What Google answers about a job, as pure functions: where it stands, and why there is no video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vmevalkit_core import Done, Failed, Pending, RetryableError
from vmevalkit_veo.words import clipped, is_moderation

INLINE_JOB = "inline_job"
"""Under which extra a finished job is named whose answer holds the video itself."""
INVALID, EXHAUSTED = 3, 8
"""Codes of google.rpc.Code: errors of jobs are numbered like this, not like HTTP."""
WAITING = {"in_progress": "running", "queued": "queued"}
ENDINGS = {
    "cancelled": ("the interaction was cancelled", ""),
    "incomplete": ("Google ended the interaction before there was a video", "a shorter clip may pass"),
    "budget_exceeded": ("the interaction used up its budget", "look at the limits of the project in AI Studio"),
    "requires_action": ("Google wants something done that a video never needs", "--retry-failed sends it again"),
    "requires_continuation": ("Google wants to be asked to go on, as a video never needs", "ask for a shorter clip"),
}
"""The ends of an interaction that are neither success nor failure, in words, and what to do."""
_LATER = "it is Google's fault: try again later with --retry-failed"
_OTHER = "change the picture or the prompt; another seed may pass too"


def inline(job: str) -> Done:
    """A finished job whose answer holds the video itself, to be asked for once more."""
    return Done(extras={INLINE_JOB: job})


def operation_of(answer: Any) -> str:
    """The name of a new operation of Vertex AI; empty where there is none."""
    return _text(answer, "name")


def interaction_of(answer: Any) -> str:
    """The id of a new interaction; empty where there is none."""
    return _text(answer, "id")


def operation_state(answer: Any, job: str) -> Pending | Done | Failed:
    """Where a job stands by `:fetchPredictOperation`; RetryableError when the answer makes no sense."""
    # One that runs is its bare name: there is no `done` before it is true.
    if not _text(answer, "name"):
        raise RetryableError(f"Vertex AI's answer about the job makes no sense: {clipped(answer)}")
    if answer.get("done") is not True:
        return Pending(stage="running")
    if isinstance(error := answer.get("error"), Mapping):
        return _broken(error)
    response = answer.get("response")
    response = response if isinstance(response, Mapping) else {}
    for video in _mappings(response.get("videos")):
        if video.get("bytesBase64Encoded"):
            return inline(job)
        if _text(video, "gcsUri").startswith("gs://"):
            return Done(video_url=video["gcsUri"])
        raise RetryableError(f"Vertex AI's video cannot be found in its answer: {clipped(video)}")
    return _filtered(response)


def interaction_state(answer: Any, job: str) -> Pending | Done | Failed:
    """Where a job stands by `GET /v1/interactions/{id}`; RetryableError when the answer makes no sense."""
    status = _text(answer, "status")
    if not status:
        raise RetryableError(f"Gemini's answer about the job makes no sense: {clipped(answer)}")
    if status == "completed":
        return _completed(answer, job)
    if status == "failed":
        return _failed(answer)
    if status in ENDINGS:
        reason, hint = ENDINGS[status]
        return Failed(reason=reason, hint=hint)
    # A status that is unknown here is surely not one of the ends that Google has today.
    return Pending(stage=WAITING.get(status, clipped(status)))


def _broken(error: Mapping[str, Any]) -> Failed:
    words, code = clipped(error.get("message") or "no reason given").rstrip("."), error.get("code")
    moderated = is_moderation(words)
    hint = _OTHER if moderated else _LATER
    if code == EXHAUSTED:
        hint = "the project's quota was used up: try again later with --retry-failed"
    elif code == INVALID and not moderated:
        hint = "change what the message names"
    return Failed(
        reason=f"Vertex AI failed the job: {words} (code {clipped(code)})",
        hint=hint,
        rejected=code == INVALID,
        moderated=moderated,
    )


def _filtered(response: Mapping[str, Any]) -> Failed:
    """A job that is done and has no video: moderated where Google says so, else just broken."""
    reasons = response.get("raiMediaFilteredReasons")
    words = "; ".join(clipped(one) for one in reasons if one) if isinstance(reasons, list) else ""
    if words or response.get("raiMediaFilteredCount"):
        reason = f"Google's moderation held the video back: {words or 'it gives no reason'}"
        return Failed(reason=reason, hint=_OTHER, moderated=True)
    return Failed(reason="Vertex AI calls the job done and gives neither a video nor a reason", hint=_LATER)


def _completed(answer: Mapping[str, Any], job: str) -> Done | Failed:
    for video in _videos(answer):
        if _text(video, "uri"):
            return Done(video_url=video["uri"], extras=_usage(answer))
        if video.get("data"):
            return inline(job)
        raise RetryableError(f"Gemini's video cannot be found in its answer: {clipped(video)}")
    words = clipped(" ".join(_texts(answer)))
    reason = f"Gemini made no video: {words}" if words else "Gemini calls the job completed and gives no video"
    return Failed(reason=reason, hint=_OTHER, moderated=True)


def _failed(answer: Mapping[str, Any]) -> Failed:
    said = [f"{clipped(one.get('message'))} ({one.get('code')})" for one in _mappings(answer.get("errors"))]
    words = "; ".join(said[:3]) or "no reason given"
    moderated = is_moderation(words)
    return Failed(reason=f"Gemini failed the job: {words}", hint=_OTHER if moderated else _LATER, moderated=moderated)


def _videos(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (part for part in _outputs(answer) if part.get("type") == "video")
    if isinstance(video := answer.get("output_video"), Mapping):
        yield video


def _texts(answer: Mapping[str, Any]) -> list[str]:
    return [_text(part, "text") for part in _outputs(answer) if part.get("type") == "text"]


def _outputs(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the model said, without its thoughts and without what it was shown."""
    for step in _mappings(answer.get("steps")):
        if step.get("type") == "model_output":
            yield from _mappings(step.get("content"))


def _usage(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The tokens that were counted: Google tells no price."""
    usage = answer.get("usage")
    counts = usage.items() if isinstance(usage, Mapping) else ()
    found = {name: count for name, count in counts if isinstance(count, int)}
    return {"usage": found} if found else {}


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else iter(())


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""
