"""The calls of one account: bounded in number, time and bytes, with no credential where none belongs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmevalkit_core.errors import LostAnswer
from vmevalkit_core.limits import Pace
from vmevalkit_core.redact import without_query
from vmevalkit_core.transport.answer import Answer
from vmevalkit_core.transport.clients import Clients, built, by_first_open, fate, plain_headers
from vmevalkit_core.transport.download import Download
from vmevalkit_core.transport.links import Approach, approaches

if TYPE_CHECKING:
    import httpx2

CALLS, DOWNLOADS = 32, 8
"""At once, for one account. The queue forms here: a pool that queues by itself costs the square of its length."""
CALL_BYTES, FILE_BYTES = 64 * 2**20, 4 * 2**30
"""What an answer, and a video, may have at most."""
CALL_SECONDS, FILE_SECONDS = 60.0, 600.0
_HOLDER: ContextVar[Http | None] = ContextVar("holder", default=None)
"""Whose slot the running coroutine holds."""
_PLACED: ContextVar[Http | None] = ContextVar("placed", default=None)
"""Whose place for a download it holds."""


class Http:
    """Calls and downloads for one account. It opens no connection, and imports no client, before the first."""

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self._calls = asyncio.Semaphore(CALLS)
        self._downloads = asyncio.Semaphore(DOWNLOADS)
        self._clients = Clients(CALLS)
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def slot(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """The right to call now. A caller who must know when its call leaves waits for it beforehand.

        An urgent one, of which there are few at once, waits behind no question.
        """
        async with nullcontext() if urgent else self._calls:
            await self.pace.turn(urgent=urgent)
            with _held(_HOLDER, self):
                yield

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """The right to download now. A caller with a deadline waits for it beforehand: the wait is not the link's."""
        async with self._downloads:
            with _held(_PLACED, self):
                yield

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        files: Any = None,
        content: bytes | None = None,
        within: float = CALL_SECONDS,
        foreign: bool = False,
        trusted: Collection[str] = (),
        through: Callable[[bytes], Awaitable[bytes]] | None = None,
    ) -> Answer:
        """The whole answer, whatever its status. Redirects are not followed.

        NoConnection when nothing has left; LostAnswer when the call has left and no whole answer came in `within`
        seconds. `json`, `form` (with `files` as multipart, in the order given) or `content` is the body. A `foreign`
        link is somebody else's: UnsafeLink where it leads inside a network, unless its origin is one of `trusted`.
        `through` is given the body as it comes and says what is kept of it: for answers that hold a whole file.
        """
        body = {"params": query, "json": json, "data": form, "files": files, "content": content}

        async def exchange(way: Approach) -> Answer:
            async with self._client_for(method, way, foreign=foreign) as client:
                request = built(client, method, way, body)
                return await _whole(await client.send(request, stream=True), through)

        async with self._free_slot():
            with fate(method, url, within):
                async with asyncio.timeout(within):
                    ours = [Approach(url, headers or {})]
                    return await by_first_open(
                        await approaches(url, headers or {}, trusted) if foreign else ours, exchange
                    )

    async def download(
        self,
        url: str,
        path: Path,
        *,
        headers: Mapping[str, str] | None = None,
        trusted: Collection[str] = (),
        within: float = FILE_SECONDS,
        limit: int = FILE_BYTES,
    ) -> None:
        """The file behind a link, written to `path` as it comes.

        `headers` go to the link's own origin and to no other. Addresses inside a network are refused unless the
        origin is one of `trusted`. Refusal for a status other than 200; LostAnswer for a file that is not whole, is
        no video or has more than `limit` bytes; UnsafeLink.
        """
        async with nullcontext() if _PLACED.get() is self else self.place():
            with fate("GET", url, within):
                async with asyncio.timeout(within):
                    await Download(self._clients, path, trusted, limit).follow(url, headers or {})

    async def open(self) -> None:
        """Load the client now: that takes longer than a call, and must not count as one."""
        if self._clients.are_open:
            return
        async with self._opening:  # a thousand runs may ask for it in the same moment
            if not self._clients.are_open:
                await asyncio.to_thread(self._clients.open)

    async def close(self) -> None:
        """Close every connection."""
        await self._clients.close()

    def _client_for(
        self, method: str, way: Approach, *, foreign: bool
    ) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
        if foreign:
            return nullcontext(self._clients.bare(way.proxy))
        # A paid request never shares a connection: one that the server is about to close would lose the answer.
        return self._clients.kept() if method in ("GET", "HEAD") else nullcontext(self._clients.fresh())

    def _free_slot(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if _HOLDER.get() is self else self.slot()


@contextmanager
def _held(what: ContextVar[Http | None], http: Http) -> Iterator[None]:
    token = what.set(http)
    try:
        yield
    finally:
        what.reset(token)


async def _whole(response: httpx2.Response, through: Callable[[bytes], Awaitable[bytes]] | None) -> Answer:
    """The answer with what is kept of its body, which may be compressed but not without end."""
    most = FILE_BYTES if through else CALL_BYTES
    try:
        body, total = bytearray(), 0
        async for chunk in response.aiter_bytes():
            total += len(chunk)
            body += await through(chunk) if through else chunk
            if total > most or len(body) > CALL_BYTES:
                raise LostAnswer(f"{response.request.url.host} answered with more than {most // 2**20} MiB")
    finally:
        await response.aclose()
    return Answer(response.status_code, plain_headers(response), bytes(body), without_query(str(response.url)))
