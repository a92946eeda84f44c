"""Keeps secrets and signed links out of records, logs and messages."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

_QUERY = re.compile(r"(https?://[^\s\"'<>?#\\]+)\?[^\s\"'<>\\]*")
_SHORTEST = 6
"""Shorter values (a region, `1`) would blot out half of a text and are no secrets."""


class Redactor:
    """Replaces the values of declared secrets, and the query of every link, in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: one secret may be the beginning of another.
        self._secrets = sorted({one for one in secrets if len(one) >= _SHORTEST}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets and without the queries of links."""
        return _QUERY.sub(r"\1?[redacted]", self.secrets(text))

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
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
