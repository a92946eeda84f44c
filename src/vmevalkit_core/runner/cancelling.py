"""Cancels jobs that a vendor still works on: the one order that gives up what is paid for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from vmevalkit_core.attempts import Attempt, read_attempt
from vmevalkit_core.claims import claims_of
from vmevalkit_core.errors import ClipError, UsageError
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
    """`cancelled`; `failed`, the vendor had ended it; `finished`, the next run collects it; `given up`, and `kept`: see
    `reason`."""
    reason: str = ""
    hint: str = ""


def submitted_at(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Those whose job the provider has."""
    return [one for one in attempts if one.is_submitted]


class Canceller:
    """Cancels with the generators of one workshop."""

    def __init__(self, registry: Registry, workshop: Workshop, *, give_up: bool = False) -> None:
        self._registry = registry
        self._workshop = workshop
        self._give_up = give_up

    async def cancel(self, attempt: Attempt) -> Ending:
        """What became of the job of a run; never raises for what one vendor or one record does wrong."""
        folder = Path(attempt.folder).absolute()
        job = _job_of(attempt)
        try:
            claims, key = claims_of(folder.parents[3]), _key_of(attempt)
            if not claims.take(key):
                return Ending(attempt.folder, job, "kept", "a command is waiting for it", "stop that command first")
            try:
                return await self._claimed(read_attempt(attempt.folder))
            finally:
                claims.release(key)
        except Exception as error:  # whatever one record or one vendor is like, the others are told about
            return _kept(attempt, error)

    async def _claimed(self, attempt: Attempt) -> Ending:
        job = _job_of(attempt)
        if not attempt.is_submitted:
            return Ending(attempt.folder, job, "kept", "another command has collected it meanwhile")
        try:
            ending = await self._told(attempt, job)
        except Exception as error:
            ending = _kept(attempt, error)
        stays = ending.end == "kept" or (ending.end == "finished" and _lacks_its_video(attempt))
        if not (self._give_up and stays):
            return ending
        self._save(attempt, attempt.metadata(), "cancelled", f"given up by the user: {ending.reason}", None)
        return ending._replace(end="given up", hint=_GIVEN_UP)

    async def _told(self, attempt: Attempt, job: str) -> Ending:
        """What became of a job by its vendor's word."""
        metadata = attempt.metadata()
        generator, submission = await self._generator(metadata), metadata.provenance.submission
        assert submission
        generator.check_address(submission)
        # Looked at first: some vendors delete the video of a finished job when they are told to cancel it.
        state = await generator.ask(submission)
        if isinstance(state, Done):
            hint = _FETCH if _lacks_its_video(attempt) else _COLLECT
            return Ending(attempt.folder, job, "finished", "it is finished", hint)
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


def _kept(attempt: Attempt, error: Exception) -> Ending:
    return Ending(attempt.folder, _job_of(attempt), "kept", str(error), str(getattr(error, "hint", "") or ""))


def _job_of(attempt: Attempt) -> str:
    return str((attempt.provenance.get("submission") or {}).get("id", ""))


def _lacks_its_video(attempt: Attempt) -> bool:
    """Whether a command that fetched the video of a finished job got none that is whole."""
    return (attempt.provenance.get("failure") or {}).get("type") == ClipError.__name__


_COLLECT = "run the same command again: it collects the video"
_FETCH = "run the same command again: it fetches the video once more; --give-up lets go of it"
_GIVEN_UP = "--retry-failed pays for another; what this one cost stays counted"


def _key_of(attempt: Attempt) -> RunKey:
    folder = Path(attempt.folder).absolute()
    domain = folder.parents[1].name.removesuffix("_task")
    return RunKey(folder.parents[2].name, domain, folder.parent.name, attempt.sample)
