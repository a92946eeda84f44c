"""Cancels jobs that a vendor still works on: the one order that gives up what is paid for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from vmevalkit_core.attempts import Attempt, read_attempt
from vmevalkit_core.claims import claims_of
from vmevalkit_core.errors import UsageError
from vmevalkit_core.generator import ApiGenerator
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.records import Done, Failed, Pending, RunKey, Submission
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner.workshop import Workshop
from vmevalkit_core.store import Store


class Ending(NamedTuple):
    """What became of one job."""

    folder: str
    job: str
    end: str
    """`cancelled`; `failed`, the vendor had ended it; `finished`, the next run collects it; `kept`, see `reason`."""
    reason: str = ""
    hint: str = ""


def submitted_at(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Those whose job the provider has."""
    return [one for one in attempts if one.is_submitted]


class Canceller:
    """Cancels with the generators of one workshop."""

    def __init__(self, registry: Registry, workshop: Workshop) -> None:
        self._registry = registry
        self._workshop = workshop

    async def cancel(self, attempt: Attempt) -> Ending:
        """What became of the job of a run; never raises for what one vendor or one record does wrong."""
        folder = Path(attempt.folder).absolute()
        job = str(attempt.provenance["submission"]["id"])
        try:
            claims, key = claims_of(folder.parents[3]), _key_of(attempt)
            if not claims.take(key):
                return Ending(attempt.folder, job, "kept", "a command is waiting for it", "stop that command first")
            try:
                return await self._claimed(read_attempt(attempt.folder), job)
            finally:
                claims.release(key)
        except Exception as error:  # whatever one record or one vendor is like, the others are told about
            return Ending(attempt.folder, job, "kept", str(error), str(getattr(error, "hint", "") or ""))

    async def _claimed(self, attempt: Attempt, job: str) -> Ending:
        if not attempt.is_submitted:
            return Ending(attempt.folder, job, "kept", "another command has collected it meanwhile")
        metadata = attempt.metadata()
        generator, submission = await self._generator(metadata), metadata.provenance.submission
        assert submission
        generator.check_address(submission)
        # Looked at first: some vendors delete the video of a finished job when they are told to cancel it.
        state = await generator.ask(submission)
        if isinstance(state, Done):
            return Ending(attempt.folder, job, "finished", "it is finished", _COLLECT)
        if isinstance(state, Pending):
            refused = await _refusal_of(generator, submission)
            last = await _last_word(generator, submission)
            if isinstance(last, Done):
                return Ending(attempt.folder, job, "finished", "it was finished before it could be cancelled", _COLLECT)
            if not refused:
                self._save(attempt, metadata, "cancelled", "cancelled by the user", last)
                return Ending(attempt.folder, job, "cancelled")
            if not isinstance(last, Failed):
                raise refused
            state = last  # it had ended, which is why the order was refused
        self._save(attempt, metadata, "failed", state.reason, state)
        return Ending(attempt.folder, job, "failed", state.reason)

    async def _generator(self, metadata: RunMetadata) -> ApiGenerator:
        spec, facts = self._registry.get(metadata.inference.model), metadata.provenance
        account = self._workshop.account(spec)
        if facts.account and facts.account != account:
            raise UsageError(
                f"it was sent with another key (account {facts.account}, now {account})",
                hint="set the key that it was sent with",
            )
        await self._workshop.worker.prepare(spec)
        generator = self._workshop.worker.generator(spec)
        if not isinstance(generator, ApiGenerator) or not generator.can_cancel:
            raise UsageError(f"{spec.name} cannot cancel jobs", hint="the vendor's own pages may; else let it finish")
        return generator

    def _save(self, attempt: Attempt, metadata: RunMetadata, status: str, reason: str, state: object) -> None:
        metadata.inference.status = "cancelled" if status == "cancelled" else "failed"
        metadata.inference.error = reason
        if isinstance(state, Failed) and state.cost is not None:
            metadata.provenance.cost.charged = state.cost
        folder = Path(attempt.folder).absolute()
        Store(folder.parents[4], folder.parents[3].name, self._workshop.redactor).save(folder, metadata)


async def _refusal_of(generator: ApiGenerator, submission: Submission) -> Exception | None:
    """Why the order to cancel was not taken; None where it was."""
    try:
        await generator.stop(submission)
    except Exception as error:
        return error
    return None


async def _last_word(generator: ApiGenerator, submission: Submission) -> Pending | Done | Failed | None:
    """What the vendor says of a job after the order, for its end and its cost; many say nothing any more."""
    try:
        return await generator.poll(submission)
    except Exception:
        return None


_COLLECT = "run the same command again: it collects the video"


def _key_of(attempt: Attempt) -> RunKey:
    folder = Path(attempt.folder).absolute()
    domain = folder.parents[1].name.removesuffix("_task")
    return RunKey(folder.parents[2].name, domain, folder.parent.name, attempt.sample)
