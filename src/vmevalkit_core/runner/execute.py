"""One run from its claim to its end: take it up under the claim, ask the model, write down how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

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
    QuotaExhausted,
    RetryableError,
    Throttled,
)
from vmevalkit_core.media.clips import ClipInfo
from vmevalkit_core.planner import PlannedRun
from vmevalkit_core.records import Clip
from vmevalkit_core.retry import AGAIN, PATIENT, SUBMIT, retried
from vmevalkit_core.runner.disk import Disk
from vmevalkit_core.runner.ending import BrokenClip, NotSent, describe_success, fail, land, outcome_of, succeed
from vmevalkit_core.runner.handle import Handle
from vmevalkit_core.runner.lean import count_as_given
from vmevalkit_core.runner.refusals import Refusals, sentence, way_on
from vmevalkit_core.runner.report import Outcome
from vmevalkit_core.runner.taking import Taking
from vmevalkit_core.store import Store
from vmevalkit_core.workers import Workers

OURS = (KeyboardInterrupt, GeneratorExit)


@dataclass(slots=True, kw_only=True)
class Executor:
    """Carries out planned runs of one experiment, any number at once."""

    store: Store
    claims: Claims
    taking: Taking
    worker: Workers
    clock: Clock
    disk: Disk
    stop: asyncio.Event
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
            await self.disk.work(self.taking.prepare_pictures, run)
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

    async def _taken_up(self, run: PlannedRun) -> Handle | Outcome:
        taken = asyncio.ensure_future(self.disk.run(self._take_up, run))
        try:
            return await asyncio.shield(taken)
        except asyncio.CancelledError:
            handle = await taken
            if isinstance(handle, Handle) and handle.surely_unsent:
                await handle.forget_intent()
            raise

    def _take_up(self, run: PlannedRun) -> Handle | Outcome:
        timeout = self.worker.submit_timeout(run.ask.spec)
        return self.taking.take_up(run, timeout=timeout, may_send=lambda: self._check_may_send(run))

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
        request = self.taking.asked(handle.metadata, handle.folder)
        count_as_given(request)
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
                await self.disk.work(self.taking.restore_pictures, run, handle)
                if not prepares:
                    await handle.intend()
            try:
                with handle.calling(unsent=prepares):
                    return await self.worker.run(spec, request, handle)
            except RetryableError:
                # A run that waits, for hours perhaps, must not look as if its request might be on its way.
                await handle.retract()
                raise

        async def patient() -> Clip:
            try:
                return await retried(attempt, PATIENT, self.clock, on=Throttled)
            except Throttled as error:  # no retry of the same kind goes on from here
                raise QuotaExhausted(f"busy for hours: {error}", hint="run the same command again later") from error

        try:
            return await retried(patient, SUBMIT, self.clock)
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


def _is_cancelled() -> bool:
    """Whether we are being cancelled, and not a plugin that raises the same error by itself."""
    task = asyncio.current_task()
    return bool(task and task.cancelling())
