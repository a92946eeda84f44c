"""The live side of one attempt: what its generator may tell, and how each word of it reaches the disk."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from vmevalkit_core.ceiling import Ceiling
from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import AccountError, RetryableError
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.records import Event, EventKind, Intent, RunKey, Submission
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
        may_send: Callable[[], None] = lambda: None,
        draft: Intent | None = None,
        ceiling: Ceiling | None = None,
        recovering: bool = False,
    ) -> None:
        self.key = key
        self.store = store
        self.folder = folder
        self.metadata = metadata
        self.clock = clock
        self.log: logging.Logger = LOG
        self.recovering = recovering
        """An earlier process may have sent the request."""
        self._draft = draft
        self._ceiling = ceiling
        self._counted = metadata.provenance.intent is not None
        self.unsent = ""
        """Why nothing was sent, once that is on record."""
        self.refused: AccountError | None = None
        """Set when that is because the account cannot go on."""
        self.asked_anew = False
        """What this folder asks is not what the plan priced and the user allowed."""
        self._disk = disk
        self._emit = emit
        self._may_send = may_send
        self._started = clock.monotonic()
        self._in_call = False
        self._maybe_sent = False

    @property
    def intent(self) -> Intent | None:
        """The request that an earlier process may have sent; set while recovering only."""
        return self.metadata.provenance.intent if self.recovering else None

    @property
    def submission(self) -> Submission | None:
        """Set when a provider has this job already."""
        return self.metadata.provenance.submission

    @property
    def sent_at(self) -> datetime | None:
        """When the request was about to be sent."""
        intent = self.metadata.provenance.intent
        return intent.time if intent else None

    @property
    def clip_path(self) -> Path:
        """Where the video is written before it has been checked."""
        return clip_part(self.folder)

    @property
    def sending(self) -> bool:
        """Whether a paid request may be on its way, so that its id is still to come, or to be written."""
        return self._in_call and self.metadata.inference.status == "submitting"

    @property
    def surely_unsent(self) -> bool:
        """Whether no request of this attempt can be at the provider."""
        doubt = self._maybe_sent or self.recovering or self.submission
        return not doubt and self.metadata.inference.status == "submitting"

    @property
    def seconds(self) -> float:
        """Since this process took the run up."""
        return self.clock.monotonic() - self._started

    @contextmanager
    def calling(self) -> Iterator[None]:
        """While the generator works; only RetryableError says that nothing of it is at the provider."""
        self._in_call = self._maybe_sent = True
        try:
            yield
        except (RetryableError, AccountError):
            self._maybe_sent = False
            raise
        finally:
            self._in_call = False

    @asynccontextmanager
    async def preparing(self) -> AsyncIterator[None]:
        """While nothing is at the provider; at its end the request leaves, unless the user or the account is done."""
        self._in_call = self._maybe_sent = False
        yield
        self._may_send()
        await self.intend()
        self._may_send()
        self._in_call = self._maybe_sent = True

    async def submitted(self, submission: Submission) -> None:
        """Put the provider's id on disk."""
        known = Submission(id=str(submission.id), resume=plain(submission.resume))
        # The status follows the save: until then an interrupt has to wait for this.
        await self._disk.run_first(self._save_submitted, known)
        self.tell("submitted")

    def _save_submitted(self, submission: Submission) -> None:
        draft = self.metadata.model_copy(deep=True)
        draft.submitted(submission)
        self.metadata.provenance.submission = submission
        self.store.save(self.folder, draft)
        self.metadata.submitted(submission)

    async def intend(self) -> None:
        """Put on disk that a request is sent now; one before it is known not to have been taken."""
        if self._draft:
            await self._disk.run_first(self._save_intent, self._draft.model_copy(update={"time": self.clock.now()}))

    def _save_intent(self, intent: Intent) -> None:
        draft = self.metadata.model_copy(deep=True)
        draft.intend(intent)
        if self._ceiling is None:
            self.store.save(self.folder, draft)
        else:
            with self._ceiling.spending(Decimal(0) if self._counted else intent.price):
                self.store.save(self.folder, draft)
            self._counted = True
        self.metadata.intend(intent)

    async def settle(self) -> None:
        """Count what the vendor charged in place of the price; after the record that says so."""
        facts = self.metadata.provenance
        if not self._ceiling or not self._counted:
            return
        price, sent = facts.cost.estimated or Decimal(0), facts.intent or facts.submission
        charged = (price if facts.cost.charged is None else facts.cost.charged) if sent else Decimal(0)
        self._counted = bool(sent)
        await self._disk.run(self._ceiling.correct, charged - price)

    async def forget_intent(self, reason: str = "stopped") -> None:
        """Put on disk that nothing was sent: the next command may send it without a question."""
        self.unsent = reason
        inference = self.metadata.inference
        if not (self.metadata.provenance.intent or inference.error):
            return  # so it is on disk
        inference.error = self.metadata.provenance.failure = self.metadata.provenance.intent = None
        if inference.status != "running":
            inference.status = "submitting"
        await self.save()
        await self.settle()

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


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """The same as JSON values: what a plugin hands over must not stop a record from being written."""
    copied: dict[str, Any] = json.loads(json.dumps(value, default=str, skipkeys=True))
    return copied
