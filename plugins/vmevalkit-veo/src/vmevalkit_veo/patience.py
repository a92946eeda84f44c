"""Jobs that a poll does not know: one such answer means nothing, many in a row mean that the job is gone."""

from __future__ import annotations

from collections import Counter

from vmevalkit_core import Failed, Pending

TIMES = 10
"""Polls in a row: stray refusals of jobs that run, and are billed, have been seen."""


class Patience:
    """How often each job of a generator was not known, in a row."""

    def __init__(self, vendor: str, pause: float) -> None:
        self._vendor, self._pause = vendor, pause
        self._unknown = Counter[str]()

    def known(self, job: str) -> None:
        """The job was known."""
        self._unknown.pop(job, None)

    def unknown(self, job: str, words: str) -> Pending | Failed:
        """What to make of a poll that did not know the job."""
        self._unknown[job] += 1
        if self._unknown[job] < TIMES:
            return Pending(stage=f"{self._vendor} does not know the job at the moment", poll_after=self._pause)
        return Failed(
            reason=f"{self._vendor} does not know the job {job}: {words}",
            hint="it was deleted there, or it belongs to another project or key",
        )
