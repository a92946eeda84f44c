"""The calls to Runway: one paid POST, polls, uploads and cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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
    KeyRefused,
    ModelSpec,
    Pending,
    RetryableError,
    Submission,
    UncertainSubmitError,
    UnknownJobs,
)
from vmevalkit_runway import answers, options, payload
from vmevalkit_runway.models import MODELS
from vmevalkit_runway.plugin import BASE_URL, KEY
from vmevalkit_runway.refusals import refusal, said_by_runway

VERSION = "2024-11-06"
"""The version of the API; Runway refuses calls that do not name one."""
TASKS, UPLOADS, CREATE = "/v1/tasks", "/v1/uploads", "/v1/image_to_video"
ORGANIZATION = "/v1/organization"
ANY = range(100, 600)


class Runway(ApiGenerator):
    """Any model of Runway's API that makes a clip from a first frame. Lost jobs cannot be listed there."""

    base_url = "https://api.dev.runwayml.com"
    base_url_env = BASE_URL
    # Runway asks for no more than one poll in five seconds.
    poll_least = 5.0
    # Uploads live for about a day, and a throttled job may wait for hours before it reads its picture.
    hosted_for = 12 * 3600.0
    results_kept = "24 to 48 hours"

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(spec, context)
        self._model = MODELS[spec.provider_model]
        self._unknown = UnknownJobs("Runway", self)

    def headers(self) -> Mapping[str, str]:
        """The key, and the version of the API; KeyRefused for a key that no header can hold."""
        key = self.context.env[KEY]
        if not (key.isascii() and key.isprintable()) or " " in key:
            hint = f"copy the key into {KEY} again, without quotes, spaces or line ends"
            raise KeyRefused(f"{KEY} holds characters that no key has", hint=hint)
        return {"authorization": f"Bearer {key}", "x-runway-version": VERSION}

    async def host(self, image: ImageRef) -> str | None:
        """A `runway://` link for a picture that is too long for the body; each try is a session of its own."""
        if payload.fits_data_uri(image.path.stat().st_size, image.media_type):
            return None
        data = await asyncio.to_thread(image.path.read_bytes)
        session = (await self.call("POST", UPLOADS, json=payload.upload(image.media_type))).json()
        link, fields, uri = answers.upload_session(session)
        # The link is signed and belongs to a store, which must not see the key.
        file = payload.upload_file(data, image.media_type)
        stored = await self.call("POST", link, ok=ANY, form=fields, files=file, within=self.fetch_timeout)
        if stored.status >= 300:
            # Its words are left out: a store quotes what was signed.
            raise RetryableError(f"the store of Runway's uploads answered {stored.status}")
        return uri

    async def submit(self, request: GenerationRequest) -> Submission:
        """The one paid call."""
        body = payload.body(self._model, request, await self._uri(request.first_frame))
        told = getattr(options, self._model.class_name)(**request.options).price()
        answer = await self.call("POST", CREATE, json=body)
        job, most = answers.accepted(answer.json())
        if not job:
            raise UncertainSubmitError(f"Runway took the request and named no job: {answer.text}")
        if told is not None and most is not None and most > told:
            self.context.log.warning("Runway may charge %s USD for job %s, and %s USD were planned", most, job, told)
        return Submission(id=job)

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """The state of the job, and what it cost once it has ended."""
        answer = await self.call("GET", _path(submission), ok=(200, 404))
        if answer.status == 404:
            return self._unknown.unknown(submission, said_by_runway(answer))
        self._unknown.known(submission)
        return answers.task_state(answer.json())

    async def cancel(self, submission: Submission) -> None:
        """Stop the job; Runway gives the money back for one that was not running yet."""
        answer = await self.call("DELETE", _path(submission), ok=(200, 202, 204, 404))
        if answer.status == 404:
            message = f"Runway does not know the job {submission.id}: {said_by_runway(answer)}"
            raise GenerationError(message, hint="cancel it again later, or in the developer portal")

    async def check_account(self) -> Account:
        """The credits of the organization."""
        return answers.balance((await self.call("GET", ORGANIZATION)).json())

    def explain(self, answer: Answer) -> GenerationError | None:
        """What a refusal means, where its status alone does not say it."""
        return refusal(answer)

    async def _uri(self, image: ImageRef | None) -> str:
        if image is None:
            return ""  # refused by name where the body is made
        if image.link:
            return image.link
        return payload.data_uri(await asyncio.to_thread(image.path.read_bytes), image.media_type)


def _path(submission: Submission) -> str:
    # The id may come from --adopt, so it is no path until it is quoted.
    return f"{TASKS}/{quote(submission.id, safe='')}"
