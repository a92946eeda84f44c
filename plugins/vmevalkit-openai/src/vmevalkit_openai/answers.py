"""What a video server answers, as pure functions: where a job stands, where its video is, which jobs there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vmevalkit_core import Answer, Candidate, Done, Failed, GenerationRequest, Pending, RetryableError
from vmevalkit_openai.payload import TOKEN

FINISHED = {"completed", "succeeded", "success"}
FAILED = {"failed", "error"}
OVER = {"cancelled", "canceled", "deleted", "expired"}
"""The words for the ends, OpenAI's own first; any other word means that the job goes on."""
LINKS = ("url", "video_url", "download_url")
"""Where a server may put a link to the video; OpenAI's own API has none."""
MODERATED = re.compile(r"moderat|content.?policy|\bsafety\b|sensitive|nsfw|prohibited", re.IGNORECASE)
POLL_AFTER = "openai-poll-after-ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When a request may have arrived."""

    since: datetime
    until: datetime

    def holds(self, when: datetime | None) -> bool:
        """Whether a job may be from then; one without a time may."""
        return when is None or self.since <= when <= self.until


def accepted(video: Any) -> str:
    """The id of a new job, empty where there is none; a server may count its jobs."""
    job = video.get("id") if isinstance(video, Mapping) else None
    return str(job) if isinstance(job, str | int) and not isinstance(job, bool) else ""


def job_state(answer: Answer, content: str, *, links: bool = True) -> Pending | Done | Failed:
    """Where a job stands; RetryableError when the answer makes no sense.

    `content` is where the server itself has the video; a link in the answer counts for more where `links` allows it.
    """
    video = answer.json()
    if not isinstance(video, Mapping) or not isinstance(video.get("status"), str):
        raise RetryableError(f"the server's answer about the job makes no sense: {clipped(video)}")
    status = video["status"].lower()
    if status in FINISHED:
        return Done(video_url=(_link(video) if links else "") or content)
    if status in FAILED:
        return _failed(video)
    if status in OVER:
        return Failed(reason=f"the job was {status} at the server{_because(video)}")
    return Pending(progress=_share(video.get("progress")), stage=clipped(status), poll_after=_poll_after(answer))


def rows(listed: Any) -> list[Mapping[str, Any]]:
    """What is on one page of a list, jobs or models; RetryableError when it makes no sense."""
    found = listed.get("data") if isinstance(listed, Mapping) else None
    if not isinstance(found, list):
        raise RetryableError(f"the server's list makes no sense: {clipped(listed)}")
    return [row for row in found if isinstance(row, Mapping) and isinstance(row.get("id"), str)]


def candidates(listed: Sequence[Mapping[str, Any]], request: GenerationRequest, span: Span) -> Iterator[Candidate]:
    """The jobs that may be a request's: by our token for sure, else by prompt and time, or by time alone."""
    for row in listed:
        made = created(row)
        if request.token and request.token in _marks(row):
            yield Candidate(id=row["id"], created=made, exact=True)
        elif span.holds(made) and row.get("prompt") in (None, request.prompt) and not any(_marks(row)):
            yield Candidate(id=row["id"], created=made)


def created(row: Mapping[str, Any]) -> datetime | None:
    """When a listed job was made; None where the list does not say."""
    seconds = row.get("created_at")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def clipped(value: Any) -> str:
    """A server's words on one line, not endless."""
    text = " ".join(str(value).split())
    return text if len(text) <= 300 else f"{text[:300]}..."


def _marks(row: Mapping[str, Any]) -> tuple[str, str]:
    """What stands where our token would."""
    metadata, user = row.get("metadata"), row.get("user")
    mark = metadata.get(TOKEN) if isinstance(metadata, Mapping) else ""
    return (mark if isinstance(mark, str) else "", user if isinstance(user, str) else "")


def _link(video: Mapping[str, Any]) -> str:
    links = [video.get(name) for name in LINKS]
    return next((link for link in links if isinstance(link, str) and link.startswith(("http://", "https://"))), "")


def _failed(video: Mapping[str, Any]) -> Failed:
    error = video.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    said = error.get("message") if isinstance(error, Mapping) else error
    words = clipped(said or "no reason given").rstrip(".")
    reason = f"the server failed the job: {words}" + (f" ({clipped(code)})" if code else "")
    if MODERATED.search(reason):
        return Failed(reason=reason, hint="change the picture or the prompt, or take another seed", moderated=True)
    return Failed(reason=reason, hint="the server's log may say more; --retry-failed sends it again")


def _because(video: Mapping[str, Any]) -> str:
    error = video.get("error")
    said = error.get("message") if isinstance(error, Mapping) else error
    return f": {clipped(said)}" if said else ""


def _share(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100
    return value / 100 if known else None


def _poll_after(answer: Answer) -> float | None:
    asked = answer.headers.get(POLL_AFTER, "").strip()
    return min(int(asked) / 1000, 600.0) if asked.isdecimal() else None
