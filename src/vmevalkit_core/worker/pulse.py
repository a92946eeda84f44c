"""The worker's heartbeat, and its own look at whether the model still moves."""

from __future__ import annotations

import faulthandler
import sys
import threading
import time
from typing import Any

from vmevalkit_core.worker.lifeline import Lifeline, die


class Pulse:
    """A thread that tells the command every few seconds that this process lives."""

    def __init__(self, line: Lifeline, *, beat: float, patience: float) -> None:
        self._line = line
        self._beat = beat
        self._patience = patience
        self._busy = 0
        self._moved = time.monotonic()
        threading.Thread(target=self._go, name="vmeval-pulse", daemon=True).start()

    def moved(self) -> None:
        """Say that the model has come a step further."""
        self._moved = time.monotonic()

    def __enter__(self) -> None:
        self.moved()
        self._busy += 1

    def __exit__(self, *_: Any) -> None:
        self.moved()
        self._busy -= 1

    def _go(self) -> None:
        while True:
            time.sleep(self._beat)
            if not self._line.parent_lives():
                die()
            still = time.monotonic() - self._moved
            if self._busy and still > self._patience:
                self._hang(still)
            self._line.send("beat")

    def _hang(self, still: float) -> None:
        """Where every thread stands goes to stderr, which the command keeps; then the end."""
        sys.stderr.flush()
        faulthandler.dump_traceback(sys.__stderr__ or sys.stderr)
        self._line.send("hung", seconds=round(still, 1))
        time.sleep(0.2)  # for the pipe of stderr to be read
        die()
