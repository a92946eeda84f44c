"""What a server answered, and what it says about asking again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from vmevalkit_core.errors import GenerationError, LostAnswer

_SAYS = ("message", "detail", "error", "errors", "msg", "reason", "title", "description")
SHOWN = 300
"""Characters of a body that are shown to a person."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    """Without the compression in which it may have come."""
    url: str
    """Without its query."""

    def json(self) -> Any:
        """The body as JSON; LostAnswer where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            said = self.text or "nothing"
            raise LostAnswer(f"{self.url} answered {self.status} with no JSON: {said}") from error

    @property
    def text(self) -> str:
        """The vendor's words: what a JSON body says in words, else the beginning of the body, on one line."""
        try:
            said = _words(json.loads(self.body))
        except (ValueError, RecursionError):
            said = ""
        words = said or re.sub(r"<[^>]*>", " ", self.body[: 4 * SHOWN].decode("utf-8", "replace"))
        return " ".join(words.split())[:SHOWN]

    @property
    def status_code(self) -> int:
        """The status by the name that HTTP clients give it."""
        return self.status

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks us to wait; a date counts from the server's own clock where it tells it."""
        asked = self.headers.get("retry-after", "").strip()
        if asked.isdecimal():
            return float(asked)
        until = _date(asked)
        if until is None:
            return None
        now = _date(self.headers.get("date", "")) or datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())


class Refusal(GenerationError):
    """An answer with a status that is no success; the base of API models sorts it by what it was an answer to."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.url} answered {answer.status}" + (f": {answer.text}" if answer.text else ""))
        self.response = answer


def _words(value: Any, depth: int = 4) -> str:
    """The first sentence in an error body; vendors nest it differently and name it alike."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and depth:
        return _words(value[0], depth - 1)
    if isinstance(value, dict) and depth:
        return next((said for name in _SAYS if (said := _words(value.get(name), depth - 1))), "")
    return ""


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
