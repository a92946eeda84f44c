"""What a local run tells while it is drawn, and how it learns that nobody waits for it any more."""

from __future__ import annotations

import threading

from vmevalkit_core.errors import ModelError
from vmevalkit_core.generator.contract import Job


class Told:
    """Passes on how far a run is, and ends it at the next step once nobody waits for it."""

    def __init__(self, job: Job, gone: threading.Event) -> None:
        self._job, self._gone = job, gone

    def __call__(self, stage: str) -> None:
        """Name what is being done."""
        self.alive()
        self._job.progress(None, stage)

    def step(self, done: int, total: int) -> None:
        """Tell that a step is done."""
        self.alive()
        self._job.progress(done / max(1, total), f"step {done} of {total}")

    def alive(self) -> None:
        """ModelError once the run was given up."""
        if self._gone.is_set():
            raise ModelError("the run was given up while it was drawn")
