"""The base of generators that submit a job to a vendor, ask about it, and fetch its video."""

from __future__ import annotations

from vmevalkit_core.errors import UncertainSubmitError
from vmevalkit_core.generator.collecting import Collector
from vmevalkit_core.generator.contract import Account, Context, Job
from vmevalkit_core.generator.reading import explained, read
from vmevalkit_core.generator.recovery import LOST, LOST_HINT, adopt
from vmevalkit_core.generator.sending import Sender
from vmevalkit_core.generator.vendor import VendorClient
from vmevalkit_core.records import Clip, Done, Failed, GenerationRequest, Pending, Submission
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.status_codes import question_error


class ApiGenerator(VendorClient):
    """Base of generators that submit, poll and fetch; it owns their order, deadlines, retries and resuming.

    A plugin writes `submit` and `poll` on `self.call`, `explain` for the vendor's own refusals, and, where the vendor
    offers it, `host`, `find`, `cancel` and `check_account`.
    """

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(spec, context)
        self._sender = Sender(self)
        self._collector = Collector(self)

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        """Submit unless that has been done, wait for the end, fetch the clip."""
        if job.submission is not None:
            self.context.gate.hold()
            return await self._collected(job.submission, job, sent_now=False)
        submission = await self._sender.send(request, job)
        return await self._collected(submission, job, sent_now=True)

    async def ask(self, submission: Submission) -> Pending | Done | Failed:
        """The state of a job, asked for again where a question fails."""
        return await read(self, lambda: self.poll(submission), self.poll_timeout)

    async def stop(self, submission: Submission) -> None:
        """Cancel a job, told again where the order fails."""
        await read(self, lambda: self.cancel(submission), self.poll_timeout)

    async def account(self) -> Account:
        """What the vendor says of the account, asked once; NotImplementedError where no free call tells."""
        try:
            return await self.check_account()
        except Exception as error:
            if known := explained(self, error) or question_error(error):
                raise known from error
            raise

    async def recover(self, request: GenerationRequest, job: Job) -> Clip:
        """The clip of a request whose answer was lost, when the vendor knows it by our token.

        NotAccepted when the vendor's list proves that it was never taken; UncertainSubmitError otherwise.
        """
        if job.intent is None:
            raise UncertainSubmitError(LOST, hint=LOST_HINT)
        submission = self.addressed(await adopt(self, request, job.intent))
        await job.submitted(submission)
        self.context.gate.hold()
        return await self._collected(submission, job, sent_now=False)

    async def _collected(self, submission: Submission, job: Job, *, sent_now: bool) -> Clip:
        try:
            return await self._collector.collect(submission, job, sent_now=sent_now)
        finally:
            self.context.gate.release()
