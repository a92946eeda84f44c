"""The threads that read and write the output tree, apart from those that decode and those that plugins use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 2
"""Enough to overlap one fsync with another; more only wait for each other, at a cost."""


class Disk:
    """A small pool of its own: a job's id must never wait behind somebody's minute-long encode."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="vmeval-disk")
        self._urgent = ThreadPoolExecutor(1, thread_name_prefix="vmeval-ids")

    async def close(self) -> None:
        """Wait until everything that was begun is written."""
        for pool in (self._pool, self._urgent):
            with suppress(RuntimeError):  # at the end of the interpreter, which has waited for every thread itself
                await asyncio.to_thread(pool.shutdown)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `call` returns. A cancelled caller still waits for it: what is begun is on disk when this ends."""
        return await _finished(self._pool, lambda: call(*args, **kwargs))

    async def run_first(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for an intent and a job's id: a crash between them leaves doubt, so neither waits for others."""
        return await _finished(self._urgent, lambda: call(*args, **kwargs))


async def _finished(pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    work = asyncio.get_running_loop().run_in_executor(pool, call)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
