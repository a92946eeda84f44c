"""Plugins of the plain vendor that break the contract, one sin each, and the check that has to catch it."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict

from tests.models.plain import BlindPlain, Plain, PlainOptions
from vmevalkit_core import (
    Answer,
    Candidate,
    Clip,
    Done,
    Failed,
    GenerationError,
    GenerationRequest,
    Job,
    JobFailed,
    LostAnswer,
    Need,
    Pending,
    Refusal,
    RetryableError,
    Submission,
    Throttled,
)


class Sin(NamedTuple):
    """One way to break the contract."""

    model: str
    sentence: str
    check: str
    """The test of the contract that has to fail."""


HEAVY = Path(__file__).parent / "heavy"
"""A folder with an installed plugin, for the sin that no file can commit."""
SINS: dict[str, Sin] = {
    "ImportsItsClient": Sin("heavy-1", "Imports its client to be listed.", "test_listing_imports_nothing_heavy")
}


def caught_by(check: str, **spec: Any) -> Callable[[type[Plain]], type[Plain]]:
    """Lists a plugin under its sin, which is its docstring; `spec` are fields of its spec that differ."""

    def listed(model: type[Plain]) -> type[Plain]:
        factory = {"name": model.__name__.lower(), "factory": f"{__file__}:{model.__name__}"}
        model.spec = dataclasses.replace(model.spec, **factory, **spec)
        SINS[model.__name__] = Sin(model.spec.factory, model.__doc__ or "", check)
        return model

    return listed


@caught_by("test_no_fault_is_paid_twice[lost-reset]")
class SendsTwice(BlindPlain):
    """Sends again when the answer was lost."""

    async def submit(self, request: GenerationRequest) -> Submission:
        with suppress(LostAnswer):
            return await super().submit(request)
        return await super().submit(request)


@caught_by("test_no_fault_is_paid_twice[lost-502]")
class CallsItUntaken(BlindPlain):
    """Says of a broken answer that the request was not taken."""

    async def submit(self, request: GenerationRequest) -> Submission:
        try:
            return await super().submit(request)
        except Refusal as error:
            raise RetryableError("the vendor is down") from error


@caught_by("test_lost_answer_is_uncertain_or_adopted[lost-closed]")
class InventsAnId(BlindPlain):
    """Makes up an id when the answer was lost."""

    async def submit(self, request: GenerationRequest) -> Submission:
        try:
            return await super().submit(request)
        except LostAnswer:
            return Submission(id=request.token)


@caught_by("test_job_of_another_is_not_adopted")
class ClaimsExact(Plain):
    """Calls the newest job of the list its own, without any token."""

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        jobs = (await self.call("GET", "/v1/jobs")).json()["jobs"]
        return [Candidate(id=one["id"], exact=True) for one in jobs[-1:]]


@caught_by("test_pause_that_is_asked_for_is_kept[seconds]")
class IgnoresRetryAfter(Plain):
    """Sends again before the vendor's time."""

    def explain(self, answer: Answer) -> GenerationError | None:
        return Throttled("busy") if answer.status == 429 else super().explain(answer)


@caught_by("test_pause_between_polls_is_kept")
class PollsTooSoon(Plain):
    """Asks about the job before the vendor's time."""

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        try:
            return await super().poll(submission)
        except Refusal:
            return Pending()


@caught_by("test_poll_asks_once")
class PollsWithoutBound(Plain):
    """Waits for the end of the job by itself."""

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        while isinstance(state := await super().poll(submission), Pending):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return state


@caught_by("test_bad_answer_to_a_poll_ends_no_job[page-502]")
class GivesUp(Plain):
    """Takes a bad answer for the end of the job."""

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        try:
            return await super().poll(submission)
        except (Refusal, LostAnswer) as error:
            return Failed(reason=str(error))


