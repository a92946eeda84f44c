"""One file from a link of somebody else's, to its last byte."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin

from vmevalkit_core.errors import LostAnswer
from vmevalkit_core.transport.addresses import Origin, origin_of
from vmevalkit_core.transport.answer import SHOWN, Answer, Refusal
from vmevalkit_core.transport.clients import Clients, by_first_open, plain_headers
from vmevalkit_core.transport.links import Approach, approaches

if TYPE_CHECKING:
    import httpx2

REDIRECTS = 5
BLOCK = 2**20
"""Bytes that are collected before a thread writes them."""
_REDIRECT = (301, 302, 303, 307, 308)
_NO_VIDEO = ("text/", "application/json", "application/xml", "application/problem")


class Download:
    """Follows a link, by hand, to a file; every hop is looked at before it is taken."""

    def __init__(self, clients: Clients, path: Path, trusted: Collection[str], limit: int) -> None:
        self._clients = clients
        self._path = path
        self._trusted = trusted
        self._limit = limit

    async def follow(self, url: str, headers: Mapping[str, str]) -> None:
        """Write what the link leads to; `headers` are left out as soon as it leads to another origin."""
        first = origin_of(url)
        for _ in range(REDIRECTS + 1):
            here = origin_of(url)
            response = await self._open(url, headers if here == first else {})
            try:
                if response.status_code not in _REDIRECT:
                    return await self._take(response, here)
                url = urljoin(url, response.headers.get("location", ""))
            finally:
                await response.aclose()
        raise LostAnswer(f"{first.host} redirects more than {REDIRECTS} times")

    async def _open(self, url: str, headers: Mapping[str, str]) -> httpx2.Response:
        return await by_first_open(await approaches(url, headers, self._trusted), self._sent)

    async def _sent(self, way: Approach) -> httpx2.Response:
        client = self._clients.bare(way.proxy)
        request = client.build_request("GET", way.url, headers=way.headers, extensions=way.extensions)
        return await client.send(request, stream=True)

    async def _take(self, response: httpx2.Response, origin: Origin) -> None:
        if 200 < response.status_code < 300:
            raise LostAnswer(f"{origin.host} answered {response.status_code} instead of a video")
        if response.status_code != 200:
            raise Refusal(await self._answer(response, origin))
        kind = response.headers.get("content-type", "").lower()
        if kind.startswith(_NO_VIDEO):
            answer = await self._answer(response, origin)
            said = f": {answer.text}" if answer.text.isprintable() else ""
            raise LostAnswer(f"{origin.host} sent {kind.partition(';')[0]} instead of a video{said}")
        if coding := response.headers.get("content-encoding", "").replace("identity", ""):
            raise LostAnswer(f"{origin.host} sent the video as {coding}, which was not asked for")
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._limit:
            raise LostAnswer(f"{origin.host} announces {int(announced):,} bytes, more than {self._limit:,}")
        file = await asyncio.to_thread(open, self._path, "wb")
        with file:
            await self._write(response, file, origin)

    async def _write(self, response: httpx2.Response, file: BinaryIO, origin: Origin) -> None:
        block, total = bytearray(), 0
        async for chunk in response.aiter_raw():
            block += chunk
            total += len(chunk)
            if total > self._limit:
                raise LostAnswer(f"{origin.host} sent more than {self._limit:,} bytes")
            if len(block) >= BLOCK:
                await asyncio.to_thread(file.write, bytes(block))
                block.clear()
        await asyncio.to_thread(file.write, bytes(block))
        if not total:
            raise LostAnswer(f"{origin.host} sent an empty file")

    async def _answer(self, response: httpx2.Response, origin: Origin) -> Answer:
        """As much of a refusal as a person is shown, or a plugin needs to understand it."""
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > 64 * SHOWN:
                break
        return Answer(response.status_code, plain_headers(response), bytes(body), f"{origin.scheme}://{origin.host}")
