"""One run from its claim to its end: open the folder, ask the model, check the clip, write the record."""

from __future__ import annotations

import asyncio
import shutil
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from vmevalkit_core import durable
from vmevalkit_core.claims import Claims
from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import (
    ClipError,
    GenerationError,
    NotAccepted,
    QuestionError,
    RetryableError,
    UncertainSubmitError,
    UsageError,
    VmevalError,
)
from vmevalkit_core.media.clips import ClipInfo, check_clip
from vmevalkit_core.planner import Action, Decision, PlannedRun, Planner
from vmevalkit_core.records import Clip, ClipFacts, Event, Failure, RunMetadata, RunStatus, Submission
from vmevalkit_core.redact import without_query
from vmevalkit_core.registry import Registry
from vmevalkit_core.retry import SUBMIT, retried
from vmevalkit_core.runner.disk import Disk
from vmevalkit_core.runner.handle import Handle
from vmevalkit_core.runner.record import describe, loaded_versions, request_of
from vmevalkit_core.runner.report import End, Outcome
from vmevalkit_core.store import VIDEO, Attempt, Store
from vmevalkit_core.workers import InlineWorker

Emit = Callable[[Event], None]
ASLEEP: dict[Action, End] = {Action.DONE: "elsewhere", Action.FAILED: "failed", Action.CHANGED: "elsewhere"}


class Executor:
    """Carries out planned runs of one experiment, any number at once."""

    def __init__(
        self,
        *,
        store: Store,
        claims: Claims,
        planner: Planner,
        registry: Registry,
        worker: InlineWorker,
        clock: Clock,
        disk: Disk,
        emit: Emit,
        interceptors: tuple[str, ...] = (),
    ) -> None:
        self.store = store
        self.claims = claims
        self.planner = planner
        self.registry = registry
        self.worker = worker
        self.clock = clock
        self.disk = disk
        self.emit = emit
        self.interceptors = interceptors
        self.in_flight: set[Handle] = set()

    async def run(self, run: PlannedRun) -> Outcome:
        """How a run ended; it never raises for what one run can do wrong."""
        if not self.claims.take(run.key):
            return Outcome(key=run.key, end="busy")
        try:
            return await self._claimed(run)
        except (VmevalError, OSError) as error:
            return _unopened(run, error)
        finally:
            self.claims.release(run.key)

    async def _claimed(self, run: PlannedRun) -> Outcome:
        handle = await self.disk.run(self._take_up, run)
        if isinstance(handle, Outcome):
            return handle
        self.in_flight.add(handle)
        try:
            handle.tell("started")
            await self._produce(run, handle)
        finally:
            self.in_flight.discard(handle)
        return _outcome(handle)

    def _take_up(self, run: PlannedRun) -> Handle | Outcome:
        # Nothing read before the claim is believed: another process may have finished the run since.
        decision = self.planner.decide(run)
        if decision.action in ASLEEP or decision.action is Action.DAMAGED:
            return _asleep(run, decision)
        return self._open(run, decision)

    def _open(self, run: PlannedRun, decision: Decision) -> Handle:
        """The run's folder with its intent on disk, new or as an earlier process left it."""
        if decision.action is Action.START or decision.attempt is None:
            folder, metadata = self._create(run, decision.attempt)
        else:
            folder, metadata = self._reopen(run, decision.action, decision.attempt)
        recovering = decision.action is Action.RECOVER
        return Handle(
            key=run.key,
            store=self.store,
            folder=folder,
            metadata=metadata,
            clock=self.clock,
            disk=self.disk,
            emit=self.emit,
            recovering=recovering,
        )

    def _create(self, run: PlannedRun, replaced: Attempt | None) -> tuple[Path, RunMetadata]:
        now = self.clock.now()
        before = self.store.attempts_of(run.key)
        if replaced and replaced.status == "running":
            self._close_replaced(replaced)

        number = max((one.number for one in before), default=0) + 1

        def record(question: Path, folder: Path) -> RunMetadata:
            owner = self.registry.owner(run.ask.spec.name)
            with _naming(question, run.task.folder):
                return describe(run, owner, question, folder, now=now, attempts=number, interceptors=self.interceptors)

        return self.store.create(run.key, now, run.task.sources(), record)

    def _close_replaced(self, attempt: Attempt) -> None:
        metadata = attempt.metadata()
        metadata.inference.status = "failed"
        metadata.inference.error = "interrupted, and asked differently since"
        self.store.save(Path(attempt.folder), metadata)

    def _reopen(self, run: PlannedRun, action: Action, attempt: Attempt) -> tuple[Path, RunMetadata]:
        metadata, folder = attempt.metadata(), Path(attempt.folder)
        _check_account(run, metadata)
        if action is Action.RESTART:
            metadata.inference.attempts += 1
            metadata.inference.timestamp = self.clock.now()
            self.store.save(folder, metadata)
        elif action is Action.RESUME and metadata.provenance.submission is None:
            _adopt(metadata, self.planner.policy.adopt[attempt.run_id])
            self.store.save(folder, metadata)
        return folder, metadata

    async def _produce(self, run: PlannedRun, handle: Handle) -> None:
        try:
            clip = await self._ask(run, handle)
            info = await asyncio.to_thread(_land, clip, handle)
        except (Exception, SystemExit) as error:  # a plugin may raise anything; the other runs go on
            await _fail(handle, error, paid=run.ask.price != 0 and run.ask.spec.kind == "api")
        else:
            await _succeed(handle, clip, info)

    async def _ask(self, run: PlannedRun, handle: Handle) -> Clip:
        request = request_of(handle.metadata, handle.folder)
        if handle.intent:
            try:
                return await self.worker.recover(run.ask.spec, request, handle)
            except NotAccepted:
                await handle.renew_intent()
        if handle.submission:
            return await self.worker.run(run.ask.spec, request, handle)
        return await retried(lambda: self.worker.run(run.ask.spec, request, handle), SUBMIT, self.clock)


