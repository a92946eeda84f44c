"""A command on a terminal of its own, and the keys that a person presses there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

CTRL_C = b"\x03"


class Terminal:
    """The screen and the keyboard of one command."""

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self.process, self._keyboard = process, keyboard
        self.shown = b""

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._keyboard, keys)

    def read(self, seconds: float) -> bool:
        """Take in what is shown, for so long at most; False when the command has closed the terminal."""
        if select.select([self._keyboard], [], [], seconds)[0]:
            try:
                data = os.read(self._keyboard, 65536)
            except OSError:  # how Linux tells the end of a pseudo-terminal
                return False
            self.shown += data
            return bool(data)
        return True

    def watch(self, seconds: float) -> None:
        """Look on for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read(0.01)

    def end(self, limit: float = 60.0) -> tuple[int, float]:
        """The exit code, and the seconds until it came."""
        begun = time.monotonic()
        while self.process.poll() is None and time.monotonic() - begun < limit:
            if not self.read(0.005):
                self.process.wait(limit)
        seconds = time.monotonic() - begun
        with suppress(OSError):
            while select.select([self._keyboard], [], [], 0)[0] and self.read(0):
                pass
        return self.process.wait(1), seconds


@contextmanager
def on_a_terminal(line: Sequence[str], env: Mapping[str, str]) -> Iterator[Terminal]:
    """A command whose terminal controls it: Ctrl-C there is a SIGINT to it, as in life."""
    keyboard, screen = pty.openpty()
    # Only so does Ctrl-C reach it as a signal; `login_tty` is one call of C, so threads do not matter.
    process = subprocess.Popen(line, env=env, preexec_fn=lambda: os.login_tty(screen))  # noqa: PLW1509
    os.close(screen)
    try:
        yield Terminal(process, keyboard)
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
