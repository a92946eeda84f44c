"""Bytes out of replies, right ones and wrong ones."""

from __future__ import annotations

from http import HTTPStatus

from vmevalkit_core.testing.simulator.messages import Reply, Request

CHUNK = 16 * 1024
"""Bytes in one chunk of a chunked body."""
_WORDS = {status.value: status.phrase for status in HTTPStatus}


def head_of(reply: Reply, *, last: bool) -> bytes:
    """The status line and the headers, with the empty line that ends them."""
    lines = [f"HTTP/1.1 {reply.status} {_WORDS.get(reply.status, 'Unheard Of')}"]
    if reply.type:
        lines.append(f"Content-Type: {reply.type}")
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += _framing(reply)
    if last:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def body_of(reply: Reply, request: Request) -> bytes:
    """The bytes after the head, framed as the reply asks."""
    if request.method == "HEAD" or not _has_body(reply):
        return b""
    framed = _chunks(reply.body) if reply.manner.framing == "chunked" else reply.body
    return framed + reply.manner.surplus


def ends_connection(reply: Reply, request: Request) -> bool:
    """Whether the connection cannot serve another request after this reply."""
    manner = reply.manner
    unclear = manner.framing == "none" or manner.claims or manner.surplus or manner.stop or manner.endless
    return bool(unclear) or not request.keeps_alive()


def _framing(reply: Reply) -> list[str]:
    manner = reply.manner
    if manner.framing == "chunked":
        return ["Transfer-Encoding: chunked"]
    if manner.framing == "none" or manner.endless or not _has_body(reply):
        return []
    return [f"Content-Length: {max(0, len(reply.body) + manner.claims)}"]


def _has_body(reply: Reply) -> bool:
    return reply.status not in (204, 304)


def _chunks(body: bytes) -> bytes:
    pieces = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
