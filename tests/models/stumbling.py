"""Clients of the simulated vendor with a fault each, which must cost nothing, and patient ones."""

from __future__ import annotations

import asyncio

from tests.models.plain import NEEDS, BlindPlain, Plain, UploadingPlain
from vmevalkit_core import Answer, Clip, FreeOptions, GenerationError, GenerationRequest, Job, ModelSpec, Submission


def spec_of(name: str) -> ModelSpec:
    """The spec of a client in this file."""
    return ModelSpec(
        name=name.lower(),
        factory=f"{__file__}:{name}",
        options=f"{__file__.replace('stumbling', 'plain')}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )


class Speechless(Plain):
    """Stumbles over each refusal that it should explain."""

    spec = spec_of("Speechless")

    def explain(self, answer: Answer) -> GenerationError | None:
        raise KeyError("error")


class Pathless(Plain):
    """Forgets the slash before a path."""

    spec = spec_of("Pathless")
    path = "v1/jobs"

    async def submit(self, request: GenerationRequest) -> Submission:
        return Submission(id=str((await self.call("POST", self.path, json={})).json()["id"]))


class Astray(Pathless):
    """Takes a host for a path: behind an address, such a text makes it somebody else's."""

    spec = spec_of("Astray")
    path = "@127.0.0.1:9/v1/jobs"


class Patient(BlindPlain):
    """Waits for a slow machine."""

    spec = spec_of("Patient")
    submit_timeout = poll_timeout = fetch_timeout = 30.0


class PatientUploader(UploadingPlain):
    """The same, with pictures to send before."""

    spec = spec_of("PatientUploader")
    submit_timeout = poll_timeout = fetch_timeout = 30.0


class Hanging:
    """A plain generator whose call never ends; it says that it may cost something."""

    spec = spec_of("Hanging")
    patience = 0.2

    def __init__(self, *_: object) -> None:
        pass

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        await asyncio.sleep(3600)
        return Clip(path=job.clip_path)


class HangingLater(Hanging):
    """The same, once its job is known."""

    spec = spec_of("HangingLater")

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        if not job.submission:
            await job.submitted(Submission(id="job-1"))
        return await super().generate(request, job)


class HangingFree(Hanging):
    """The same, for nothing."""

    spec = ModelSpec(name="hangingfree", factory=f"{__file__}:HangingFree", options=f"{__file__}:Free", kind="local")


class Free(FreeOptions):
    """Nothing to choose."""
