"""Keeping foreign code from taking the command down: it may raise, exit or never end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from vmevalkit_core.errors import ConfigError, VmevalError

LIMIT = "VMEVAL_PLUGIN_TIMEOUT"
Answer = TypeVar("Answer")


class TimeUp(BaseException):
    """Foreign code did not end in time; no `except Exception` of its own can swallow it."""


def time_limit() -> float:
    """Seconds that a plugin may take to import, and again to list its models; 0 is no limit."""
    given = os.environ.get(LIMIT, "") or "10"
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86400:
        raise ConfigError(f"{LIMIT} is {given!r}, not a number of seconds", hint=f"unset {LIMIT}, or set it to 10")
    return seconds


def within(seconds: float, call: Callable[[], Answer]) -> Answer:
    """What `call` returns; TimeUp when that takes longer than `seconds`.

    The limit holds in the main thread only: Python delivers signals nowhere else, and there is no other way to
    interrupt code that loops. An answer that takes forever inside one C call cannot be interrupted at all.
    """
    former = signal.getsignal(signal.SIGALRM)
    # A handler that Python did not install reads as None and could not be put back.
    if not seconds or former is None or threading.current_thread() is not threading.main_thread():
        return call()
    start = time.monotonic()
    signal.signal(signal.SIGALRM, _raise_time_up(seconds))
    left, every = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        # Twice `finally`: the alarm may ring once more after `call` returned, and the former handler still comes back.
        try:
            return call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, former)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - start), 0.001), every)


def reason(error: BaseException) -> str:
    """One line that says what went wrong, whatever the error does to hide it."""
    try:
        text = " ".join(str(error).split())[:500]
    except Exception:
        text = ""
    if isinstance(error, VmevalError | TimeUp) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _raise_time_up(seconds: float) -> Callable[[int, Any], None]:
    def ring(signum: int, frame: Any) -> None:
        raise TimeUp(f"did not end within {seconds:g} s")

    return ring
