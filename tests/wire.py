"""A client that hides nothing: the bytes that came over a socket, and how the connection ended."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

KEY = "key-of-a-test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back."""

    raw: bytes
    ended: str
    """`closed` in an orderly way, `reset`, or `open` when the time was over."""
    seconds: float

    @property
    def head(self) -> str:
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def body(self) -> bytes:
        """Everything after the head, as it was framed."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int:
        return int(self.head.split(" ")[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = [line.partition(":") for line in self.head.split("\r\n")[1:]]
        return {name.lower(): value.strip() for name, _, value in lines}

    @property
    def length(self) -> int:
        """What Content-Length says."""
        return int(self.headers["content-length"])

    def json(self) -> Any:
        return json.loads(self.body)

    def unchunked(self) -> bytes:
        """The body out of its chunks; ValueError where the last one is missing."""
        rest, found = self.body, b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            if int(size, 16) == 0:
                return found
            found, rest = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        raise ValueError("the last chunk is missing")


def ask(
    url: str,
    method: str = "GET",
    data: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    key: str = KEY,
    wait: float = 5.0,
    most: int = 10**9,
) -> Heard:
    """One request to an address, read until the end, until `wait` seconds are over or `most` bytes came."""
    address = urlsplit(url)
    body = data if isinstance(data, bytes) else b"" if data is None else json.dumps(data).encode()
    target = url.partition(address.netloc)[2] or "/"
    sent = {"Host": address.netloc, "Connection": "close"} | ({"Authorization": f"Bearer {key}"} if key else {})
    sent |= dict(headers or {})
    sent["Content-Length"] = str(len(body))
    head = "".join(
        [f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in sent.items()), "\r\n"]
    )
    with socket.create_connection((str(address.hostname), address.port), timeout=wait) as connection:
        connection.sendall(head.encode() + body)
        return listen(connection, wait, most)


def listen(connection: socket.socket, wait: float, most: int = 10**9) -> Heard:
    """What comes over a connection until its end, until the time is over or enough came."""
    raw, ended, start = bytearray(), "open", time.monotonic()
    while (left := start + wait - time.monotonic()) > 0 and len(raw) < most:
        connection.settimeout(left)
        try:
            piece = connection.recv(1 << 20)
        except TimeoutError:
            break
        except ConnectionResetError:
            ended = "reset"
            break
        if not piece:
            ended = "closed"
            break
        raw += piece
    return Heard(raw=bytes(raw), ended=ended, seconds=time.monotonic() - start)
