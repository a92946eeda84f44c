"""The worker's tie to the command that started it: its two pipes, and its end when that one ends."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from vmevalkit_core.workers.messages import Message, pack, unpack

_PR_SET_PDEATHSIG = 1
LOOK_AGAIN = 0.25
"""Seconds between two looks at the leader of a group, where the kernel does not tell of its end."""
LOST = 70
"""The exit code of a worker whose command is gone, or that found itself hanging."""


class Lifeline:
    """Takes the real stdin and stdout away from the model: what it prints goes to stderr, what it reads is empty."""

    def __init__(self, parent: int) -> None:
        guard_group()
        self._parent = parent
        self._in, self._out = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._sending = threading.Lock()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the command's to understand
        die_with_parent()
        if not self.parent_lives():
            die()

    def parent_lives(self) -> bool:
        """Whether the process that started this one is still there."""
        return os.getppid() == self._parent

    def send(self, kind: str, **fields: object) -> None:
        """Tell the command something, from any thread."""
        data = memoryview(pack(kind, **fields))
        with self._sending:
            try:
                while data:
                    data = data[os.write(self._out, data) :]
            except OSError:  # nobody listens any more
                die()

    def listen(self, hear: Callable[[Message], object]) -> None:
        """Hand on every message, in a thread of its own; the end of the pipe ends this process, whatever it does."""
        threading.Thread(target=self._listen, args=(hear,), name="vmeval-lifeline", daemon=True).start()

    def _listen(self, hear: Callable[[Message], object]) -> None:
        with os.fdopen(self._in, "rb") as pipe:
            for line in pipe:
                hear(unpack(line))
        die()


def die_with_parent() -> None:
    """On Linux the kernel kills this process in the moment its parent dies, even one that no longer reads its pipe."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def guard_group() -> None:
    """Leave a watcher behind that kills what this process started, once this process is gone in whatever way.

    The kernel ends this process with its parent, but not the processes that a model has forked. To be called before
    there are threads or open files; the watcher belongs to the group that it kills, so it leaves nothing behind and
    can never mean another one.
    """
    leader = os.getpid()
    if not _leads_group() or os.fork():
        return
    try:
        os.closerange(0, 3)  # the command must see the end of the pipes when this process ends
        _wait_for_end(leader)
        os.killpg(0, signal.SIGKILL)
    finally:
        os._exit(LOST)  # a watcher that breaks must not go on as a second worker


def _wait_for_end(parent: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError, AttributeError):  # not Linux, an old kernel, or it is gone already
        descriptor = os.pidfd_open(parent)
        if os.getppid() == parent:  # else the number may be somebody else's by now
            select.select([descriptor], [], [])
    while os.getppid() == parent:
        time.sleep(LOOK_AGAIN)


def _leads_group() -> bool:
    return os.getpgrp() == os.getpid()


def die() -> NoReturn:
    """End now, with everything this process started: there is nobody left to whom a result would matter."""
    if _leads_group():
        os.killpg(0, signal.SIGKILL)
    os._exit(LOST)
