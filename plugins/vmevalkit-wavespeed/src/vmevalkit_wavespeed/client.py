"""The calls to WaveSpeed: one paid POST, polls, uploads and a look at the list."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from vmevalkit_core import (
    Account,
    Answer,
    ApiGenerator,
    Candidate,
    Context,
    Done,
    Failed,
    GenerationError,
    GenerationRequest,
    ImageRef,
    KeyRefused,
    ModelSpec,
    Pending,
    Refusal,
    RetryableError,
    Submission,
    UncertainSubmitError,
    UnknownJobs,
)
from vmevalkit_wavespeed import answers, payload
from vmevalkit_wavespeed.models import MODELS
from vmevalkit_wavespeed.plugin import BASE_URL, KEY
from vmevalkit_wavespeed.refusals import refusal, said

API = "/api/v3"
JOBS, UPLOADS, BALANCE = f"{API}/predictions", f"{API}/media/uploads", f"{API}/balance"
ANY = range(100, 600)
LISTED = timedelta(days=7)
"""How long WaveSpeed lists a job."""
PAGES = 10
"""Pages of the list that are looked at, at most."""


class WaveSpeed(ApiGenerator):
    """Any model of WaveSpeed's that makes a clip from a first frame. Jobs cannot be cancelled there."""

    base_url = "https://api.wavespeed.ai"
    base_url_env = BASE_URL
    # WaveSpeed's own client asks each second; for jobs of a minute and more that is unkind.
    poll_least = 2.0
    # Uploads live for 7 days; a job may have to wait in line before it reads its picture.
    hosted_for = 24 * 3600.0

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(spec, context)
        self._model = MODELS[spec.name]
        self._unknown = UnknownJobs("WaveSpeed", self)
        self._known: set[str] = set()

    def headers(self) -> Mapping[str, str]:
        """The key; KeyRefused for one that no header can hold."""
        key = self.context.env[KEY]
        if not (key.isascii() and key.isprintable()) or " " in key:
            hint = f"copy the key into {KEY} again, without quotes, spaces or line ends"
            raise KeyRefused(f"{KEY} holds characters that no key has", hint=hint)
        return {"authorization": f"Bearer {key}"}

    async def host(self, image: ImageRef) -> str | None:
        """The link of an uploaded picture; each try is an upload of its own."""
        content = await asyncio.to_thread(image.path.read_bytes)
        ticket = await self._ask("POST", UPLOADS, json=payload.upload(len(content), image.media_type))
        link, headers, address = answers.place(ticket)
        # The link is signed and belongs to a store, which must not see the key.
        wait = self.fetch_timeout
        stored = await self.call("PUT", link, ok=ANY, content=content, headers=headers, within=wait)
        if stored.status >= 300:
            # Its words are left out: a store quotes what was signed.
            raise RetryableError(f"the store of WaveSpeed's uploads answered {stored.status}")
        return address

    async def submit(self, request: GenerationRequest) -> Submission:
        """The one paid call."""
        answer = await self.call("POST", f"{API}/{self._model.id}", json=payload.body(self._model, request))
        job = answers.accepted(answer)
        if not job:
            raise UncertainSubmitError(f"WaveSpeed took the request and named no job: {answer.text}")
        self._known.add(job)
        return Submission(id=job)

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """The state of the job."""
        self._known.add(submission.id)
        try:
            # The id may come from --adopt, so it is no path until it is quoted.
            job = await self._ask("GET", f"{JOBS}/{quote(submission.id, safe='')}/result")
        except Refusal as refused:
            if refused.response.status != 404 or not (words := said(refused.response)):
                raise
            return self._unknown.unknown(submission, words)
        self._unknown.known(submission)
        return answers.job_state(job)

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        """The jobs of this model from that time that are not known to be others'; the list tells no more of them."""
        if sent_between[1] < self.context.clock.now() - LISTED:
            return []
        found: list[Candidate] = []
        for page in range(1, PAGES + 1):
            listed = await self._ask("POST", JOBS, json=payload.search(self._model, sent_between, page))
            rows = answers.candidates(listed, self._model.id)
            found += [row for row in rows if row.id not in self._known and _within(row, sent_between)]
            if len(rows) < payload.PAGE:
                break
        return found

    async def check_account(self) -> Account:
        """What the account holds."""
        return answers.balance(await self._ask("GET", BALANCE))

    def explain(self, answer: Answer) -> GenerationError | None:
        """What a refusal means, where its status alone does not say it."""
        return refusal(answer)

    async def _ask(self, method: str, path: str, **parts: Any) -> Any:
        return answers.data(await self.call(method, path, **parts))


def _within(row: Candidate, sent_between: tuple[datetime, datetime]) -> bool:
    """Whether a job is from the span of time, where the list says when it was made."""
    since, until = sent_between[0] - payload.SLACK, sent_between[1] + payload.SLACK
    return row.created is None or since <= row.created <= until
