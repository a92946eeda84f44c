"""A job that is paid for, from its id to its video: asked about until it ends, fetched while its link lives."""

from __future__ import annotations

from vmevalkit_core.errors import (
    AccountError,
    ClipError,
    GenerationError,
    JobFailed,
    RejectedError,
    RetryableError,
    UnfinishedJob,
)
from vmevalkit_core.generator.contract import Job
from vmevalkit_core.generator.polling import PollPlan
from vmevalkit_core.generator.reading import UnreadableAnswer, read
from vmevalkit_core.generator.vendor import VendorClient
from vmevalkit_core.records import Clip, Done, Failed, Pending, Submission
from vmevalkit_core.retry import REFUSED, retried
from vmevalkit_core.status_codes import EXPIRED, status_of
from vmevalkit_core.transport import Refusal

JOB_ENDED = (RejectedError, JobFailed)
"""Errors that say that a job which was taken is over; any other leaves it to be collected later."""
LINKS = 3
"""Links that are asked for before a video counts as gone."""
POLLS_SHARE = 0.85
"""Of the calls that the account may make, those that ask about jobs, at most: the others send and fetch."""
LAST_WATCH = 600.0
"""Seconds for which a job of an earlier process is watched before its deadline, a matter of the wall clock, ends it."""


class Collector:
    """Collects the jobs of one model, and learns from each how long the next will take."""

    def __init__(self, vendor: VendorClient) -> None:
        self._vendor = vendor
        self._clock = vendor.context.clock
        self._plan = PollPlan(vendor.poll_least, vendor.poll_most, vendor.context.job_seconds)

    async def collect(self, submission: Submission, job: Job, *, sent_now: bool) -> Clip:
        """The clip of a job; `sent_now`: this process has just sent it, so its age is known."""
        self._vendor.check_address(submission)
        watch = _Watch(self._vendor, job, sent_now=sent_now)
        refused: Exception | None = None
        for _ in range(LINKS):
            done = await self._wait(submission, job, watch)
            seconds = watch.age if sent_now and refused is None else None
            if seconds:
                self._plan.learn(seconds)
            job.progress(1.0, "downloading")
            try:
                await self._fetch(done, job)
            except Exception as error:
                if status_of(error) not in EXPIRED:
                    raise
                refused = error  # links expire: the next poll mints another
                continue
            return _clip(submission, done, job, seconds)
        kept = self._vendor.results_kept
        until = f"the vendor keeps a video for {kept}" if kept else "the vendor may have deleted it"
        raise ClipError(f"the video of job {submission.id} cannot be fetched: {refused}", hint=until) from refused

    async def _fetch(self, done: Done, job: Job) -> None:
        vendor = self._vendor
        await read(vendor, lambda: vendor.fetch(done, job.clip_path), vendor.fetch_timeout, of_api=False)

    async def _wait(self, submission: Submission, job: Job, watch: _Watch) -> Done:
        if watch.is_new:
            await self._clock.sleep(max(self._plan.wait(watch.age), self._least_apart))
        while not isinstance(found := await self._look(submission, job, watch), Done):
            await self._clock.sleep(found)
        return found

    async def _look(self, submission: Submission, job: Job, watch: _Watch) -> Done | float:
        """The end of a job that succeeded, or the seconds until it is to be asked about again.

        The answer ends with this: a job that waits, one of thousands, keeps no more than the figure.
        """
        answer = await self._poll(submission, job, watch)
        if isinstance(answer, Done):
            return answer
        if isinstance(answer, Failed):
            raise self._vendor.failure(answer, submission)
        asked = answer.poll_after or 0.0
        watch.check(submission, asked)
        job.progress(answer.progress, answer.stage)
        pause = max(self._plan.wait(watch.age), self._least_apart)
        return max(asked, min(pause, watch.patience_left))

    @property
    def _least_apart(self) -> float:
        """Seconds between two polls of a job that leave room for other calls, however many jobs the account has."""
        context = self._vendor.context
        return context.gate.jobs / (POLLS_SHARE * context.http.pace.rate)

    async def _poll(self, submission: Submission, job: Job, watch: _Watch) -> Pending | Done | Failed:
        """The job's state; a vendor that cannot be asked for a while does not end it."""
        try:
            # A key that works for the other jobs is refused by mistake, and this job is paid for.
            return await retried(lambda: self._asked(submission), REFUSED, self._clock, on=AccountError)
        except UnreadableAnswer:
            raise
        except JOB_ENDED as error:
            if isinstance(error.__cause__, Refusal):
                # The question was refused, whatever it says of content: only a state ends a job.
                raise GenerationError(error.message, hint=error.hint, generation_id=submission.id) from error
            raise
        except RetryableError as error:
            if not watch.warned:
                job.log.warning("job %s cannot be asked about, and is asked about again: %s", submission.id, error)
                watch.warned = True
            return Pending(stage="the vendor does not answer", poll_after=error.retry_after)

    async def _asked(self, submission: Submission) -> Pending | Done | Failed:
        return await read(self._vendor, lambda: self._vendor.poll(submission), self._vendor.poll_timeout)


class _Watch:
    """How long a job has been waited for, and when that is enough."""

    def __init__(self, vendor: VendorClient, job: Job, *, sent_now: bool) -> None:
        self._vendor = vendor
        self._clock = vendor.context.clock
        self._began = self._clock.monotonic()
        sent = job.sent_at
        # The wall clock may have been changed since; within this process only the other clock counts.
        self._before = 0.0 if sent_now or sent is None else max(0.0, (self._clock.now() - sent).total_seconds())
        self.is_new = sent_now
        self.warned = False

    @property
    def age(self) -> float:
        """Seconds since the job was sent."""
        return self._before + self._clock.monotonic() - self._began

    @property
    def patience_left(self) -> float:
        """Seconds until this process stops waiting, and a little more."""
        return max(0.0, self._vendor.patience - (self._clock.monotonic() - self._began)) + 1.0

    def check(self, submission: Submission, asked: float) -> None:
        """UnfinishedJob when this process has waited enough, JobFailed when nobody should wait any more.

        `asked`: seconds for which the vendor wants to be left alone.
        """
        self.is_new = False
        vendor = self._vendor
        if self._is_overdue():
            raise JobFailed(
                f"deadline: the job was not finished {vendor.deadline:.0f} s after it was sent",
                hint="ask the vendor about it; --retry-failed sends the run again",
                generation_id=submission.id,
            )
        waited = self._clock.monotonic() - self._began
        if waited > vendor.patience or asked > self.patience_left:
            raise UnfinishedJob(f"job {submission.id} was not finished after {waited:.0f} s", hint=_WAIT_HINT)

    def _is_overdue(self) -> bool:
        vendor = self._vendor
        # The clock may have been set ahead since an earlier process sent the job, which is then as good as any other.
        seen = not self._before or self._clock.monotonic() - self._began > min(vendor.patience, LAST_WATCH)
        return seen and self.age > vendor.deadline


def _clip(submission: Submission, done: Done, job: Job, seconds: float | None) -> Clip:
    return Clip(
        path=job.clip_path,
        generation_id=submission.id,
        video_url=done.video_url,
        cost=done.cost,
        extras=done.extras,
        job_seconds=seconds,
    )


_WAIT_HINT = "run the same command again later: it goes on waiting for this job"
