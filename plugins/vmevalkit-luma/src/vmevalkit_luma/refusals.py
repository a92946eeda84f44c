"""What Luma means when it takes nothing: bad input, an empty account, a wrong key, or a pause."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vmevalkit_core import Answer, GenerationError
from vmevalkit_luma import errors
from vmevalkit_luma.answers import clipped

LONGEST_PAUSE = 3600.0
"""Seconds: a run waits for no more than that."""
INPUT = (400, 404, 413, 422)
MODERATION = ("moderation", "blacklist")


def refusal(answer: Answer, *, key: str, asks: bool) -> GenerationError | None:
    """What a refusal means, by its status and its body; None where the status says all.

    `key` names the variable of the key. `asks`: the refusal is of a question, which says nothing about its job.
    """
    words = said(answer)
    if answer.status in (401, 403):
        hint = f"set {key} to a key that is valid; a suspended account only Luma can help"
        return errors.KeyRefused(f"Luma refuses the key: {words}", hint=hint)
    if answer.status == 429 or (answer.status == 503 and answer.retry_after is not None):
        return _pause(answer, words)
    if asks:
        return None
    if answer.status == 402 or (answer.status == 400 and "insufficient credit" in words.lower()):
        return errors.NoCredit(f"Luma: {words}", hint="buy credits on Luma's page of the API, then run again")
    if answer.status in INPUT and any(word in words.lower() for word in MODERATION):
        return errors.ModeratedError(f"Luma refuses the content: {words}", hint="change the picture or the prompt")
    if answer.status in INPUT:
        hint = "the base address is wrong" if answer.status == 404 else "see: vmeval models show"
        return errors.RejectedError(f"Luma refuses the request: {words}", hint=hint)
    return None


def requests_a_minute(answer: Answer) -> int | None:
    """How many requests a minute the account has, where a refusal tells; None where it does not."""
    limit = answer.headers.get("x-ratelimit-limit", "")
    return int(limit) if answer.status == 429 and limit.isdecimal() and int(limit) else None


def said(answer: Answer) -> str:
    """Luma's words: `detail` is a sentence, or a list of what is wrong with which field."""
    detail = _detail(answer)
    if isinstance(detail, list):
        detail = "; ".join(_issue(one) for one in detail[:5])
    return clipped(detail).rstrip(".") if detail else answer.text or f"status {answer.status}"


def is_lumas(answer: Answer) -> bool:
    """Whether a refusal has the shape of Luma's own: others answer at a wrong address, too."""
    return bool(_detail(answer))


def _detail(answer: Answer) -> Any:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    return body.get("detail") if isinstance(body, Mapping) else None


def _issue(one: Any) -> str:
    if not isinstance(one, Mapping):
        return clipped(one)
    where = one.get("loc")
    path = ".".join(map(str, where)) if isinstance(where, list) and where else "body"
    return f"{path}: {clipped(one.get('msg', one.get('type')))}"


def _pause(answer: Answer, words: str) -> GenerationError:
    """Two limits share the status 429, of requests a minute and of jobs at once; both pass."""
    wait = answer.retry_after
    if wait is not None and wait > LONGEST_PAUSE:
        hint = f"Luma asks to come back in {wait / 3600:.1f} h: run the same command again then"
        return errors.QuotaExhausted(f"Luma takes no more for now: {words}", retry_after=wait, hint=hint)
    return errors.Throttled(f"Luma asks for patience: {words}", retry_after=wait)