@contextmanager
def _naming(copy: Path, source: Path) -> Iterator[None]:
    """Errors about a copy name the user's own file: the copy is gone when he reads them."""
    try:
        yield
    except QuestionError as error:
        raise QuestionError(error.message.replace(str(copy), str(source)), hint=error.hint) from error


def _land(clip: Clip, handle: Handle) -> ClipInfo:
    """Check the video to its last frame and give it its final name."""
    part = handle.clip_path
    if not clip.path.is_file():
        raise ClipError(f"the model handed back {clip.path}, which is no file")
    if clip.path.resolve() != part.resolve():
        shutil.copyfile(clip.path, part)  # not moved: a cache hands out files that it keeps
    info = check_clip(part)
    durable.land(part, handle.folder / VIDEO)
    return info


async def _succeed(handle: Handle, clip: Clip, info: ClipInfo) -> None:
    metadata = handle.metadata
    facts = {name: getattr(info, name) for name in ClipFacts.model_fields}
    metadata.provenance.clip = ClipFacts(**facts)
    metadata.provenance.extras = {**metadata.provenance.extras, **clip.extras}
    metadata.provenance.cost.charged = clip.cost
    metadata.provenance.failure = None
    metadata.provenance.versions = loaded_versions()
    metadata.output.video_path = str(handle.folder / VIDEO)
    metadata.output.generation_id = clip.generation_id or metadata.output.generation_id
    metadata.output.video_url = without_query(clip.video_url) if clip.video_url else None
    await _end(handle, "success", "")
    handle.tell("done", seconds=metadata.inference.duration_seconds)


async def _fail(handle: Handle, error: BaseException, *, paid: bool) -> None:
    handle.clip_path.unlink(missing_ok=True)
    status, metadata = _status_after(error, handle, paid=paid), handle.metadata
    text = handle.store.redactor.text
    metadata.provenance.failure = Failure(
        type=type(error).__name__,
        hint=text(getattr(error, "hint", "")),
        traceback=text("".join(traceback.format_exception(error))),
    )
    if isinstance(error, GenerationError) and error.generation_id:
        metadata.output.generation_id = error.generation_id
    await _end(handle, status, text(str(error)) or type(error).__name__)
    handle.tell("failed", error=metadata.inference.error)


def _status_after(error: BaseException, handle: Handle, *, paid: bool) -> RunStatus:
    """What is known of a run after an error: only a certain end may be called failed."""
    if isinstance(error, UncertainSubmitError) or (handle.intent and not handle.submission):
        return "uncertain"
    certain = isinstance(error, VmevalError) and not isinstance(error, RetryableError | ClipError)
    if handle.submission is not None:
        return "failed" if certain else "submitted"
    known = isinstance(error, VmevalError)
    return "failed" if known or not paid else "uncertain"


async def _end(handle: Handle, status: RunStatus, error: str) -> None:
    inference = handle.metadata.inference
    inference.status = status
    inference.error = error or None
    inference.duration_seconds = round(_duration(handle, inference.timestamp), 3)
    await handle.save()


def _duration(handle: Handle, started: datetime) -> float:
    """Seconds since the run began, in whichever process; never less than in this one."""
    return max(handle.seconds, (handle.clock.now() - started).total_seconds())


def _outcome(handle: Handle) -> Outcome:
    inference, facts = handle.metadata.inference, handle.metadata.provenance
    return Outcome(
        key=handle.key,
        end=inference.status,
        folder=str(handle.folder),
        error=inference.error or "",
        hint=facts.failure.hint if facts.failure else "",
        seconds=inference.duration_seconds,
        charged=facts.cost.charged,
    )


def _asleep(run: PlannedRun, decision: Decision) -> Outcome:
    folder = decision.attempt.folder if decision.attempt else None
    return Outcome(key=run.key, end=ASLEEP.get(decision.action, "blocked"), folder=folder, error=decision.reason)


def _unopened(run: PlannedRun, error: VmevalError | OSError) -> Outcome:
    return Outcome(key=run.key, end="blocked", error=str(error), hint=getattr(error, "hint", ""))


def _check_account(run: PlannedRun, metadata: RunMetadata) -> None:
    then = metadata.provenance.account
    if metadata.provenance.submission and then and then != run.ask.account:
        raise UsageError(
            f"{metadata.inference.run_id} was sent with another key (account {then}, now {run.ask.account})",
            hint="set the key that it was sent with, and run again",
        )


def _adopt(metadata: RunMetadata, job: str) -> None:
    metadata.provenance.submission = Submission(id=job)
    metadata.output.generation_id = job
    metadata.inference.status = "submitted"
