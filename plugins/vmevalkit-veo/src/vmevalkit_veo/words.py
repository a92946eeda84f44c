"""Google's words: its error bodies in all their shapes, and what in them means moderation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vmevalkit_core import Answer

_MODERATION = re.compile(
    r"responsible ai|safety (?:filter|polic|guideline|reason|system)|sensitive (?:word|content)|"
    r"prohibited (?:content|use)|usage guidelines|violat\w+ .{0,40}(?:polic|guideline|practice)|"
    r"blocked (?:by|due to|because)|content polic",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an error body says."""

    message: str
    """On one line, not endless, and never empty."""
    codes: frozenset[str]
    """Its `code`, `status` and the reasons of its details, in upper case."""
    quotas: str = ""
    """The names of the quotas that were used up."""
    retry_after: float | None = None
    """Seconds, from a RetryInfo."""


def said(answer: Answer) -> Said:
    """What a refusal says, whatever its shape: an object, a list of objects, a bare sentence or a page."""
    error = _error(answer)
    details = [one for one in _list(error.get("details")) if isinstance(one, Mapping)]
    words = error.get("message")
    message = clipped(words) if isinstance(words, str) and words.strip() else answer.text or f"status {answer.status}"
    codes = [error.get("code"), error.get("status"), *(one.get("reason") for one in details)]
    return Said(
        message=message.rstrip("."),
        codes=frozenset(str(code).upper() for code in codes if code is not None),
        quotas=" ".join(_quotas(details)),
        retry_after=next(_delays(details), None),
    )


def is_googles(answer: Answer) -> bool:
    """Whether a refusal has the shape of Google's own: others answer at a wrong address, too."""
    body = _body(answer)
    return isinstance(body, Mapping) and isinstance(body.get("error"), Mapping)


def is_moderation(words: str) -> bool:
    """Whether a sentence of Google's tells of its moderation."""
    return bool(_MODERATION.search(words))


def clipped(value: Any) -> str:
    """Words of Google's on one line, not endless."""
    text = " ".join(str(value)[:2000].split())
    return text if len(text) <= 300 else f"{text[:300]}..."


def _body(answer: Answer) -> Any:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    # Errors of the front end come as a list of one.
    return body[0] if isinstance(body, list) and body else body


def _error(answer: Answer) -> Mapping[str, Any]:
    body = _body(answer)
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, Mapping) else body if isinstance(body, Mapping) else {}


def _quotas(details: list[Mapping[str, Any]]) -> Iterator[str]:
    for detail in details:
        for violation in _list(detail.get("violations")):
            if isinstance(violation, Mapping):
                yield f"{violation.get('quotaId', '')} {violation.get('quotaMetric', '')}".strip()


def _delays(details: list[Mapping[str, Any]]) -> Iterator[float]:
    for detail in details:
        if isinstance(delay := detail.get("retryDelay"), str) and (found := _SECONDS.fullmatch(delay)):
            yield float(found[1])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
