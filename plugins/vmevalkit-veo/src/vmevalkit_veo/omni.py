"""The calls to Gemini Omni: one paid POST, polls, cancelling, and a video behind a link or in the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from vmevalkit_core import (
    Account,
    Answer,
    ApiGenerator,
    Context,
    Done,
    Failed,
    GenerationError,
    GenerationRequest,
    KeyRefused,
    ModelSpec,
    Pending,
    Refusal,
    RetryableError,
    Submission,
    UncertainSubmitError,
    UnknownJobs,
)
from vmevalkit_veo import answers, payload
from vmevalkit_veo.catalog import model_of
from vmevalkit_veo.inline import Sieve, VideoAhead, save_video
from vmevalkit_veo.pictures import encoded
from vmevalkit_veo.plugin import GEMINI_KEY, GEMINI_URL, GOOGLE_KEY
from vmevalkit_veo.refusals import GEMINI, account_refusal, refusal
from vmevalkit_veo.words import is_googles, said

INTERACTIONS = "/v1/interactions"
NOBODYS_JOB = f"v1_{'0' * 32}"
_FILE = re.compile(r"/(v[0-9][a-z0-9]*)/files/([A-Za-z0-9_-]+):download")


class GeminiOmni(ApiGenerator):
    """A Gemini Omni with an API key. Interactions cannot be listed, so a lost one cannot be found."""

    base_url = "https://generativelanguage.googleapis.com"
    base_url_env = GEMINI_URL
    poll_least = 5.0
    results_kept = "7 to 55 days, as the account is set"
    unknown_pause = 30.0

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(spec, context)
        self._model = model_of(spec.provider_model)
        self._unknown = UnknownJobs("Gemini", self)

    def headers(self) -> Mapping[str, str]:
        """The key, in the header that Google names for it; KeyRefused for a key that no header can hold."""
        name = GOOGLE_KEY if self.context.env.get(GOOGLE_KEY) else GEMINI_KEY
        key = self.context.env.get(name, "")
        if not key or not (key.isascii() and key.isprintable()) or " " in key:
            hint = f"copy the key into {name} again, without quotes, spaces or line ends"
            raise KeyRefused(f"{name} holds characters that no key has", hint=hint)
        return {"x-goog-api-key": key}

    async def submit(self, request: GenerationRequest) -> Submission:
        """The one paid call; it answers at once, because the work is done in the background."""
        body = payload.omni_body(self._model, request, await encoded(request.first_frame))
        answer = await self.call("POST", INTERACTIONS, json=body)
        if not (job := answers.interaction_of(answer.json())):
            raise UncertainSubmitError(f"Gemini took the request and named no job: {answer.text}")
        return Submission(id=job)

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """The state of the job; 400 means an id that Google does not know, and was seen for jobs that ran."""
        job = submission.id
        try:
            answer = await self._asked(job, Sieve(), ok=(200, 400, 404))
        except VideoAhead:
            return answers.inline(job)
        if answer.status != 200:
            if known := self.explain(answer):
                raise known
            if not is_googles(answer):
                raise Refusal(answer)  # a gateway's, which says nothing about the job
            return self._unknown.unknown(submission, said(answer).message)
        self._unknown.known(submission)
        return answers.interaction_state(answer.json(), job)

    async def fetch(self, done: Done, path: Path) -> None:
        """The video out of the answer itself, or from behind its link; the key goes to the API's own files only."""
        if job := done.extras.get(answers.INLINE_JOB):
            await save_video(partial(self._asked, job, within=self.fetch_timeout), path)
            return
        link = done.video_url or ""
        if own := own_file(link):
            await self.download(self.address + own, path, headers=self.headers())
        else:
            await self.download(link, path)

    async def cancel(self, submission: Submission) -> None:
        """Stop the job; GenerationError where Google does not take the order, as for one that has ended."""
        answer = await self.call("POST", f"{_path(submission.id)}/cancel", ok=(200, 202, 204, 400, 404))
        if answer.status in (400, 404):
            words = said(answer).message
            raise self.explain(answer) or GenerationError(f"Gemini does not cancel job {submission.id}: {words}")

    async def check_account(self) -> Account:
        """Whether the key works: Google looks at it before it says that it does not know an interaction."""
        answer = await self.call("GET", _path(NOBODYS_JOB), ok=(200, 400, 404))
        if known := self.explain(answer):
            raise known
        if answer.status == 200 or not is_googles(answer):
            hint = f"look at {GEMINI_URL}, or at what stands between you and Google"
            raise RetryableError(f"{answer.url} answered {answer.status}, and not as the Gemini API does", hint=hint)
        return Account(remark="whether its project may pay for Omni, only a paid call tells")

    def explain(self, answer: Answer) -> GenerationError | None:
        """Google's words."""
        asks = answer.url.endswith(f"/{NOBODYS_JOB}")
        return account_refusal(answer, GEMINI) if asks else refusal(answer, GEMINI)

    async def _asked(self, job: str, sieve: Sieve, **parts: Any) -> Answer:
        return await self.call("GET", _path(job), through=sieve, **parts)


def own_file(link: str) -> str:
    """The path of a file of the API, to be asked for at the base address in use, as Google's own SDK does.

    Empty for any other link, to which no key is sent.
    """
    try:
        found = _FILE.fullmatch(urlsplit(link).path)
    except ValueError:
        return ""
    return f"/{found[1]}/files/{found[2]}:download?alt=media" if found else ""


def _path(job: str) -> str:
    # The id may come from --adopt, so it is no path until it is quoted.
    return f"{INTERACTIONS}/{quote(job, safe='')}"
