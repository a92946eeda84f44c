"""The threads that read and write the output tree, apart from those that decode and those that plugins use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS, WORKERS = 2, 4
"""Enough to overlap one fsync with another; more only wait for each other, at a cost."""


class Disk:
    """Small pools of its own: a job's id must never wait behind somebody's minute-long encode."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="vmeval-disk")
        self._ids = ThreadPoolExecutor(1, thread_name_prefix="vmeval-ids")
        self._intents = ThreadPoolExecutor(1, thread_name_prefix="vmeval-intents")
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="vmeval-work")

    async def close(self) -> None:
        """Wait until everything that was begun is written; in threads of our own, for plugins may fill the others."""
        loop = asyncio.get_running_loop()
        with suppress(RuntimeError):  # at the end of the interpreter, which has waited for every thread itself
            for pool in (self._pool, self._intents, self._workers):
                await loop.run_in_executor(self._ids, pool.shutdown)
        self._ids.shutdown(wait=False)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `call` returns. A cancelled caller still waits for it: what is begun is on disk when this ends."""
        return await _finished(self._pool, lambda: call(*args, **kwargs))

    async def run_first(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for a job's id: until it is written a crash leaves doubt, so it waits for nothing else."""
        return await _finished(self._ids, lambda: call(*args, **kwargs))

    async def run_intent(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for an intent, which may have to wait for the count of what is spent."""
        return await _finished(self._intents, lambda: call(*args, **kwargs))

    async def work(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for what computes: decoding a clip, drawing a picture."""
        return await _finished(self._workers, lambda: call(*args, **kwargs))


async def _finished(pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    work = asyncio.get_running_loop().run_in_executor(pool, call)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with suppress(asyncio.CancelledError):  # told twice
                await asyncio.wait([work])
        raise
