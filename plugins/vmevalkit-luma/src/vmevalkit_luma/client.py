"""The calls to Luma's Agents API, and what both of Luma's APIs have in common."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from vmevalkit_core import (
    Account,
    Answer,
    ApiGenerator,
    Context,
    Done,
    Failed,
    GenerationError,
    GenerationRequest,
    ModelSpec,
    Pending,
    Refusal,
    Submission,
    UnknownJobs,
)
from vmevalkit_luma import answers, errors, payload
from vmevalkit_luma.plugin import AGENTS_KEY, AGENTS_URL
from vmevalkit_luma.refusals import is_lumas, refusal, requests_a_minute, said

JOBS = "/generations"
NOBODYS_JOB = "00000000-0000-0000-0000-000000000000"


class Luma(ApiGenerator):
    """What the generators of both APIs share: the key, the polls, the meaning of refusals."""

    keys: ClassVar[tuple[str, ...]]
    """The variables of the key; the first that is set counts."""
    create: ClassVar[str]
    """The path of the paid request."""
    requests_per_second = 5.0
    # Luma's own examples ask every three seconds.
    poll_least = 3.0

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(spec, context)
        self._unknown = UnknownJobs("Luma", self)

    def headers(self) -> Mapping[str, str]:
        """The key; KeyRefused for one that no header can hold."""
        name = next((name for name in self.keys if self.context.env.get(name)), self.keys[0])
        key = self.context.env[name]
        if not (key.isascii() and key.isprintable()) or " " in key:
            hint = f"copy the key into {name} again, without quotes, spaces or line ends"
            raise errors.KeyRefused(f"{name} holds characters that no key has", hint=hint)
        return {"authorization": f"Bearer {key}"}

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """The state of the job; a link to its video is minted anew with each poll that finds it done."""
        # The id may come from --adopt, so it is no path until it is quoted.
        answer = await self.call("GET", f"{JOBS}/{quote(submission.id, safe='')}", ok=(200, 404))
        if answer.status == 404:
            if not is_lumas(answer):
                raise Refusal(answer)  # a gateway's, which says nothing about the job
            return self._unknown.unknown(submission, said(answer))
        self._unknown.known(submission)
        return self.state(answer)

    @abstractmethod
    def state(self, answer: Answer) -> Pending | Done | Failed:
        """Where a job stands by the answer to a poll."""

    def explain(self, answer: Answer) -> GenerationError | None:
        """What a refusal means; the pace follows the limit that it names."""
        if limit := requests_a_minute(answer):
            self.context.http.pace.at_most(limit / 60)
        return refusal(answer, key=" or ".join(self.keys), asks=not answer.url.endswith(self.create))

    def failure(self, answer: Failed, submission: Submission) -> GenerationError:
        """The error of a job that Luma failed."""
        refused = errors.ModeratedError if answer.moderated else errors.RejectedError
        kind = refused if answer.moderated or answer.rejected else errors.JobFailed
        return kind(answer.reason, hint=answer.hint, generation_id=submission.id, charged=answer.cost)

    def _named(self, answer: Answer) -> Submission:
        job = answers.new_job(answer.json())
        if not job:
            raise errors.UncertainSubmitError(f"Luma took the request and named no job: {answer.text}")
        return Submission(id=job)


class Agents(Luma):
    """Ray 3.2 by the Agents API. Lost jobs cannot be listed there, and none can be cancelled."""

    keys = (AGENTS_KEY,)
    create = JOBS
    base_url = "https://agents.lumalabs.ai/v1"
    base_url_env = AGENTS_URL

    async def submit(self, request: GenerationRequest) -> Submission:
        """The one paid call, the picture in its body."""
        image = request.first_frame
        picture = await asyncio.to_thread(image.path.read_bytes) if image else b""
        return self._named(await self.call("POST", self.create, json=payload.agents_body(request, picture)))

    def state(self, answer: Answer) -> Pending | Done | Failed:
        """Where a job stands."""
        return answers.agents_state(answer.json())

    async def check_account(self) -> Account:
        """Whether the key works: Luma looks at it before it says that it does not know a job."""
        answer = await self.call("GET", f"{JOBS}/{NOBODYS_JOB}", ok=(200, 404))
        if answer.status != 404 or not is_lumas(answer):
            message = f"{answer.url} answered {answer.status}, and not as Luma's Agents API does"
            raise errors.RetryableError(message, hint=f"the base address is wrong: look at {AGENTS_URL}")
        return Account(remark="the Agents API has no call for it")
