"""The live side of one attempt: what its generator may tell, and how each word of it reaches the disk."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from vmevalkit_core.ceiling import Ceiling
from vmevalkit_core.clock import Clock
from vmevalkit_core.durable import Unwritable
from vmevalkit_core.errors import AccountError, RetryableError
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.records import Event, EventKind, Intent, RunKey, Submission
from vmevalkit_core.retry import KEEP, retried
from vmevalkit_core.runner.disk import Disk
from vmevalkit_core.runner.lean import count_as_given
from vmevalkit_core.store import Store, new_clip_part

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
        self._counted = spent(metadata)
        """US dollars that the experiment's count holds for this attempt."""
        self.unsent = ""
        """Why nothing was sent, once that is on record."""
        self.refused: AccountError | None = None
        """Set when that is because the account cannot go on."""
        self.asked_anew = False
        """What this folder asks is not what the plan priced and the user allowed."""
        self.id_is_lost = False
        """The provider has the job, and its id is not on disk."""
        self._disk = disk
        self._emit = emit
        self._may_send = may_send
        self._clip_path = new_clip_part(folder)
        self._started = clock.monotonic()
        # Looked at once: within this process the wall clock may be set, and only the other one counts.
        self._before = max(0.0, (clock.now() - metadata.inference.timestamp).total_seconds())
        self._in_call = False
        self._maybe_sent = False
        count_as_given(metadata)
        if draft:
            count_as_given(draft)

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
        return self._clip_path

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
    def adoption(self) -> str:
        """What the user adds to his command so that it collects the job; empty without one."""
        return f"--adopt {self.folder.name}={self.submission.id}" if self.submission else ""

    @property
    def seconds(self) -> float:
        """Since the run began, in whichever process; never less than in this one."""
        return self._before + self.clock.monotonic() - self._started

    @contextmanager
    def calling(self, *, unsent: bool = False) -> Iterator[None]:
        """While the generator works; RetryableError and AccountError say that nothing of it is at the provider.

        With `unsent` nothing is before its `preparing` has ended; else it may be from the start.
        """
        self._in_call = self._maybe_sent = not unsent
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
        count_as_given(known)
        self.metadata.provenance.submission, self.id_is_lost = known, True
        try:
            # A download that met a full disk has made room by now, and a new file is another try for a bad disk.
            await retried(lambda: self._disk.run_first(self._save_submitted, known), KEEP, self.clock, on=Unwritable)
        finally:
            if self.id_is_lost:
                self.log.error("job %s is not on record; keep this: %s", known.id, self.adoption)
        self.tell("submitted")

    def _save_submitted(self, submission: Submission) -> None:
        draft = self.metadata.draft()
        draft.submitted(submission)
        self.store.save(self.folder, draft)
        # The status follows the save: until then an interrupt has to wait for this.
        self.metadata.submitted(submission)
        self.id_is_lost = False

    async def intend(self) -> None:
        """Put on disk that a request is sent now; one before it is known not to have been taken."""
        if self._draft:
            await self._disk.run_intent(self._save_intent, self._draft.model_copy(update={"time": self.clock.now()}))

    def _save_intent(self, intent: Intent) -> None:
        draft = self.metadata.draft()
        draft.intend(intent)
        with self._ceiling.spending(spent(draft) - self._counted) if self._ceiling else nullcontext():
            self._counted = spent(draft)  # it is counted now, also where the record cannot be written
            try:
                self.store.save(self.folder, draft)
            finally:  # what failed may be on disk all the same, and has to be taken back there
                self.metadata.intend(intent)

    async def settle(self) -> None:
        """Write the record, and count what it says was charged in place of what was counted before."""
        await self._disk.run(self._save_settled)

    def _save_settled(self) -> None:
        now = spent(self.metadata)
        # In one step under the lock: a recount in between would see the record and then be corrected once more.
        with self._ceiling.settling(now - self._counted) if self._ceiling else nullcontext():
            self._counted = max(now, self._counted)  # a second try must not count what this one has counted
            self.store.save(self.folder, self.metadata)
        self._counted = now
        self.id_is_lost = False

    async def retract(self) -> None:
        """Put on disk that the last request was not taken, when that is sure."""
        if self.surely_unsent and self.metadata.provenance.intent:
            self.metadata.provenance.intent = None
            await self.settle()

    async def forget_intent(self, reason: str = "stopped") -> None:
        """Put on disk that nothing was sent: the next command may send it without a question."""
        if self.submission:
            return  # taken after all: whatever ends here, the job is collected later
        self.unsent = reason
        inference = self.metadata.inference
        if not (self.metadata.provenance.intent or inference.error):
            return  # so it is on disk
        inference.error = self.metadata.provenance.failure = self.metadata.provenance.intent = None
        if inference.status != "running":
            inference.status = "submitting"
        await self.settle()

    def answer_lost(self) -> None:
        """Whoever stops the command need not wait for an answer any more: the next one looks for the job."""
        self._in_call = False

    def progress(self, fraction: float | None = None, stage: str = "") -> None:
        """Pass on how far the job is."""
        self.tell("progress", fraction=fraction, stage=stage)

    def tell(self, kind: EventKind, **facts: Any) -> None:
        """Send an event about this run."""
        inference = self.metadata.inference
        named = {"run_id": inference.run_id, "status": inference.status, **self.key._asdict()}
        self._emit(Event.model_validate({"kind": kind, "time": self.clock.now(), **named, **facts}))


def spent(metadata: RunMetadata) -> Decimal:
    """US dollars at most that an attempt cost, as `Attempt.spent` reads it from the record."""
    facts = metadata.provenance
    if not (facts.intent or facts.submission):
        return Decimal(0)
    return (facts.cost.estimated if facts.cost.charged is None else facts.cost.charged) or Decimal(0)


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """The same as JSON values: what a plugin hands over must not stop a record from being written."""
    copied: dict[str, Any] = json.loads(json.dumps(value, default=str, skipkeys=True))
    return copied
