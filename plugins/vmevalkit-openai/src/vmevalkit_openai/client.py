"""The calls to a server with the /v1/videos API: one paid POST, polls, the video, the list, and deleting."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
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
    JobFailed,
    KeyRefused,
    ModelSpec,
    Pending,
    Refusal,
    RejectedError,
    Submission,
    UncertainSubmitError,
    UnknownJobs,
)
from vmevalkit_openai import answers, payload
from vmevalkit_openai.plugin import BASE_URL, KEY, ORGANIZATION, PROJECT, SERVER, TRUSTED
from vmevalkit_openai.refusals import is_apis, key_refused, refusal

VIDEOS, MODELS = "/videos", "/models"
LOOKS = 3
"""How often a server that calls a job completed must not have its video before that counts: some write it later."""
UNLISTED = (404, 405, 501)
"""What a server without a list answers."""
PAGE, PAGES = 100, 10
"""Jobs on a page of the list, and pages that are looked at, at most."""
SLACK = timedelta(minutes=2)
"""How far the server's clock may be from ours."""


class Videos(ApiGenerator):
    """Any model of any server with the /v1/videos API."""

    base_url = "https://api.openai.com/v1"
    base_url_env = BASE_URL

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(spec, context)
        found = dict(spec.links)
        if SERVER in found:
            self.address, self.base_url_env = found[SERVER], ""
        self._key = self._variable(named=SERVER in found)
        self._unknown = UnknownJobs("the server", self)
        self._empty = Counter[str]()
        self._known: set[str] = set()

    def headers(self) -> Mapping[str, str]:
        """The key, where there is one, and OpenAI's own two; KeyRefused for a key that no header can hold."""
        key = self._value(self._key)
        found = {
            "authorization": f"Bearer {key}" if key else "",
            "openai-organization": self._value(ORGANIZATION),
            "openai-project": self._value(PROJECT),
        }
        return {name: value for name, value in found.items() if value}

    async def submit(self, request: GenerationRequest) -> Submission:
        """The one paid call."""
        fields = payload.fields(request.options.get("model", self.spec.provider_model), request)
        assert request.first_frame is not None
        picture, kind = request.first_frame.path, request.first_frame.media_type
        data = await asyncio.to_thread(picture.read_bytes)
        if request.options.get("create") == "json":
            body: dict[str, Any] = {"json": {**fields, "input_reference": payload.reference(data, kind)}}
        else:
            body = {"form": payload.form(fields), "files": payload.file(data, kind)}
        answer = await self.call("POST", VIDEOS, **body)
        job = answers.accepted(answer.json())
        if not job:
            raise UncertainSubmitError(f"the server took the request and named no job: {answer.text}")
        self._known.add(job)
        # A later process has no options at hand when it collects the video.
        only = request.options.get("download") == "content"
        return Submission(id=job, resume={"download": "content"} if only else {})

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """The state of the job."""
        self._known.add(submission.id)
        answer = await self.call("GET", _path(submission), ok=(200, 404))
        if answer.status == 404:
            if not is_apis(answer):
                raise Refusal(answer)  # a gateway's, which says nothing about the job
            return self._unknown.unknown(submission, answer.text)
        self._unknown.known(submission)
        content = f"{self.address}{_path(submission)}/content?variant=video"
        return answers.job_state(answer, content, links=submission.resume.get("download") != "content")

    async def fetch(self, done: Done, path: Path) -> None:
        """Write the video; the key goes along where the server itself has it, and nowhere else."""
        link = done.video_url or ""
        own = link.startswith(f"{self.address}/")
        headers = {**self.headers(), "accept": "application/binary"} if own else None
        try:
            await self.download(link, path, headers=headers)
        except Refusal as refused:
            if own and refused.response.status in (404, 410):
                await self._has_no_video(link, refused.response)
            raise

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        """The jobs in the server's list that may be this request; exact where the list holds our token."""
        span = answers.Span(since=sent_between[0] - SLACK, until=sent_between[1] + SLACK)
        found: list[Candidate] = []
        after: dict[str, str] = {}
        for _ in range(PAGES):
            query = {"limit": str(PAGE), "order": "desc", **after}
            answer = await self.call("GET", VIDEOS, ok=(200, *UNLISTED), query=query)
            listed = [] if answer.status in UNLISTED else answers.rows(answer.json())
            found += [one for one in answers.candidates(listed, request, span) if one.id not in self._known]
            if len(listed) < PAGE or _is_before(listed[-1], span):
                break
            after = {"after": listed[-1]["id"]}
        return found

    async def check_account(self) -> Account:
        """Whether the server lets the key in, by its list of jobs; by that of its models where it keeps no jobs."""
        answer = await self.call("GET", VIDEOS, ok=(200, *UNLISTED), query={"limit": "1"})
        if answer.status == 200:
            answers.rows(answer.json())  # anybody's page may have that status
            return Account()
        answers.rows((await self.call("GET", MODELS)).json())
        return Account(remark="only its list of models was asked for, which some servers show to everybody")

    async def cancel(self, submission: Submission) -> None:
        """Delete the job, which stops it on servers that can do so; RejectedError where the server does not."""
        answer = await self.call("DELETE", _path(submission), ok=(200, 202, 204, 400, 404, 405, 409, 501))
        if answer.status in (400, 404, 405, 409, 501):
            hint = "wait for its end: OpenAI's own API deletes finished jobs only, and so do servers like it"
            raise RejectedError(f"the server does not stop job {submission.id}: {answer.text}", hint=hint)

    @property
    def trusted(self) -> list[str]:
        """What the user wrote himself, in the file of his servers or in the environment, may lead into his network."""
        named = [url for label, url in self.spec.links if label in (SERVER, TRUSTED)]
        return named or super().trusted

    def explain(self, answer: Answer) -> GenerationError | None:
        """What a refusal means; one of a poll or of the list says nothing about a job, but for that of the key."""
        # By the end of its path: the address is called in another spelling than the user's, in lower case for one.
        if answer.url.endswith(VIDEOS):
            return refusal(answer, self._key)
        asked = f"{VIDEOS}/" in answer.url and not answer.url.endswith("/content")
        return key_refused(answer, self._key) if asked and answer.status == 401 else None

    def _variable(self, *, named: bool) -> str:
        """The variable that holds the key; a named server gets no key that the file does not name."""
        if not named:
            return KEY
        return self.spec.needs[0].names[0] if self.spec.needs else ""

    def _value(self, variable: str) -> str:
        """What a variable holds, for a header; empty where it is not set."""
        value = self.context.env.get(variable, "")
        if not (value.isascii() and value.isprintable()) or " " in value:
            hint = f"copy it into {variable} again, without quotes, spaces or line ends"
            raise KeyRefused(f"{variable} holds characters that no key has", hint=hint)
        return value

    async def _has_no_video(self, link: str, answer: Answer) -> None:
        """Wait before the next try; JobFailed when there were enough: a success without a video is none."""
        self._empty[link] += is_apis(answer)  # a gateway's page says nothing about the video
        if self._empty[link] >= LOOKS:
            raise JobFailed(
                "the server calls the job completed and has no video",
                hint="its moderation may have taken it, or it has been deleted; --retry-failed sends the run again",
            )
        await self.context.clock.sleep(self.unknown_pause)


def _path(submission: Submission) -> str:
    # The id may come from --adopt, so it is no path until it is quoted.
    return f"{VIDEOS}/{quote(submission.id, safe='')}"


def _is_before(row: Mapping[str, Any], span: answers.Span) -> bool:
    """Whether this row, and so every later one of a list in descending order, is too old."""
    made = answers.created(row)
    return made is not None and made < span.since
