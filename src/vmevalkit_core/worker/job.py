"""A run as its generator sees it inside a worker."""

from __future__ import annotations

import logging
from pathlib import Path

from vmevalkit_core.generator.free_job import FreeJob
from vmevalkit_core.worker.lifeline import Lifeline
from vmevalkit_core.worker.pulse import Pulse

LOGGER = "vmevalkit_core.job"


class WorkerJob(FreeJob):
    """A `Job` whose words travel to the command."""

    def __init__(self, line: Lifeline, pulse: Pulse, number: int, clip_path: Path) -> None:
        self._line, self._pulse = line, pulse
        self.number = number
        self._clip_path = clip_path
        self._log = logging.getLogger(f"{LOGGER}.{number}")

    @property
    def clip_path(self) -> Path:
        """Where to write the video."""
        return self._clip_path

    @property
    def log(self) -> logging.Logger:
        """A logger whose lines travel to the command, which hides what is secret."""
        return self._log

    def progress(self, fraction: float | None = None, stage: str = "") -> None:
        """Tell how far the run is; also proves that the model does not hang."""
        self._pulse.moved()
        known = None if fraction is None else float(fraction)  # a tensor is no JSON
        self._line.send("progress", id=self.number, fraction=known, stage=stage)

    def device_free(self) -> None:
        """Tell that what is left to do needs no device, so that the next run may come."""
        self._line.send("free", id=self.number)


class Lines(logging.Handler):
    """Sends every log line of this process to the command."""

    def __init__(self, line: Lifeline) -> None:
        super().__init__()
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        """One message for each."""
        home, _, number = record.name.rpartition(".")
        run = int(number) if home == LOGGER and number.isdecimal() else None
        try:
            text = self.format(record)
        except Exception:
            self.handleError(record)  # to stderr, which the command keeps
            return
        self._line.send(
            "log", id=run, level=record.levelno, logger=LOGGER if run is not None else record.name, text=text
        )
