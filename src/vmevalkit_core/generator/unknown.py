"""Jobs that their vendor says he does not know: asked about for minutes, and never ended by that."""

from __future__ import annotations

from vmevalkit_core.errors import UnfinishedJob
from vmevalkit_core.generator.vendor import VendorClient
from vmevalkit_core.records import Pending, Submission


class UnknownJobs:
    """The jobs of a generator that its vendor does not know at the moment; `name` is the vendor's.

    A paid job is not over because a poll does not know it: vendors forget jobs for a while, and gateways answer 404.
    """

    def __init__(self, name: str, vendor: VendorClient) -> None:
        self._name, self._vendor = name, vendor
        self._since: dict[str, float] = {}

    def known(self, submission: Submission) -> None:
        """A poll knew the job."""
        self._since.pop(submission.id, None)

    def unknown(self, submission: Submission, words: str = "") -> Pending:
        """What a poll returns that did not know the job, in the vendor's `words`.

        UnfinishedJob after `unknown_for` seconds of that, which leaves the run to be collected later.
        """
        now = self._vendor.context.clock.monotonic()
        since = self._since.setdefault(submission.id, now)
        if now - since < self._vendor.unknown_for:
            return Pending(
                stage=f"{self._name} does not know the job at the moment", poll_after=self._vendor.unknown_pause
            )
        del self._since[submission.id]  # a later call of the same program asks as long again
        said = f": {words}" if words else ""
        raise UnfinishedJob(f"{self._name} does not know the job {submission.id}{said}", hint=UNKNOWN_HINT)


UNKNOWN_HINT = (
    "run the same command again later, which asks again and pays nothing; "
    "if the id was given by hand and is wrong: --adopt RUN_ID=JOB_ID with the right one; "
    "`vmeval cancel RUN_FOLDER --give-up` lets go of a job that is gone"
)
