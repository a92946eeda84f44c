"""One paid request: everything that is free first, then once, and never in doubt twice."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import NotAccepted, QuotaExhausted, Throttled, UncertainSubmitError, UsageError, VendorBroken
from vmevalkit_core.generator.contract import Job
from vmevalkit_core.generator.hosting import Hosting
from vmevalkit_core.generator.reading import explained
from vmevalkit_core.generator.recovery import LOST_HINT, adopt
from vmevalkit_core.generator.vendor import VendorClient
from vmevalkit_core.limits import LONGEST_PAUSE
from vmevalkit_core.records import GenerationRequest, Intent, Submission
from vmevalkit_core.status_codes import submit_error


class _Departure:
    """When a request left, by the clock that nobody sets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.at = clock.monotonic()

    def now(self) -> None:
        """It leaves."""
        self.at = self._clock.monotonic()


class Sender:
    """Sends the requests of one model, and stops when answer after answer is lost."""

    def __init__(self, vendor: VendorClient) -> None:
        self._vendor = vendor
        self._hosting = Hosting(vendor)
        self._lost = 0

    async def send(self, request: GenerationRequest, job: Job) -> Submission:
        """The vendor's job, its id on disk. What ends before the request leaves has surely cost nothing.

        The job of a request whose answer is lost is looked for, where the vendor can list jobs.
        """
        departure = _Departure(self._vendor.context.clock)
        try:
            return await self._sent(request, job, departure)
        except UncertainSubmitError as error:
            submission = await self._looked_for(request, job, error, departure)
            self._vendor.context.gate.hold()
            return submission

    async def _sent(self, request: GenerationRequest, job: Job, departure: _Departure) -> Submission:
        context = self._vendor.context
        async with AsyncExitStack() as held:
            async with job.preparing():
                self._refuse_after_losses()
                await context.http.open()
                request = await self._hosting.hosted(request)
                await held.enter_async_context(context.gate.passage())
                await held.enter_async_context(context.http.slot(urgent=True))
            departure.now()
            try:
                submission = self._vendor.addressed(await self._submitted(request))
            except Throttled as error:
                context.gate.turned_away(error.retry_after)
                raise
            context.gate.let_in()
            try:
                await job.submitted(submission)
            except BaseException:
                context.gate.release()
                raise
        return submission

    async def _looked_for(
        self, request: GenerationRequest, job: Job, error: UncertainSubmitError, departure: _Departure
    ) -> Submission:
        """The job of a request whose answer was just lost, where the vendor can list jobs; else the error."""
        if not self._vendor.can_find or job.sent_at is None:
            raise error
        job.answer_lost()
        job.progress(stage="looking for the job whose answer was lost")
        intent = Intent(time=job.sent_at, timeout_seconds=self._vendor.submit_timeout)
        try:
            submission = self._vendor.addressed(await adopt(self._vendor, request, intent, sent_at=departure.at))
        except (NotAccepted, UncertainSubmitError):
            raise
        except Exception as closed:
            # A list that cannot be read says nothing about the request.
            raise error from closed
        self._lost = 0  # what can be found again is no risk
        await job.submitted(submission)
        return submission

    def _refuse_after_losses(self) -> None:
        lost = self._lost
        if lost >= self._vendor.lost_in_a_row:
            self._lost = 0  # a later call of the same program may try again
            raise VendorBroken(
                f"{lost} requests in a row may have been taken although their answers were lost or broken",
                hint="look whether the vendor has an outage; nothing more is sent by this command",
            )

    async def _submitted(self, request: GenerationRequest) -> Submission:
        try:
            submission = await self._asked(request)
        except UncertainSubmitError:
            self._lost += 1
            raise
        self._lost = 0
        return submission

    async def _asked(self, request: GenerationRequest) -> Submission:
        limit = self._vendor.submit_timeout
        try:
            async with asyncio.timeout(limit):
                answer = await self._vendor.submit(request)
        except TimeoutError as error:
            raise UncertainSubmitError(f"no answer to the request within {limit:g} s", hint=LOST_HINT) from error
        except UsageError:
            raise
        except Exception as error:
            known = explained(self._vendor, error) or submit_error(error)
            if isinstance(known, Throttled) and (known.retry_after or 0.0) > LONGEST_PAUSE:
                known = QuotaExhausted(known.message, retry_after=known.retry_after, hint=known.hint)
            if known:
                raise known from error
            raise UncertainSubmitError(f"{type(error).__name__}: {error}", hint=LOST_HINT) from error
        if not isinstance(answer, Submission):
            raise UncertainSubmitError(f"submit returned {answer!r:.200} instead of a Submission", hint=LOST_HINT)
        return answer
