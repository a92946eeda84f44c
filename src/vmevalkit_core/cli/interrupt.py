"""Ctrl-C: the first one stops in order and keeps every id, the second one stops at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.wording import STOPPING

T = TypeVar("T")


def run_interruptible(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T:
    """The result of `work`, which ends early and in order once `stop` is set by a signal."""

    async def main() -> T:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _interrupted, stop)
        return await work

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        # Not asyncio.run: it would wait for every thread of the pool, a minute-long encode included.
        loop.close()


def _interrupted(stop: asyncio.Event) -> None:
    if stop.is_set():
        os._exit(130)
    stop.set()
    out.note(STOPPING)
