"""Takes a planned run up under its claim: its folder on disk, new or as an earlier process left it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vmevalkit_core.attempts import Attempt
from vmevalkit_core.ceiling import Ceiling
from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import QuestionError, UsageError
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.planner import Action, Decision, PlannedRun, Planner
from vmevalkit_core.planner.decision import SENDS
from vmevalkit_core.questions import COPIED, SHOWN_FILES, Task
from vmevalkit_core.records import Event, GenerationRequest, Submission
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner.disk import Disk
from vmevalkit_core.runner.handle import Handle, spent
from vmevalkit_core.runner.pictures import FRAMES, Pictures
from vmevalkit_core.runner.record import describe, intent_of, request_of
from vmevalkit_core.runner.report import End, Outcome
from vmevalkit_core.store import Store, clip_parts

FORMER_JOBS = "former_jobs"
"""Under `provenance.extras`: ids that a run had before the user named another one with --adopt."""
ASLEEP: dict[Action, End] = {Action.DONE: "elsewhere", Action.FAILED: "failed"}


@dataclass(slots=True, kw_only=True)
class Taking:
    """What a run needs before it can ask for anything. Every call but `asked` blocks, and belongs on a thread."""

    store: Store
    planner: Planner
    registry: Registry
    clock: Clock
    disk: Disk
    emit: Callable[[Event], None]
    pictures: Pictures
    ceiling: Ceiling
    interceptors: tuple[str, ...] = ()

    def prepare_pictures(self, run: PlannedRun) -> None:
        """Before the disk's own threads need them: a job's id must not wait behind the drawing of a picture."""
        try:
            if problem := run.task.problem():
                raise QuestionError(f"{problem.path} {problem.reason}", hint=problem.hint)
            self.pictures.shown(run.ask, {name: run.task.source(SHOWN_FILES[name]) for name in FRAMES})
        except (QuestionError, OSError):
            # A request that may have been sent is looked for without its question.
            if not run.newest:
                raise

    def take_up(self, run: PlannedRun, *, timeout: float | None, may_send: Callable[[], None]) -> Handle | Outcome:
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
            may_send=may_send,
            draft=intent_of(run, self.asked(metadata, folder), self.clock.now(), timeout),
            ceiling=self.ceiling if run.ask.paid else None,
            recovering=decision.action is Action.RECOVER,
        )
        handle.asked_anew = bool(decision.changes) or not run.may_send
        return handle

    def restore_pictures(self, run: PlannedRun, handle: Handle) -> None:
        """Make the files of a request again where they went away while it waited."""
        self.pictures.restore(run.ask, handle.metadata, handle.folder)

    def asked(self, metadata: RunMetadata, folder: Path) -> GenerationRequest:
        """The request of a record, exactly as it is or was sent."""
        return request_of(metadata, self.pictures.refs(metadata, folder))

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
        job = self.planner.policy.adopt.get(attempt.run_id)
        if action is Action.RESUME and job:
            self._adopt(folder, metadata, job)
        return folder, metadata

    def _adopt(self, folder: Path, metadata: RunMetadata, job: str) -> None:
        """Put on record that a job is this run's, whatever was known of it before."""
        facts, before = metadata.provenance, spent(metadata)
        known = facts.submission
        if known and known.id != job:
            # The one that the user took back may be the right one after all.
            facts.extras = {**facts.extras, FORMER_JOBS: [*facts.extras.get(FORMER_JOBS, ()), known.id]}
        facts.cost.charged = facts.failure = metadata.inference.error = None
        metadata.submitted(known if known and known.id == job else Submission(id=job))
        with self.ceiling.settling(spent(metadata) - before):  # what a run that failed was not counted for
            self.store.save(folder, metadata)


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
