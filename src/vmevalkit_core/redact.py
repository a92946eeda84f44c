"""Keeps secrets and signed links out of records, logs and messages."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_QUERY = re.compile(r"(https?://[^\s\"'<>?#\\]+)\?[^\s\"'<>\\]*")
_SHORTEST = 6
"""Shorter values (a region, `1`) would blot out half of a text and are no secrets."""


_KEPT = {"input", "paths", "question_data", "output.generation_id", "provenance.submission"}
"""The user's own words, and the provider's names: changed by a letter, a job could not be found again."""


class Redactor:
    """Replaces the values of declared secrets, and the query of every link, in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        self.add(secrets)

    def text(self, text: str) -> str:
        """The text without secrets and without the queries of links."""
        return _QUERY.sub(r"\1?[redacted]", self.secrets(text))

    def add(self, secrets: Iterable[str]) -> None:
        """Hide these as well from now on."""
        # The longest first: one secret may be the beginning of another.
        known = {*self._secrets, *(one for one in secrets if len(one) >= _SHORTEST)}
        self._secrets = sorted(known, key=len, reverse=True)

    def record(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record in which every text is clean, but for what was asked and what a job is collected by."""
        return {name: value if name in _KEPT else self._cleaned(value, name) for name, value in record.items()}

    def _cleaned(self, value: Any, where: str) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._cleaned(one, where) for one in value]
        if isinstance(value, dict):
            paths = ((name, f"{where}.{name}", one) for name, one in value.items())
            return {name: one if path in _KEPT else self._cleaned(one, path) for name, path, one in paths}
        return value

    def secrets(self, text: str) -> str:
        """The text without secrets; links stay as they are."""
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]")
        return text


class RedactingFormatter(logging.Formatter):
    """Formats a log line, its traceback included, and only then hides what is secret."""

    def __init__(self, redactor: Redactor, pattern: str) -> None:
        super().__init__(pattern)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The finished line."""
        return self._redactor.text(super().format(record))


def without_query(url: str) -> str:
    """The link without its query and fragment, which may hold a signature."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "[not a link]"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
