"""What Runway means when it takes nothing: bad input, an empty account, a wrong key, or the quota of the day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vmevalkit_core import (
    Answer,
    GenerationError,
    KeyRefused,
    ModeratedError,
    NoCredit,
    QuotaExhausted,
    Refusal,
    RejectedError,
)
from vmevalkit_runway.answers import clipped


def refusal(answer: Answer) -> GenerationError | None:
    """What a refusal means, by its status and its body; None where the status says all.

    Bad input and an empty account share the status 400. 429 without a time to come back is the quota of the day: what
    is too much at once is taken, and waits as THROTTLED. A refused poll says nothing about its job.
    """
    words = _error_words(answer)
    if answer.status == 401:
        return KeyRefused(f"Runway refuses the key: {words}", hint="set RUNWAYML_API_SECRET to a key that is enabled")
    if "/v1/tasks/" in answer.url:
        return None
    if answer.status == 400 and "credit" in words.lower() and not _issues(answer):
        return NoCredit(f"Runway: {words}", hint="buy credits at https://dev.runwayml.com, then run again")
    if answer.status == 400 and "moderation" in words.lower():
        return ModeratedError(f"Runway refuses the content: {words}", hint="change the picture or the prompt")
    if answer.status == 400:
        return RejectedError(f"Runway refuses the request: {words}", hint="vmeval models show lists what a model takes")
    if answer.status == 429 and answer.retry_after is None:
        hint = "run again later; the page Usage at https://dev.runwayml.com shows the limits of your organization"
        return QuotaExhausted(f"Runway's quota of the last 24 hours is used up: {words}", hint=hint)
    return None


def said_by_runway(answer: Answer) -> str:
    """Runway's own words in a refusal; Refusal where they are somebody else's, such as a gateway's."""
    if not isinstance(_body(answer).get("error"), str):
        raise Refusal(answer)
    return _error_words(answer)


def _error_words(answer: Answer) -> str:
    """Runway's sentence, and which fields it is about."""
    body = _body(answer)
    said = body.get("error")
    text = clipped(said).rstrip(".") if isinstance(said, str) and said else answer.text or f"status {answer.status}"
    return f"{text} ({'; '.join(issues)})" if (issues := _issues(answer)) else text


def _issues(answer: Answer) -> list[str]:
    """`promptImage: too small` for each issue of a validation."""
    issues = _body(answer).get("issues")
    found = [one for one in issues if isinstance(one, Mapping)] if isinstance(issues, list) else []
    return [f"{_field(one.get('path'))}: {clipped(one.get('message', one.get('code')))}" for one in found[:5]]


def _field(path: Any) -> str:
    return ".".join(map(str, path)) if isinstance(path, list) and path else clipped(path or "body")


def _body(answer: Answer) -> Mapping[str, Any]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, Mapping) else {}
