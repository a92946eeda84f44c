"""Ctrl-C: the first one stops in order and keeps every id, the second one stops at once."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.wording import STOPPING

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_interruptible(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T:
    """The result of `work`, which ends early and in order once `stop` is set by a signal."""
    loop, told = asyncio.new_event_loop(), False

    def interrupted(*_: object) -> None:
        nonlocal told
        if told:
            os._exit(130)  # also where a plugin blocks the loop, so nothing of it is asked
        told = True
        loop.call_soon_threadsafe(_stop, stop)

    # Signals reach the main thread alone; a program that calls us from another one keeps its own way to stop.
    heard = SIGNALS if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, interrupted) for number in heard}
    try:
        return loop.run_until_complete(work)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)  # None: set by something that is not Python
        # Not asyncio.run: it would wait for every thread of the pool, a minute-long encode included.
        loop.close()


def _stop(stop: asyncio.Event) -> None:
    stop.set()
    out.note(STOPPING)
