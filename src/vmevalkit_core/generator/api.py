"""The base of generators that submit a job to a vendor, ask about it, and fetch its video."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from vmevalkit_core.errors import (
    JobFailed,
    NotAccepted,
    RejectedError,
    RetryableError,
    UncertainSubmitError,
    UnfinishedJob,
)
from vmevalkit_core.generator.contract import Context, Job
from vmevalkit_core.records import Candidate, Clip, Done, Failed, GenerationRequest, Intent, Pending, Submission
from vmevalkit_core.retry import POLL, RetryPolicy, retried
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.status_codes import read_error, submit_error

T = TypeVar("T")


class ApiGenerator(ABC):
    """Base of generators that submit, poll and fetch; it owns their order and their resuming.

    A plugin writes `submit`, `poll` and `fetch`, and `find` where the vendor can list jobs.
    """

    poll_every: float = 5.0
    """Seconds between polls, unless the vendor asks for more."""
    deadline: float = 3600.0
    """Seconds after which this process stops waiting; the run stays submitted."""
    submit_timeout: float = 60.0
    """Seconds that a submit may take at most; after that it is uncertain."""
    poll_timeout: float = 60.0
    """Seconds that a poll or a look at the vendor's list may take at most."""
    fetch_timeout: float = 600.0
    """Seconds that a download may take at most."""
    settle: float = 30.0
    """Seconds after the time-out of a lost submit during which its job may still appear in the vendor's list."""
    look_again: float = 10.0
    """Seconds between the two looks at that list."""
    lists_every_job: bool = False
    """True where `find` sees every job with our token: a request that it does not find was never taken."""
    polling: RetryPolicy = POLL
    """How often, and for how long, a poll, a look at the list or a download is tried again when it fails."""

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        self.spec = spec
        self.context = context

    @abstractmethod
    async def submit(self, request: GenerationRequest) -> Submission:
        """Send the request once. RetryableError only when the vendor surely did not take it."""

    @abstractmethod
    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """Ask how the job is. RetryableError when the question, not the job, failed."""

    @abstractmethod
    async def fetch(self, done: Done, path: Path) -> None:
        """Write the video to `path`."""

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        """Jobs at the vendor that may be this request; override where the vendor can list them."""
        raise NotImplementedError

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        """Submit unless that has been done, wait for the end, fetch the clip."""
        submission = job.submission
        if submission is None:
            submission = await self._submit(request)
            await job.submitted(submission)
        return await self._collect(submission, job)

    async def recover(self, request: GenerationRequest, job: Job) -> Clip:
        """The clip of a request whose answer was lost, when the vendor knows it by our token.

        NotAccepted when the vendor's list proves that it was never taken; UncertainSubmitError otherwise.
        """
        if type(self).find is ApiGenerator.find or job.intent is None:
            raise UncertainSubmitError(_LOST, hint=_LOST_HINT)
        submission = await self._adopt(request, job.intent)
        await job.submitted(submission)
        return await self._collect(submission, job)

    async def _submit(self, request: GenerationRequest) -> Submission:
        try:
            async with asyncio.timeout(self.submit_timeout):
                answer = await self.submit(request)
        except TimeoutError as error:
            raise UncertainSubmitError(f"no answer to the request within {self.submit_timeout:g} s") from error
        except Exception as error:
            if known := submit_error(error):
                raise known from error
            raise
        if not isinstance(answer, Submission):
            raise UncertainSubmitError(f"submit returned {answer!r:.200} instead of a Submission", hint=_LOST_HINT)
        return answer

    async def _read(self, call: Callable[[], Awaitable[T]], limit: float) -> T:
        """The answer to a question that may be asked again, each time within a limit."""

        async def limited() -> T:
            try:
                async with asyncio.timeout(limit):
                    return await call()
            except TimeoutError as error:
                raise RetryableError(f"no answer within {limit:g} s") from error
            except Exception as error:
                if known := read_error(error):
                    raise known from error
                raise

        return await retried(limited, self.polling, self.context.clock)

    async def _adopt(self, request: GenerationRequest, intent: Intent) -> Submission:
        # A request may still be inside the vendor after its sender died, so one early look proves nothing.
        until = intent.time + timedelta(seconds=intent.timeout_seconds or self.submit_timeout)
        clock = self.context.clock
        left = (until - clock.now()).total_seconds() + self.settle
        # No longer than from the start: a clock that was set back must not make us wait for days.
        await clock.sleep(min(left, (until - intent.time).total_seconds() + self.settle))
        candidates: list[Candidate] = []
        for wait in (self.look_again, 0.0):
            candidates = await self._read(lambda: self.find(request, (intent.time, until)), self.poll_timeout)
            exact = [one for one in candidates if one.exact]
            if len(exact) == 1:
                return Submission(id=exact[0].id, resume=exact[0].resume)
            await clock.sleep(wait)
        if self.lists_every_job and not candidates:
            raise NotAccepted("the vendor's list does not hold the request that was lost")
        listed = ", ".join(one.id for one in candidates) or "none"
        raise UncertainSubmitError(f"{_LOST}; jobs that may be it: {listed}", hint=_LOST_HINT)

    async def _collect(self, submission: Submission, job: Job) -> Clip:
        done = await self._wait(submission, job)
        job.progress(1.0, "downloading")
        await self._read(lambda: self.fetch(done, job.clip_path), self.fetch_timeout)
        return Clip(
            path=job.clip_path,
            generation_id=submission.id,
            video_url=done.video_url,
            cost=done.cost,
            extras=done.extras,
        )

    async def _wait(self, submission: Submission, job: Job) -> Done:
        clock = self.context.clock
        give_up = clock.monotonic() + self.deadline
        while clock.monotonic() < give_up:
            answer = await self._poll(submission, job)
            if isinstance(answer, Done):
                return answer
            if isinstance(answer, Failed):
                error = RejectedError if answer.rejected else JobFailed
                raise error(answer.reason, hint=answer.hint, generation_id=submission.id)
            job.progress(answer.progress, answer.stage)
            await clock.sleep(max(self.poll_every, answer.poll_after or 0.0))
        raise UnfinishedJob(f"job {submission.id} was not finished after {self.deadline:.0f} s", hint=_WAIT_HINT)

    async def _poll(self, submission: Submission, job: Job) -> Pending | Done | Failed:
        """The job's state; a vendor that cannot be asked for a while does not end it."""
        try:
            return await self._read(lambda: self.poll(submission), self.poll_timeout)
        except RetryableError as error:
            job.log.warning("job %s cannot be asked about: %s", submission.id, error)
            return Pending(stage="the vendor does not answer", poll_after=error.retry_after)


_LOST = "the answer to the request was lost, so it may have been accepted and billed"
_LOST_HINT = "look at the vendor's own list, then run again with --adopt RUN_ID=JOB_ID or --resubmit-uncertain"
_WAIT_HINT = "run the same command again later: it goes on waiting for this job"
