"""The calls to Vertex AI: one paid POST, polls that are POSTs too, and two ways in which the video comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
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
    ImageRef,
    ModelSpec,
    Pending,
    Refusal,
    Submission,
    UncertainSubmitError,
    UnknownJobs,
    UsageError,
)
from vmevalkit_veo import answers, payload
from vmevalkit_veo.catalog import model_of
from vmevalkit_veo.inline import Sieve, VideoAhead, save_video
from vmevalkit_veo.pictures import encoded
from vmevalkit_veo.plugin import CREDENTIALS, LOCATION, PROJECT, STORAGE_URL, VERTEX_URL
from vmevalkit_veo.refusals import VERTEX, refusal
from vmevalkit_veo.tokens import Tokens
from vmevalkit_veo.words import is_googles, said

STORAGE = "https://storage.googleapis.com"
DEFAULT_LOCATION = "global"
"""As with Google's own SDK."""
_MULTI_REGIONS = ("us", "eu")
T = TypeVar("T")


class VertexVeo(ApiGenerator):
    """A Veo on Vertex AI. Jobs can neither be listed nor cancelled there."""

    base_url_env = VERTEX_URL
    # Google asks for one poll in ten to twenty seconds.
    poll_least = 10.0
    # A token may have to be fetched within it.
    submit_timeout = 90.0
    unknown_pause = 30.0

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        env = context.env
        self._location = env.get(LOCATION) or DEFAULT_LOCATION
        self.base_url = base_of(self._location)
        super().__init__(spec, context)
        self._model = model_of(spec.provider_model)
        self._parent = _parent(env[PROJECT], self._location, self._model.id)
        self._storage = (env.get(STORAGE_URL) or STORAGE).rstrip("/")
        self._tokens = Tokens(env.get(CREDENTIALS, ""))
        self._unknown = UnknownJobs("Vertex AI", self)

    async def host(self, image: ImageRef) -> str | None:
        """Nothing is uploaded; but a token is fetched here, while a failure still costs nothing."""
        await self._tokens.headers()
        return None

    async def call(self, method: str, path: str, **parts: Any) -> Answer:
        """As ever, with a token."""
        return await self._authorized(
            lambda headers: super(VertexVeo, self).call(method, path, headers=headers, **parts)
        )

    async def submit(self, request: GenerationRequest) -> Submission:
        """The one paid call."""
        body = payload.vertex_body(self._model, request, await encoded(request.first_frame))
        answer = await self.call("POST", f"/v1beta1/{quote(self._parent)}:predictLongRunning", json=body)
        if not (job := answers.operation_of(answer.json())):
            raise UncertainSubmitError(f"Vertex AI took the request and named no job: {answer.text}")
        return Submission(id=job)

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """The state of the job; an answer that holds the video is not read to its end."""
        job = payload.operation_name(submission.id, self._parent)
        try:
            answer = await self._asked(job, Sieve())
        except VideoAhead:
            return answers.inline(job)
        if answer.status != 200:
            if known := self.explain(answer):
                raise known
            if not is_googles(answer):
                raise Refusal(answer)  # a gateway's, which says nothing about the job
            return self._unknown.unknown(submission, said(answer).message)
        self._unknown.known(submission)
        return answers.operation_state(answer.json(), job)

    async def fetch(self, done: Done, path: Path) -> None:
        """The video out of the answer itself, or from the user's own storage with the same token."""
        if job := done.extras.get(answers.INLINE_JOB):
            await save_video(partial(self._asked, job, within=self.fetch_timeout), path)
            return
        await self._authorized(lambda headers: self._stored(done, path, headers))

    async def check_account(self) -> Account:
        """Whether Google gives the account a token; Vertex AI itself has no call that costs nothing."""
        await self._tokens.headers()
        return Account(remark="Google gave a token; whether the project may use Veo, only a paid call tells")

    def explain(self, answer: Answer) -> GenerationError | None:
        """Google's words."""
        return refusal(answer, VERTEX)

    def check_address(self, submission: Submission) -> None:
        """UsageError when the job was sent to another region or address."""
        then = submission.resume.get("address", self.address)
        if then != self.address and not self.context.env.get(VERTEX_URL):
            region = submission.id.partition("/locations/")[2].partition("/")[0]
            if region and then == base_of(region):
                message = f"the job was sent to {region}, and {LOCATION} is {self._location} now"
                raise UsageError(message, hint=f"set {LOCATION} to {region} and run again")
        super().check_address(submission)

    async def _asked(self, job: str, sieve: Sieve, **parts: Any) -> Answer:
        path, body = payload.fetch_path(job, self._parent), {"operationName": job}
        return await self.call("POST", path, ok=(200, 400, 404), json=body, through=sieve, **parts)

    async def _stored(self, done: Done, path: Path, headers: Mapping[str, str]) -> None:
        url = self._storage + payload.object_path(done.video_url or "")
        own = self.context.env.get(STORAGE_URL, "")
        trusted = [own] if own else []
        await self.context.http.download(url, path, headers=headers, trusted=trusted, within=self.fetch_timeout)

    async def _authorized(self, call: Callable[[Mapping[str, str]], Awaitable[T]]) -> T:
        """What `call` answers with a token; with a new one where Google refuses it, before it takes anything."""
        headers = await self._tokens.headers()
        try:
            return await call(headers)
        except Refusal as refused:
            if refused.response.status != 401:
                raise
        return await call(await self._tokens.headers(refused=headers))


def base_of(location: str) -> str:
    """The address of Vertex AI for a region, a group of regions, or the whole world."""
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in _MULTI_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _parent(project: str, location: str, model: str) -> str:
    return f"projects/{project}/locations/{location}/publishers/google/models/{model}"
