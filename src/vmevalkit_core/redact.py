"""Keeps secrets and signed links out of records, logs and messages."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_ESCAPED = r"\\+(?:/|u[0-9a-fA-F]{4})"
"""JSON may write `\\/` for a slash and `\\u0026` for an ampersand, and a repr doubles the backslash."""
_QUERY = re.compile(
    rf"(https?:(?:\\*/){{2}}(?:[^\s\"'<>?#\\]|{_ESCAPED})+)\?(?:[^\s\"'<>\\]|{_ESCAPED})*", re.IGNORECASE
)
_SIGNED = re.compile(r"(X-Amz-(?:Credential|Signature|Security-Token)(?:=|%(?:25)*3D))[^\s&\"'<>\\]*", re.IGNORECASE)
"""Where a signed link is quoted without its beginning, or inside another link."""
_PASSWORD = re.compile(r"^(?:\w+://)?[^/@:]*:([^/@]+)@")
_SHORTEST = 6
"""Shorter values (a region, `1`) would blot out half of a text and are no secrets."""


_FREE_TEXT = (("inference", "error"), ("output", "video_url"), ("provenance", "failure"), ("provenance", "extras"))
"""Where the words of vendors and plugins stand in a record. All else is what was asked, or a name by which a run
or a job is found again: changed by a letter, it would be another question, or a lost job."""


class Redactor:
    """Replaces the values of declared secrets, and the query of every link, in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        self.add(secrets)

    def text(self, text: str) -> str:
        """The text without secrets and without the queries of links."""
        return _SIGNED.sub(r"\1[redacted]", _QUERY.sub(r"\1?[redacted]", self.secrets(text)))

    def add(self, secrets: Iterable[str]) -> None:
        """Hide these as well from now on."""
        # The longest first: one secret may be the beginning of another.
        known = {*self._secrets, *(one for one in secrets if len(one) >= _SHORTEST)}
        self._secrets = sorted(known, key=len, reverse=True)

    def record(self, record: dict[str, Any]) -> dict[str, Any]:
        """The same record, cleaned in place where it holds free text."""
        for section, name in _FREE_TEXT:
            if value := record.get(section, {}).get(name):
                record[section][name] = self._cleaned(value)
        return record

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._cleaned(one) for one in value]
        if isinstance(value, dict):
            return {name: self._cleaned(one) for name, one in value.items()}
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


class RedactingFilter(logging.Filter):
    """Hides what is secret in the lines of a logger whose handlers are somebody else's."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line passes, its message and traceback finished and cleaned."""
        record.msg, record.args = self._redactor.text(record.getMessage()), ()
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            record.exc_text, record.exc_info = self._redactor.text(trace), None
        return True


def proxy_passwords(env: Mapping[str, str]) -> list[str]:
    """The passwords in the addresses of proxies: a client names its proxy when it fails."""
    proxies = [value for name, value in env.items() if name.lower().endswith("_proxy")]
    return [found[1] for proxy in proxies if (found := _PASSWORD.search(proxy))]


def without_query(url: str) -> str:
    """The link without its query and fragment, which may hold a signature."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "[not a link]"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