@caught_by("test_unknown_state_is_no_end")
class KnowsEveryState(Plain):
    """Takes a state that it does not know for a failure."""

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        state = await super().poll(submission)
        known = not isinstance(state, Pending) or state.stage in ("waiting", "queued", "running")
        return state if known else Failed(reason=f"state {state!r}")


@caught_by("test_another_process_needs_the_record_only")
class RemembersInMemory(Plain):
    """Keeps what it needs to go on in the object."""

    async def submit(self, request: GenerationRequest) -> Submission:
        submission = await super().submit(request)
        self.jobs = {**getattr(self, "jobs", {}), "job": submission.id}
        return Submission(id="job")

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        return await super().poll(Submission(id=self.jobs[submission.id]))


@caught_by("test_killed_command_is_resumed")
class RemembersInAFile(Plain):
    """Goes on only where its own process is."""

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        if self.note.read_text() != str(os.getpid()):
            return Failed(reason="the job is another process's")
        return await super().poll(submission)

    async def submit(self, request: GenerationRequest) -> Submission:
        self.note.write_text(str(os.getpid()))
        return await super().submit(request)

    @property
    def note(self) -> Path:
        return Path(tempfile.gettempdir()) / "plain.pid"


@caught_by("test_expired_link_is_minted_again[download-expired]")
class KeepsTheLink(Plain):
    """Shows the first link for ever."""

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        self.links = getattr(self, "links", {})
        state = await super().poll(submission)
        return self.links.setdefault(submission.id, state) if isinstance(state, Done) else state

    async def fetch(self, done: Done, path: Path) -> None:
        if self.links.setdefault(done.video_url, done) is not done or done.video_url in self.spent:
            raise RetryableError("the link has been used")
        self.spent.add(done.video_url)
        await super().fetch(done, path)

    spent: set[str | None] = set()  # noqa: RUF012 (that it is shared is a part of the sin)


@caught_by("test_link_that_leads_astray_is_not_followed[poll-link-elsewhere]")
class FollowsEveryLink(Plain):
    """Fetches the video with a client of its own, wherever the link leads."""

    async def fetch(self, done: Done, path: Path) -> None:
        import httpx2

        async with httpx2.AsyncClient(follow_redirects=True) as client:
            path.write_bytes((await client.get(done.video_url or "")).raise_for_status().content)


@caught_by("test_no_other_origin_gets_a_secret[download]")
class TakesTheKeyAlong(Plain):
    """Fetches the video with the key, wherever a redirect leads."""

    async def fetch(self, done: Done, path: Path) -> None:
        import httpx2

        headers = {"x-api-key": self.context.env["PLAIN_KEY"]}
        async with httpx2.AsyncClient(follow_redirects=True, headers=headers) as client:
            path.write_bytes((await client.get(done.video_url or "")).raise_for_status().content)


@caught_by("test_success_without_a_video_is_moderation")
class BelievesInSuccess(Plain):
    """Takes a success without a video for a video that will come."""

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        state = await super().poll(submission)
        return Done() if isinstance(state, Failed) and "without a video" in state.reason else state


@caught_by("test_moderated_job_is_moderation")
class HidesModeration(Plain):
    """Calls moderation a failure, which looks as if another try would help."""

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        state = await super().poll(submission)
        return state.model_copy(update={"moderated": False}) if isinstance(state, Failed) else state


@caught_by("test_used_up_quota_ends_the_sending")
class WaitsForTomorrow(Plain):
    """Takes the quota of the day for a busy minute."""

    def explain(self, answer: Answer) -> GenerationError | None:
        return None


@caught_by("test_bad_input_is_named")
class SwallowsTheWords(Plain):
    """Does not pass on what the vendor says is wrong."""

    def explain(self, answer: Answer) -> GenerationError | None:
        return JobFailed("an error occurred") if answer.status == 400 else super().explain(answer)


