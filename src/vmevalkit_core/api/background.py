"""An event loop in a thread of its own: calls work in scripts, in threads, and in notebooks whose loop is running."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from vmevalkit_core.errors import UsageError
from vmevalkit_core.runner.engine import GRACE

T = TypeVar("T")
PATIENCE = 2 * GRACE
"""Seconds that work which is cancelled at the end has to put its state on disk."""


class Background:
    """Carries out coroutines until it is closed; `last` is awaited at the end, in the same loop."""

    def __init__(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._last = last
        self._closing = False
        self._pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        # A daemon: the interpreter must not wait for a loop that ends only after it has waited.
        self._thread = threading.Thread(target=self._serve, name="vmeval-runner", daemon=True)
        self._thread.start()

    @property
    def usable(self) -> bool:
        """False once it is closed, and in a process that was forked off: threads stay behind."""
        return not self._closing and self._pid == os.getpid()

    def submit(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """The result of a coroutine to come; UsageError when a model or hook asks from inside this loop."""
        if threading.current_thread() is self._thread:
            raise UsageError("a model cannot call the runner that runs it", hint="give it a runner of its own")
        return asyncio.run_coroutine_threadsafe(work(), self._loop)

    def call(self, function: Callable[[], object]) -> None:
        """Have a function called in the loop, soon."""
        with suppress(RuntimeError):  # the loop is closed, so there is nothing left to tell
            self._loop.call_soon_threadsafe(function)

    def close(self) -> None:
        """Cancel what is left, keep every id, and end the thread; a second time does nothing."""
        if not self.usable:
            return
        self._closing = True
        ended = asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop)
        if threading.current_thread() is self._thread:  # called by the garbage collector
            ended.add_done_callback(lambda _: self._loop.stop())
            return
        with suppress(Exception):
            ended.result(2 * PATIENCE)
        self.call(self._loop.stop)
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._closing:
            # A model that raises KeyboardInterrupt ends run_forever, which must not end the runs of others.
            with suppress(BaseException):
                self._loop.run_forever()
        self._loop.close()

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE)
        await self._last()
