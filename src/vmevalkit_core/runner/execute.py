"""One run from its claim to its end: take it up under the claim, ask the model, write down how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vmevalkit_core.attempts import Attempt
from vmevalkit_core.ceiling import Ceiling
from vmevalkit_core.claims import Claims
from vmevalkit_core.clock import Clock
from vmevalkit_core.durable import Unwritable
from vmevalkit_core.errors import (
    AccountError,
    ClaimsUnavailable,
    ClipError,
    NoConnection,
    NotAccepted,
    OutputUnwritable,
    QuestionError,
    QuotaExhausted,
    RetryableError,
    Throttled,
    UsageError,
)
from vmevalkit_core.media.clips import ClipInfo
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.planner import Action, Decision, PlannedRun, Planner
from vmevalkit_core.planner.decision import SENDS
from vmevalkit_core.questions import COPIED, SHOWN_FILES, Task
from vmevalkit_core.records import Clip, Event, GenerationRequest, Submission
from vmevalkit_core.registry import Registry
from vmevalkit_core.retry import AGAIN, PATIENT, SUBMIT, retried
from vmevalkit_core.runner.disk import Disk
from vmevalkit_core.runner.ending import BrokenClip, NotSent, describe_success, fail, land, outcome_of, succeed
from vmevalkit_core.runner.handle import Handle
from vmevalkit_core.runner.pictures import FRAMES, Pictures
from vmevalkit_core.runner.record import describe, intent_of, request_of
from vmevalkit_core.runner.refusals import Refusals, sentence, way_on
from vmevalkit_core.runner.report import End, Outcome
from vmevalkit_core.store import Store, clip_parts
from vmevalkit_core.workers import Workers

ASLEEP: dict[Action, End] = {Action.DONE: "elsewhere", Action.FAILED: "failed"}
OURS = (KeyboardInterrupt, GeneratorExit)


@dataclass(slots=True, kw_only=True)
class Executor:
    """Carries out planned runs of one experiment, any number at once."""

    store: Store
    claims: Claims
    planner: Planner
    registry: Registry
    worker: Workers
    clock: Clock
    disk: Disk
    stop: asyncio.Event
    emit: Callable[[Event], None]
    pictures: Pictures
    ceiling: Ceiling
    interceptors: tuple[str, ...] = ()
    in_flight: set[Handle] = field(default_factory=set)
    refusals: Refusals = field(init=False)

    def __post_init__(self) -> None:
        self.refusals = Refusals(self.store.root)

    async def run(self, run: PlannedRun) -> Outcome:
        """How a run ended. It never raises for what one run can do wrong: the others go on."""
        try:
            if not self.claims.take(run.key, required=run.ask.paid):
                return Outcome(key=run.key, end="busy")
        except Exception as error:
            return self._blocked(run, error)
        try:
            with self.worker.coming(run.ask.spec):
                return await self._claimed(run)
        except Exception as error:
            return self._blocked(run, error)
        finally:
            self.claims.release(run.key)

    async def _claimed(self, run: PlannedRun) -> Outcome:
        if self.stop.is_set():
            return Outcome(key=run.key, end="stopped")
        if run.may_send:
            refusal = self.refusals.of(run.ask.spec.name)
            if refusal and not await self.disk.run(self.store.attempts_of, run.key):
                return self._blocked(run, refusal)
            await self.disk.work(self._prepare_pictures, run)
        handle = await self._taken_up(run)
        if isinstance(handle, Outcome):
            return handle
        self.in_flight.add(handle)
        try:
            handle.tell("started")
            await self._produce(run, handle)
        except OSError as error:
            self.refusals.by_disk(error, lost=run.ask.paid)
            return outcome_of(handle, lost=error)
        except ClaimsUnavailable as error:
            self.refusals.by_locks(error)
            return outcome_of(handle, lost=error)
        finally:
            self.in_flight.discard(handle)
        return outcome_of(handle)

    def _prepare_pictures(self, run: PlannedRun) -> None:
        """Before the disk's own threads need them: a job's id must not wait behind the drawing of a picture."""
        try:
            if problem := run.task.problem():
                raise QuestionError(f"{problem.path} {problem.reason}", hint=problem.hint)
            self.pictures.shown(run.ask, _frames_of(run))
        except (QuestionError, OSError):
            # A request that may have been sent is looked for without its question.
            if not run.newest:
                raise

    async def _taken_up(self, run: PlannedRun) -> Handle | Outcome:
        taking = asyncio.ensure_future(self.disk.run(self._take_up, run))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            handle = await taking
            if isinstance(handle, Handle) and handle.surely_unsent:
                await handle.forget_intent()
            raise

    def _take_up(self, run: PlannedRun) -> Handle | Outcome:
        """The run's folder with its intent on disk, new or as an earlier process left it."""
        # Nothing read before the claim is believed: another process may have finished the run since.
        attempts = self.store.attempts_of(run.key)
        decision = self.planner.decide(run, attempts)
        newest = max((one.number for one in attempts if not one.problem), default=0)
        if decision.action in ASLEEP or decision.action in (Action.DAMAGED, Action.CHANGED):
            return _asleep(run, decision)
        if decision.action in SENDS and not (run.may_send and newest == run.newest):
            # What was ordered, priced and allowed was about an attempt that is no longer the newest one.
            return Outcome(key=run.key, end="failed", error="it changed meanwhile; run the same command again")
        if decision.action is Action.START or decision.attempt is None:
            folder, metadata = self._create(run, decision.attempt, newest + 1)
        else:
            folder, metadata = self._reopen(run, decision.action, decision.attempt)
            for part in clip_parts(folder):
                part.unlink(missing_ok=True)  # of a process that died, or of a thread that nobody waits for any more
        handle = Handle(
            key=run.key,
            store=self.store,
            folder=folder,
            metadata=metadata,
            clock=self.clock,
            disk=self.disk,
            emit=self.emit,
            may_send=lambda: self._check_may_send(run),
            draft=intent_of(run, self._asked(metadata, folder), self.clock.now(), self._timeout(run)),
            ceiling=self.ceiling if run.ask.paid else None,
            recovering=decision.action is Action.RECOVER,
        )
        handle.asked_anew = bool(decision.changes) or not run.may_send
        return handle

    def _create(self, run: PlannedRun, replaced: Attempt | None, number: int) -> tuple[Path, RunMetadata]:
        now = self.clock.now()

        def record(question: Path, folder: Path) -> RunMetadata:
            owner = self.registry.owner(run.ask.spec.name)
            with _naming(question, run.task):
                metadata = describe(run, owner, question, folder, now=now, pictures=self.pictures)
            metadata.inference.attempts = number
            metadata.provenance.interceptors = self.interceptors
            return metadata

        created = self.store.create(run.key, now, run.task.sources(), record)
        if replaced and replaced.status in ("running", "submitting"):
            self._close_replaced(replaced)
        return created

    def _close_replaced(self, attempt: Attempt) -> None:
        metadata, sent = attempt.metadata(), attempt.status == "submitting" and not attempt.was_not_sent
        metadata.inference.status = "uncertain" if sent else "failed"
        metadata.inference.error = (
            "interrupted, and sent again by order" if sent else "interrupted, and asked anew since"
        )
        self.store.save(Path(attempt.folder), metadata)

    def _reopen(self, run: PlannedRun, action: Action, attempt: Attempt) -> tuple[Path, RunMetadata]:
        metadata, folder = attempt.metadata(), Path(attempt.folder)
        if action is Action.RESTART:
            metadata.inference.attempts += 1
            metadata.inference.timestamp = self.clock.now()
            metadata.inference.status = "submitting" if run.ask.paid else "running"
            metadata.provenance.account = run.ask.account
            metadata.provenance.cost.estimated = run.ask.price
            metadata.provenance.intent = None
            self.pictures.renew(run.ask, metadata, folder)
            self.store.save(folder, metadata)
            return folder, metadata
        _check_account(run, metadata)
        if action is Action.RESUME and metadata.provenance.submission is None:
            metadata.submitted(Submission(id=self.planner.policy.adopt[attempt.run_id]))
            self.store.save(folder, metadata)
        return folder, metadata

    def _asked(self, metadata: RunMetadata, folder: Path) -> GenerationRequest:
        return request_of(metadata, self.pictures.refs(metadata, folder))

    def _timeout(self, run: PlannedRun) -> float | None:
        return self.worker.submit_timeout(run.ask.spec)

    async def _produce(self, run: PlannedRun, handle: Handle) -> None:
        async def checked() -> tuple[Clip, ClipInfo]:
            clip = await self._ask(run, handle)
            try:
                return clip, await self.disk.work(land, clip, handle)
            except ClipError as error:
                # Bytes got lost on the way: the job is paid for, and its video can be fetched again.
                raise error if handle.submission is None else BrokenClip(error) from error

        try:
            with self._disk_explained(handle):
                describe_success(handle, *await retried(checked, AGAIN, self.clock, on=BrokenClip))
        except NotSent as error:
            await handle.forget_intent(error.message)
        except AccountError as error:
            await self._end_sending(run, handle, error)
        except BaseException as error:  # a plugin may raise anything, and the other runs go on
            cancelled = _is_cancelled()
            if isinstance(error, OURS) or (cancelled and isinstance(error, asyncio.CancelledError)):
                if handle.surely_unsent:
                    await handle.forget_intent()
                raise
            await fail(handle, error, paid=run.ask.paid)
            if cancelled:
                raise asyncio.CancelledError from error
        else:
            await succeed(handle)  # whatever goes wrong from here on, it is no failure of the run

    async def _ask(self, run: PlannedRun, handle: Handle) -> Clip:
        spec = run.ask.spec
        request = self._asked(handle.metadata, handle.folder)
        if handle.recovering and handle.submission is None:
            try:
                return await self.worker.recover(spec, request, handle)
            except NotAccepted:
                handle.recovering = False
                if handle.asked_anew:
                    raise NotSent("the lost request was never taken, and is asked otherwise now: run again") from None

        prepares = self.worker.prepares(spec)

        async def attempt() -> Clip:
            if not handle.submission:
                self._check_may_send(run)
                await self.disk.work(self.pictures.restore, run.ask, handle.metadata, handle.folder)
                if not prepares:
                    await handle.intend()
            try:
                with handle.calling(unsent=prepares):
                    return await self.worker.run(spec, request, handle)
            except RetryableError:
                # A run that waits, for hours perhaps, must not look as if its request might be on its way.
                await handle.retract()
                raise

        try:
            return await retried(lambda: retried(attempt, PATIENT, self.clock, on=Throttled), SUBMIT, self.clock)
        except Throttled as error:
            raise QuotaExhausted(f"busy for hours: {error}", hint="run the same command again later") from error
        except NoConnection as error:
            raise AccountError(error.message, hint=error.hint) from error

    def _check_may_send(self, run: PlannedRun) -> None:
        if self.stop.is_set():
            raise NotSent("stopped before it was sent")
        if refusal := self.refusals.of(run.ask.spec.name):
            raise refusal

    @contextmanager
    def _disk_explained(self, handle: Handle) -> Iterator[None]:
        """OutputUnwritable for what the disk refused: no fault of the run, whose clip can be had once there is room."""
        try:
            yield
        except OSError as error:
            known = self.refusals.by_disk(error, lost=handle.id_is_lost)
            if known is None:
                raise
            raise known from error
        except ClaimsUnavailable as error:
            raise self.refusals.by_locks(error) from error

    async def _end_sending(self, run: PlannedRun, handle: Handle, error: AccountError) -> None:
        """The next request of this model would be refused like this one: both wait for a later command."""
        disk = isinstance(error, OutputUnwritable)
        if not (handle.surely_unsent or (disk and not run.ask.paid)):
            await fail(handle, error, paid=run.ask.paid)
            return
        if not disk:
            self.refusals.add(run.ask.spec.name, error)
        handle.refused = error
        await handle.forget_intent(error.message)

    def _blocked(self, run: PlannedRun, error: Exception) -> Outcome:
        text, hint = str(error) or type(error).__name__, str(getattr(error, "hint", "") or "")
        if isinstance(error, Unwritable):
            known = self.refusals.by_disk(error)
            text, hint = known.message if known else sentence(error), way_on(error)
            error = known or error
        elif isinstance(error, OSError):
            text = sentence(error)
        clean = self.store.redactor.text
        return Outcome(key=run.key, end="blocked", error=clean(text), hint=clean(hint), cause=error)