@caught_by("test_finished_job_is_left_alone")
class TidiesUp(Plain):
    """Deletes the job at the vendor once it has the video, before anybody has decoded it."""

    async def fetch(self, done: Done, path: Path) -> None:
        await super().fetch(done, path)
        job = Path((done.video_url or "").partition("?")[0]).stem
        await self.call("DELETE", f"/v1/jobs/{job}", ok=range(200, 500))


@caught_by("test_interrupt_leaves_the_job")
class CancelsOnInterrupt(Plain):
    """Cancels the job on Ctrl-C."""

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        try:
            return await super().generate(request, job)
        except asyncio.CancelledError:
            if job.submission:
                await self.cancel(job.submission)
            raise


@caught_by("test_job_is_cancelled_by_order")
class CancelsNothing(Plain):
    """Says that it cancelled, and did not ask the vendor to."""

    async def cancel(self, submission: Submission) -> None:
        await self.poll(submission)


@caught_by("test_command_leaves_no_secret")
class LeaksKeyInError(Plain):
    """Puts the key into an error, where no filter knows it again."""

    def explain(self, answer: Answer) -> GenerationError | None:
        coded = base64.b64encode(self.context.env["PLAIN_KEY"].encode()).decode()
        return JobFailed(f"refused with Authorization: Basic {coded}") if answer.status == 400 else None


@caught_by("test_command_leaves_no_secret")
class PrintsTheKey(Plain):
    """Prints what it sends."""

    async def submit(self, request: GenerationRequest) -> Submission:
        sys.stderr.write(f"{self.headers()}\n")
        return await super().submit(request)


@caught_by("test_command_leaves_no_secret")
class KeepsTheKey(Plain):
    """Puts the key into what a later process needs to go on."""

    async def submit(self, request: GenerationRequest) -> Submission:
        submission = await super().submit(request)
        return submission.model_copy(update={"resume": {"headers": self.headers()}})


@caught_by("test_no_fault_leaves_a_secret")
class KeepsHalfTheKey(Plain):
    """Names the account by the first half of the key."""

    async def submit(self, request: GenerationRequest) -> Submission:
        submission = await super().submit(request)
        return submission.model_copy(update={"resume": {"account": self.context.env["PLAIN_KEY"][:24]}})


@caught_by("test_no_process_is_given_a_secret")
class KeyOnTheCommandLine(Plain):
    """Gives the key to another program as an argument."""

    async def submit(self, request: GenerationRequest) -> Submission:
        subprocess.run([sys.executable, "-c", "", self.context.env["PLAIN_KEY"]], check=True)  # noqa: ASYNC221
        return await super().submit(request)


@caught_by("test_clip_plays", needs=())
class NeedsInSecret(Plain):
    """Needs a key that its spec does not name."""


@caught_by("test_missing_need_is_named", needs=(Need("PLAIN_KEY"),))
class NeedsWithoutAWord(Plain):
    """Does not say where to get the key."""


@caught_by("test_everything_read_is_declared")
class ReadsTheEnvironment(Plain):
    """Reads a setting that its spec does not name."""

    async def submit(self, request: GenerationRequest) -> Submission:
        region = os.environ.get("PLAIN_REGION", "here")
        return (await super().submit(request)).model_copy(update={"resume": {"region": region}})


class AnyOptions(PlainOptions):
    """Options that take every name."""

    model_config = ConfigDict(extra="allow")


@caught_by("test_unknown_option_is_refused_by_name", options=f"{__file__}:AnyOptions")
class TakesAnyOption(Plain):
    """Takes options that it does not have."""


class CheapOptions(PlainOptions):
    """Options at last year's price."""

    def price(self) -> Decimal | None:
        return Decimal("0.01")


@caught_by("test_charge_is_within_the_price", options=f"{__file__}:CheapOptions")
class TellsTooLittle(Plain):
    """Tells less than the vendor charges."""


@caught_by("test_spec_is_plain_data", kind="local")
class CallsItselfLocal(Plain):
    """Calls itself local, so that its runs would be repeated in doubt."""
