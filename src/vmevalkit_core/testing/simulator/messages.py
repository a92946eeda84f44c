"""What goes over the wire: a request as it came in, and a reply with the manner in which it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

Stop = Literal["before", "head", "body", "after"]
"""Where the sending of a reply stops: before its first byte, inside its head or body, after its last byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body."""

    name: str
    """Of the field."""
    filename: str | None
    """None for a plain field."""
    type: str
    """The media type, or "" where none was given."""
    content: bytes
    """Without its headers."""

    def summary(self) -> dict[str, Any]:
        """The part as JSON: its text where it is a short field, and for a file its size and sha256 instead."""
        shown: dict[str, Any] = {"name": self.name, "filename": self.filename, "type": self.type}
        if self.filename is None and len(self.content) <= 4096:
            return shown | {"text": self.content.decode(errors="replace")}
        return shown | {"size": len(self.content), "sha256": hashlib.sha256(self.content).hexdigest()}


@dataclass(slots=True, kw_only=True)
class Request:
    """One whole request: a request whose body does not arrive to its last byte never becomes one."""

    method: str
    """Such as `POST`."""
    target: str
    """As it stood in the first line: the path, and the query after a question mark."""
    headers: Mapping[str, str]
    """By lower-case name; values of a repeated header are joined by commas."""
    body: bytes = b""
    """As it came."""
    version: str = "HTTP/1.1"
    """Of the protocol."""
    at: float = 0.0
    """`time.monotonic()` of the arrival of its last byte; one clock for all processes of a machine."""
    connection: int = 0
    """The number of the connection, counted from 1."""
    params: Mapping[str, str] = field(default_factory=dict)
    """What the route's pattern caught in the path."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON; ValueError where it is none."""
        return json.loads(self.body)

    def fields(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one where it is anything else."""
        try:
            found = self.json()
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def parts(self) -> list[Part]:
        """The parts of a multipart body in their order; none where it is no multipart body."""
        kind, _, rest = self.headers.get("content-type", "").partition(";")
        boundary = _parameters(rest).get("boundary", "")
        if not kind.strip().lower().startswith("multipart/") or not boundary:
            return []
        pieces = (b"\r\n" + self.body).split(b"\r\n--" + boundary.encode("latin-1"))[1:]
        return [_part(piece) for piece in pieces if piece.startswith(b"\r\n")]

    def keeps_alive(self) -> bool:
        """Whether the client wants to send more over the same connection."""
        asked = self.headers.get("connection", "").lower()
        return "keep-alive" in asked if self.version == "HTTP/1.0" else "close" not in asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a reply is sent; the default is how a good server does it."""

    delay: float = 0.0
    """Seconds before the first byte."""
    framing: Literal["length", "chunked", "none"] = "length"
    """How the end of the body is told: by Content-Length, by chunks, or by the end of the connection."""
    claims: int = 0
    """Added to the true length in Content-Length."""
    surplus: bytes = b""
    """Sent after the body, outside of what Content-Length announces."""
    stop: Stop | None = None
    how: Literal["close", "reset", "hang"] = "close"
    """What follows the stop: an orderly end, a TCP reset, or nothing for as long as the client waits."""
    share: float = 0.5
    """How much of the head or body is sent before a stop inside it, from 0 to 1."""
    drip: float = 0.0
    """Seconds between single bytes of the body; 0 sends it at once."""
    drip_head: bool = False
    """Whether the head drips too."""
    endless: Literal["head", "body"] | None = None
    """What never ends."""
    rate: float = 8e6
    """Bytes a second of an endless head or body."""


PLAIN = Manner()
"""How a good server sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, and how it is sent."""

    status: int = 200
    """The HTTP status."""
    body: bytes = b""
    """As it goes out, before a fault damages it."""
    type: str = "application/json"
    """The media type; "" sends no Content-Type."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside Content-Type, Content-Length and Transfer-Encoding."""
    manner: Manner = PLAIN
    """How it is sent; faults change it."""

    @classmethod
    def of(cls, data: Any, status: int = 200) -> Reply:
        """A reply whose body is JSON."""
        return cls(status=status, body=json.dumps(data, separators=(",", ":")).encode())


def _part(piece: bytes) -> Part:
    head, _, content = piece[2:].partition(b"\r\n\r\n")
    lines = [line.partition(":") for line in head.decode(errors="replace").split("\r\n")]
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    named = _parameters(headers.get("content-disposition", ""))
    return Part(
        name=named.get("name", ""),
        filename=named.get("filename"),
        type=headers.get("content-type", ""),
        content=content,
    )


def _parameters(text: str) -> dict[str, str]:
    pairs = [piece.partition("=") for piece in text.split(";") if "=" in piece]
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