def _frames_of(run: PlannedRun) -> dict[str, str]:
    return {name: run.task.source(SHOWN_FILES[name]) for name in FRAMES}


def _is_cancelled() -> bool:
    """Whether we are being cancelled, and not a plugin that raises the same error by itself."""
    task = asyncio.current_task()
    return bool(task and task.cancelling())


@contextmanager
def _naming(copy: Path, task: Task) -> Iterator[None]:
    """Errors about a copy name the user's own file: the copy is gone when he reads them."""
    try:
        yield
    except QuestionError as error:
        message = error.message
        for name in COPIED:
            message = message.replace(str(copy / name), task.source(name))
        raise QuestionError(message.replace(str(copy), str(task.folder)), hint=error.hint) from error


def _asleep(run: PlannedRun, decision: Decision) -> Outcome:
    folder = decision.attempt.folder if decision.attempt else None
    reason = "it was asked differently meanwhile" if decision.action is Action.CHANGED else decision.reason
    return Outcome(key=run.key, end=ASLEEP.get(decision.action, "blocked"), folder=folder, error=reason)


def _check_account(run: PlannedRun, metadata: RunMetadata) -> None:
    then = metadata.provenance.account
    if then and then != run.ask.account:
        raise UsageError(
            f"{metadata.inference.run_id} was sent with another key (account {then}, now {run.ask.account})",
            hint="set the key that it was sent with, and run again",
        )
