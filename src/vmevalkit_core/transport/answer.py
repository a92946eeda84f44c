"""What a server answered, and what it says about asking again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from vmevalkit_core.errors import GenerationError, LostAnswer

SHOWN = 300
"""Characters of a body that are shown to a person."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
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
        """The beginning of the body, on one line."""
        words = self.body[: 4 * SHOWN].decode("utf-8", "replace").split()
        return " ".join(words)[:SHOWN]

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


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
