"""A call whose body is taken as it comes: for answers that hold a whole file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from vmevalkit_core.errors import LostAnswer
from vmevalkit_core.testing import Simulator
from vmevalkit_core.transport import Answer, Http, http

KEY = {"authorization": "Bearer key"}


@pytest.fixture(scope="module")
def vendor() -> Iterator[Simulator]:
    """A vendor that knows no job, and says so."""
    with Simulator() as one:
        yield one


def asked(vendor: Simulator, through: Callable[[bytes], Awaitable[bytes]], **parts: Any) -> Answer:
    """The answer to a question about no job."""

    async def call() -> Answer:
        client = Http()
        try:
            return await client.call("GET", f"{vendor.url}/v1/jobs/1", headers=KEY, through=through, **parts)
        finally:
            await client.close()

    return asyncio.run(call())


def test_what_is_kept_is_the_body(vendor: Simulator) -> None:
    """The pieces together are all of it."""
    pieces = bytearray()

    async def through(piece: bytes) -> bytes:
        pieces.extend(piece)
        return piece.upper()

    vendor.script()
    answer = asked(vendor, through)
    assert (answer.status, answer.body) == (404, bytes(pieces).upper())
    assert b"there is no such thing" in pieces


def test_body_that_nobody_keeps_may_be_longer_than_an_answer(vendor: Simulator, monkeypatch: Any) -> None:
    """But not longer than a file."""
    monkeypatch.setattr(http, "CALL_BYTES", 100_000)
    monkeypatch.setattr(http, "FILE_BYTES", 2 * 2**20)
    came = 0

    async def through(piece: bytes) -> bytes:
        nonlocal came
        came += len(piece)
        return b""

    vendor.script({"phase": "poll", "fault": "endless"})
    with pytest.raises(LostAnswer, match="more than 2 MiB"):
        asked(vendor, through)
    assert came >= 2 * 2**20


def test_error_of_the_taker_ends_the_call(vendor: Simulator) -> None:
    """It is the caller's own, and no lost answer."""

    async def through(piece: bytes) -> bytes:
        raise KeyError("enough")

    vendor.script({"phase": "poll", "fault": "endless"})
    with pytest.raises(KeyError, match="enough"):
        asked(vendor, through)
