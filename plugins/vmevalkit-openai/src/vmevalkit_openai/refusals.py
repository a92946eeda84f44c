"""What a video server means when it takes nothing: bad input, no money, a wrong key, an API that is not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vmevalkit_core import Answer, GenerationError, KeyRefused, ModeratedError, NoCredit, RejectedError
from vmevalkit_openai.answers import MODERATED, clipped

POOR = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
"""Codes or types that share a status with too many calls or bad input; waiting does not help."""
OPENAI = "https://api.openai.com/"
GONE = "OpenAI closed its Videos API on 2026-09-24; set OPENAI_BASE_URL to a server that has one"
ADDRESS = "look at the model's name, and at the base address, which usually ends in /v1"


def refusal(answer: Answer, key: str) -> GenerationError | None:
    """What a refusal of a create request means, by status and code; None where the status says all.

    `key` is the variable that holds the key, empty where there is none.
    """
    error, words = _error(answer), _words(answer)
    code = str(error.get("code") or "")
    kinds = {code, str(error.get("type") or "")}
    if answer.status == 401:
        return key_refused(answer, key)
    if answer.status in (400, 402, 403, 429) and kinds & POOR:
        return NoCredit(f"the server: {words}", hint="the account has no money left: top it up, then run again")
    if answer.status in (400, 403, 422) and MODERATED.search(f"{code} {words}"):
        return ModeratedError(f"the server refuses the content: {words}", hint="change the picture or the prompt")
    if answer.status in (400, 413, 422):
        return RejectedError(f"the server refuses the request: {words}", hint="see: vmeval models show")
    if answer.status in (404, 405, 410):
        hint = GONE if answer.url.startswith(OPENAI) else ADDRESS
        return RejectedError(f"the server has no such model or address: {words}", hint=hint)
    return None


def key_refused(answer: Answer, key: str) -> KeyRefused:
    """A key that the server does not know, or does not get."""
    hint = f"set {key} to the key of this server" if key else "the server wants a key: name its variable as `key`"
    return KeyRefused(f"the server refuses the key: {_words(answer)}", hint=hint)


def is_apis(answer: Answer) -> bool:
    """Whether a refusal is an API's own: a gateway, or a web server at a wrong address, shows a page."""
    return bool(_error(answer).get("message") or _body(answer).get("detail"))


def _words(answer: Answer) -> str:
    """The server's sentence, or those of FastAPI about each field."""
    said = _error(answer).get("message")
    if isinstance(said, str) and said:
        return clipped(said).rstrip(".")
    detail = _body(answer).get("detail")
    if isinstance(detail, list):
        return "; ".join(_field(one) for one in detail[:5] if isinstance(one, Mapping)) or answer.text
    return clipped(detail) if isinstance(detail, str) and detail else answer.text or f"status {answer.status}"


def _field(one: Mapping[str, Any]) -> str:
    where = one.get("loc")
    name = ".".join(str(part) for part in where if part != "body") if isinstance(where, list) else ""
    return f"{name or 'body'}: {clipped(one.get('msg'))}"


def _error(answer: Answer) -> Mapping[str, Any]:
    error = _body(answer).get("error")
    return error if isinstance(error, Mapping) else {"message": error}


def _body(answer: Answer) -> Mapping[str, Any]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, Mapping) else {}
