"""Connections: one `asyncio.Protocol` each, so that every byte, and every missing one, is under control."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from vmevalkit_core.testing.simulator.messages import PLAIN, Reply, Request
from vmevalkit_core.testing.simulator.parser import BadRequest, Parser
from vmevalkit_core.testing.simulator.record import Seen
from vmevalkit_core.testing.simulator.rendering import body_of, ends_connection, head_of

AT_ONCE = 256 * 1024
"""Bytes of a reply that are handed to the socket without waiting for the client to read."""
FILLER = b"X-Filler: " + b"x" * 1012 + b"\r\n"
"""A header line of 1 KiB."""

Handler = Callable[[Request], tuple[Reply, Seen | None]]
"""Answers a request; what is given beside the reply is told how the sending ended."""


class Crowd:
    """The open connections of a listener, and how many there were."""

    def __init__(self) -> None:
        self.open: set[Connection] = set()
        self.numbers = count(1)
        self.opened = 0
        """Connections that anybody opened, with or without a request."""
        self.clients = 0
        """Connections over which somebody asked the vendor for something."""

    def reset_all(self) -> None:
        """End every connection with a TCP reset."""
        for connection in list(self.open):
            connection.reset()


class Connection(asyncio.Protocol):
    """One client: its requests are answered one after the other."""

    def __init__(self, handler: Handler, crowd: Crowd) -> None:
        self._handler, self._crowd = handler, crowd
        self._parser = Parser()
        self._sending: asyncio.Task[None] | None = None
        self._seen: Seen | None = None
        self._counted = False
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, and send small replies at once."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = next(self._crowd.numbers)
        self._crowd.opened += 1
        self._crowd.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or we ended it."""
        self._crowd.open.discard(self)
        self._finish("client left")
        self._room.set()
        if self._sending is not None:
            self._sending.cancel()

    def pause_writing(self) -> None:
        """The client reads slower than we send."""
        self._room.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._room.set()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole now."""
        self._parser.feed(data)
        self._pump()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        raw = self._transport.get_extra_info("socket")
        # Lingering for no time at all makes the kernel send RST instead of FIN.
        with suppress(OSError):  # it is closed already
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _pump(self) -> None:
        try:
            while self._sending is None and not self._transport.is_closing():
                request = self._parser.next()
                if request is None:
                    self._say_continue()
                    return
                self._answer(request)
        except BadRequest as error:
            reply = Reply.of({"error": f"bad request: {error}"}, status=400)
            self._transport.write(head_of(reply, last=True) + reply.body)
            self._transport.close()

    def _say_continue(self) -> None:
        if self._parser.expects:
            self._parser.expects = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer(self, request: Request) -> None:
        request.at, request.connection = time.monotonic(), self.number
        reply, self._seen = self._handler(request)
        if self._seen is not None and not self._counted:
            self._counted, self._crowd.clients = True, self._crowd.clients + 1
        last = ends_connection(reply, request)
        head, body = head_of(reply, last=last), body_of(reply, request)
        if reply.manner is PLAIN and len(body) <= AT_ONCE:
            self._transport.write(head + body)
            self._finish("replied")
            if last:
                self._transport.close()
            return
        self._sending = asyncio.get_running_loop().create_task(self._perform(reply, head, body, last))

    async def _perform(self, reply: Reply, head: bytes, body: bytes, last: bool) -> None:
        manner = reply.manner
        await asyncio.sleep(manner.delay)
        if manner.stop == "before":
            head, body = b"", b""
        elif manner.stop == "head":
            head, body = head[: max(1, int(len(head) * manner.share))], b""
        elif manner.stop == "body":
            # At least one byte is missing, however large the share.
            body = body[: min(int(len(body) * manner.share), len(body) - 1)] if body else b""
        if manner.endless == "head":
            await self._send(head.removesuffix(b"\r\n"), 0)
            await self._flood(FILLER, manner.rate)
        await self._send(head, manner.drip if manner.drip_head else 0)
        await self._send(body, manner.drip)
        if manner.endless == "body":
            await self._flood(bytes(AT_ONCE // 4), manner.rate)
        await self._end(reply, last)

    async def _send(self, data: bytes, drip: float) -> None:
        step = 1 if drip else AT_ONCE
        for start in range(0, len(data), step):
            self._transport.write(data[start : start + step])
            await asyncio.sleep(drip)
            await self._room.wait()

    async def _flood(self, piece: bytes, rate: float) -> None:
        while True:
            self._transport.write(piece)
            await asyncio.sleep(len(piece) / rate)
            await self._room.wait()

    async def _end(self, reply: Reply, last: bool) -> None:
        manner = reply.manner
        if manner.stop and manner.how == "hang":
            # The end is noted when the client leaves: so long did it wait.
            await asyncio.get_running_loop().create_future()
        self._finish("replied" if manner.stop is None else f"stopped {manner.stop}")
        if manner.stop and manner.how == "reset":
            # What was sent is given time to arrive, so that the client meets the reset where it is meant.
            await asyncio.sleep(0.02)
            self.reset()
        elif last:
            self._transport.close()
        self._sending = None
        asyncio.get_running_loop().call_soon(self._pump)

    def _finish(self, how: str) -> None:
        if self._seen is not None:
            self._seen.finish(how)
            self._seen = None
