"""The live side of one attempt: what its generator may tell, and how each word of it reaches the disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmevalkit_core.clock import Clock
from vmevalkit_core.records import Event, EventKind, Intent, RunKey, RunMetadata, Submission
from vmevalkit_core.runner.disk import Disk
from vmevalkit_core.store import Store, clip_part

LOG = logging.getLogger("vmevalkit_core.job")


class Handle:
    """A `Job` that writes through to the record of a run folder."""

    def __init__(
        self,
        *,
        key: RunKey,
        store: Store,
        folder: Path,
        metadata: RunMetadata,
        clock: Clock,
        disk: Disk,
        emit: Callable[[Event], None],
        recovering: bool = False,
    ) -> None:
        self.key = key
        self.store = store
        self.folder = folder
        self.metadata = metadata
        self.clock = clock
        self._disk = disk
        self.intent: Intent | None = metadata.provenance.intent if recovering else None
        self.log: logging.Logger = LOG
        self._emit = emit
        self._started = clock.monotonic()

    @property
    def submission(self) -> Submission | None:
        """Set when a provider has this job already."""
        return self.metadata.provenance.submission

    @property
    def clip_path(self) -> Path:
        """Where the video is written before it has been checked."""
        return clip_part(self.folder)

    @property
    def sending(self) -> bool:
        """Whether a paid request may be on its way, so that its id is still to come."""
        return self.metadata.inference.status == "submitting"

    @property
    def seconds(self) -> float:
        """Since this process took the run up."""
        return self.clock.monotonic() - self._started

    async def submitted(self, submission: Submission) -> None:
        """Put the provider's id on disk."""
        self.metadata.provenance.submission = submission
        self.metadata.output.generation_id = submission.id
        self.metadata.inference.status = "submitted"
        await self.save()
        self.tell("submitted")

    async def renew_intent(self) -> None:
        """Put on disk that the request is sent after all, now that the first one is known to be lost."""
        self.intent = None
        facts = self.metadata.provenance
        if facts.intent:
            facts.intent = facts.intent.model_copy(update={"time": self.clock.now()})
        self.metadata.inference.status = "submitting"
        await self.save()

    def progress(self, fraction: float | None = None, stage: str = "") -> None:
        """Pass on how far the job is."""
        self.tell("progress", fraction=fraction, stage=stage)

    async def save(self) -> None:
        """Write the record; a cancelled caller still waits until it is on disk."""
        await self._disk.run(self.store.save, self.folder, self.metadata)

    def tell(self, kind: EventKind, **facts: Any) -> None:
        """Send an event about this run."""
        inference = self.metadata.inference
        named = {"run_id": inference.run_id, "status": inference.status, **self.key._asdict()}
        self._emit(Event.model_validate({"kind": kind, "time": self.clock.now(), **named, **facts}))
