"""What every request was, when it came, and how its answer ended."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

from vmevalkit_core.testing.simulator.messages import Request

LONGEST_TEXT = 100_000
"""Characters of a text in a kept body; of a longer one only its start, its length and its sha256 are kept."""


class Seen:
    """One request and its end."""

    __slots__ = ("at", "body", "ended", "fault", "finished", "job", "phase", "request", "status")

    def __init__(self, request: Request, phase: str) -> None:
        self.request: Request = request
        self.phase = phase
        self.at = request.at
        self.body: Any = None
        self.job: str | None = None
        self.fault: str | None = None
        self.status: int | None = None
        self.finished: float | None = None
        self.ended = "open"

    def finish(self, how: str) -> None:
        """Note that the answering is over: "replied", "stopped in head" and the like, or "client left"."""
        self.finished, self.ended = time.monotonic(), how

    def as_json(self) -> dict[str, Any]:
        """The request as tests read it."""
        request = self.request
        return {
            "phase": self.phase,
            "method": request.method,
            "target": request.target,
            "path": request.path,
            "headers": request.headers,
            "body": self.body,
            "connection": request.connection,
            "at": self.at,
            "finished": self.finished,
            "ended": self.ended,
            "status": self.status,
            "fault": self.fault,
            "job": self.job,
        }


class Record:
    """Every request but those of the tests' own control."""

    def __init__(self) -> None:
        self.lean = False
        """Whether headers and bodies are forgotten at once: a long measurement would fill the memory."""
        self._seen: list[Seen] = []

    def add(self, request: Request, phase: str) -> Seen:
        """Keep a request."""
        seen = Seen(request, phase)
        self._seen.append(seen)
        return seen

    def settle(self, seen: Seen) -> None:
        """Make what was answered small: the body becomes JSON with long texts shortened."""
        request = seen.request
        seen.body = None if self.lean else body_of(request)
        headers = {} if self.lean else request.headers
        seen.request = Request(
            method=request.method, target=request.target, headers=headers, connection=request.connection
        )

    def clear(self) -> None:
        """Forget every request."""
        self._seen.clear()

    def as_json(self, phase: str | None, since: int) -> Iterator[dict[str, Any]]:
        """The requests of a phase, or all, from the given number on."""
        return (seen.as_json() for seen in self._seen[since:] if phase in (None, seen.phase))

    def counts(self) -> dict[str, int]:
        """How many requests of each phase came."""
        found: dict[str, int] = {}
        for seen in self._seen:
            found[seen.phase] = found.get(seen.phase, 0) + 1
        return found


def body_of(request: Request) -> Any:
    """A request's body as JSON: itself, a list of multipart summaries, a text, or size and sha256 of bytes."""
    if not request.body:
        return None
    if request.type.startswith("multipart/"):
        return [part.summary() for part in request.parts()]
    try:
        return shortened(request.json())
    except (ValueError, RecursionError):
        return {"size": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest()}


def shortened(value: Any) -> Any:
    """JSON with every text beyond LONGEST_TEXT characters cut to its start, its length and its sha256."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        digest = hashlib.sha256(value.encode(errors="replace")).hexdigest()
        return f"{value[:64]}... ({len(value)} characters, sha256 {digest})"
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    return value
