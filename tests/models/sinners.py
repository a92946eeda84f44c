"""Generators that break rules, one sin each; the runs around them must go on."""

from __future__ import annotations

import asyncio
import shutil
from types import SimpleNamespace
from typing import Any

from tests.models.ledger import BlindLedger, Ledger
from tests.models.sleeper import finished_clip
from vmevalkit_core import (
    ApiGenerator,
    Clip,
    Context,
    GenerationRequest,
    Job,
    ModelSpec,
    Need,
    Options,
    State,
    Submission,
    UncertainSubmitError,
)


def paid(name: str, sinner: str) -> ModelSpec:
    """The spec of a sinner that sends jobs to the ledger."""
    needs = (Need("LEDGER_DIR"),)
    return ModelSpec(name=name, factory=f"sinners:{sinner}", options=Ledger.spec.options, kind="api", needs=needs)


class Sinner:
    """Hands out a good clip, unless a subclass sins."""

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        pass

    async def generate(self, request: GenerationRequest, job: Job) -> Any:
        shutil.copyfile(finished_clip(), job.clip_path)
        return Clip(path=job.clip_path)


class RaisesCancelled(Sinner):
    async def generate(self, request: GenerationRequest, job: Job) -> Any:
        raise asyncio.CancelledError


class Exits(Sinner):
    async def generate(self, request: GenerationRequest, job: Job) -> Any:
        raise SystemExit(3)


class ReturnsText(Sinner):
    async def generate(self, request: GenerationRequest, job: Job) -> Any:
        return "a.mp4"


class WritesNothing(Sinner):
    async def generate(self, request: GenerationRequest, job: Job) -> Any:
        return Clip(path=job.clip_path)


class WritesText(Sinner):
    async def generate(self, request: GenerationRequest, job: Job) -> Any:
        job.clip_path.write_text("<html>no video</html>")
        return Clip(path=job.clip_path)


class OddExtras(Sinner):
    async def generate(self, request: GenerationRequest, job: Job) -> Any:
        clip = await super().generate(request, job)
        return clip.model_copy(update={"extras": {"raw": object()}, "video_url": "http://[bad"})


class CannotBeBuilt(Sinner):
    def __init__(self) -> None:
        pass


class FailsToClose(Sinner):
    def close(self) -> None:
        raise RuntimeError("stuck")


class NoPriceKnobs(Options):
    """Options that cannot tell a price."""

    def price(self) -> Any:
        return {}["tier"]


class NoPrice(Sinner):
    spec = ModelSpec(name="no-price", factory="sinners:NoPrice", options="sinners:NoPriceKnobs", kind="api")


class CallsItselfLocal(Ledger):
    spec = ModelSpec(
        name="liar", factory="sinners:CallsItselfLocal", options=Ledger.spec.options, needs=(Need("LEDGER_DIR"),)
    )


class OddResume(Ledger):
    spec = paid("odd-resume", "OddResume")

    async def submit(self, request: GenerationRequest) -> Submission:
        return (await super().submit(request)).model_copy(update={"resume": {"raw": object()}})


class KeyExpires(Ledger):
    """Takes the job and then, asked about it, refuses the key."""

    spec = paid("key-expires", "KeyExpires")

    async def poll(self, submission: Submission) -> Any:
        from vmevalkit_core import MissingCredential

        raise MissingCredential("401: the key has expired")


class NeverAnswers(Ledger):
    """Accepts the request and never says so."""

    spec = paid("never-answers", "NeverAnswers")

    async def submit(self, request: GenerationRequest) -> Submission:
        await super().submit(request)
        await asyncio.sleep(60)
        raise AssertionError("not reached")


class TurnsCancelIntoDoubt(Ledger):
    """Says, as a careful author would, that a request that was cut off may have been billed."""

    spec = paid("careful", "TurnsCancelIntoDoubt")
    find = ApiGenerator.find

    async def submit(self, request: GenerationRequest) -> Submission:
        await super().submit(request)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise UncertainSubmitError("cut off") from None
        raise AssertionError("not reached")


class SubmitsText(BlindLedger):
    spec = paid("submits-text", "SubmitsText")

    async def submit(self, request: GenerationRequest) -> Any:
        return (await super().submit(request)).id


class PaidText(ReturnsText):
    """A paid model that forgets to return a clip."""

    spec = ModelSpec(name="paid-text", factory="sinners:PaidText", options=Ledger.spec.options, kind="api")


class Flaky(Ledger):
    """Cannot be asked the first few times."""

    spec = paid("flaky", "Flaky")
    polls = 0

    async def poll(self, submission: Submission) -> Any:
        self.polls += 1
        if self.polls <= 3:
            raise BadAnswer
        return await super().poll(submission)


class BadAnswer(Exception):
    """An error of the shape that HTTP clients have."""

    response = SimpleNamespace(status_code=502, headers={})


class Gone(Sinner):
    spec = ModelSpec(
        name="old-1", factory="sinners:Gone", state=State(life="gone", since="2026-09-24", successor="new-1")
    )


class Deprecated(Sinner):
    spec = ModelSpec(name="old-2", factory="sinners:Deprecated", state=State(life="deprecated", successor="new-1"))
