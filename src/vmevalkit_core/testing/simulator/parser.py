"""HTTP/1.1 requests out of bytes, as they arrive in pieces."""

from __future__ import annotations

from vmevalkit_core.testing.simulator.messages import Request

MOST_HEAD = 64 * 1024
"""Bytes of a request line with its headers."""
MOST_BODY = 512 * 1024 * 1024


class BadRequest(Exception):
    """What arrived is no request; the message says why."""


class Parser:
    """Whole requests out of one connection's bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._open: Request | None = None
        self._chunks: list[bytes] = []
        self.expects = False
        """Whether the client waits for `100 Continue` before it sends the body."""

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        self._buffer += data

    def next(self) -> Request | None:
        """The next request that has arrived to its last byte; BadRequest where there cannot be one."""
        if self._open is None and not self._head():
            return None
        request = self._open
        assert request is not None
        body = self._chunked() if _is_chunked(request) else self._sized(_length(request))
        if body is None:
            return None
        request.body, self._open, self.expects = body, None, False
        return request

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MOST_HEAD:
                raise BadRequest("the head is too long")
            return False
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        self._open = _request(lines)
        self.expects = self._open.headers.get("expect", "").lower() == "100-continue"
        return True

    def _sized(self, length: int) -> bytes | None:
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _chunked(self) -> bytes | None:
        while (line := self._buffer.find(b"\r\n")) >= 0:
            size = _chunk_size(self._buffer[:line])
            if size == 0:
                return self._last_chunk(line)
            end = line + 2 + size
            if len(self._buffer) < end + 2:
                return None
            self._chunks.append(bytes(self._buffer[line + 2 : end]))
            del self._buffer[: end + 2]
        return None

    def _last_chunk(self, line: int) -> bytes | None:
        # Trailers may follow the last chunk; an empty line ends both.
        end = self._buffer.find(b"\r\n\r\n", line)
        if end < 0:
            return None
        del self._buffer[: end + 4]
        body, self._chunks = b"".join(self._chunks), []
        return body


def _request(lines: list[str]) -> Request:
    first = lines[0].split(" ")
    if len(first) != 3 or not first[2].startswith("HTTP/1."):
        raise BadRequest(f"no request line: {lines[0][:80]!r}")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest(f"no header: {line[:80]!r}")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(method=first[0], target=first[1], version=first[2], headers=headers)


def _is_chunked(request: Request) -> bool:
    return "chunked" in request.headers.get("transfer-encoding", "").lower()


def _length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    if not text.isdecimal() or int(text) > MOST_BODY:
        raise BadRequest(f"no usable Content-Length: {text[:40]!r}")
    return int(text)


def _chunk_size(line: bytearray) -> int:
    try:
        size = int(bytes(line).split(b";")[0], 16)
    except ValueError as error:
        raise BadRequest(f"no chunk size: {bytes(line[:40])!r}") from error
    if not 0 <= size <= MOST_BODY:
        raise BadRequest(f"a chunk of {size} bytes")
    return size
