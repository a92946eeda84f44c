"""Runs a program that may crash, hang or flood, and comes back from each."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

_SAID = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended."""

    code: int
    """As `subprocess` gives it: negative for a signal."""
    output: bytes
    """At most one byte more than was asked for."""
    said: str
    """The start of its stderr."""
    late: bool
    """It was killed because the time was over."""


def run_limited(command: Sequence[str], data: bytes, *, env: Mapping[str, str], seconds: float, most: int) -> Ended:
    """Give a program `data` and take at most `most` bytes of output; after `seconds` its process group is killed."""
    with (
        subprocess.Popen(
            command,
            env=env,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process,
        _fed(process.stdin, data),
        _killed_after(process, seconds) as late,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        output, said = process.stdout.read(most + 1), b""
        if len(output) <= most:
            said = process.stderr.read(_SAID)
            process.wait()
    return Ended(code=process.returncode, output=output, said=said.decode(errors="replace"), late=late.is_set())


@contextmanager
def _fed(stdin: IO[bytes] | None, data: bytes) -> Iterator[None]:
    """Write in a thread: a program that does not read must not block the one who reads it."""

    def feed() -> None:
        assert stdin is not None
        with suppress(OSError), stdin:
            stdin.write(data)

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """The process and its children are dead afterwards, at the latest after `seconds`; the event says so."""
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
