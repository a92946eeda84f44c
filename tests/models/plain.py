"""A client of the simulated vendor without quirks, as a plugin would write it.

Run it as `vmeval run -m tests/models/plain.py:Plain` with PLAIN_KEY and PLAIN_BASE_URL set.
"""

from __future__ import annotations

import base64
from datetime import datetime
from decimal import Decimal

from pydantic import Field

from vmevalkit_core import (
    Account,
    Answer,
    ApiGenerator,
    Candidate,
    Done,
    Failed,
    GenerationError,
    GenerationRequest,
    ImageRef,
    ModelSpec,
    ModeratedError,
    Need,
    Options,
    Pending,
    QuotaExhausted,
    Submission,
)

NEEDS = (Need("PLAIN_KEY", hint="any text will do"),)


class PlainOptions(Options):
    """What the vendor can be asked for."""

    # Told outright: where a test imports this file by its name as well, pydantic finds no docstring.
    seconds: int = Field(5, description="Seconds of video.")
    """Seconds of video."""

    def price(self) -> Decimal | None:
        """Ten cents a second."""
        return Decimal("0.10") * self.seconds


class Plain(ApiGenerator):
    """Submits with our token, which the vendor keeps and lists."""

    spec = ModelSpec(
        name="plain",
        factory=f"{__file__}:Plain",
        options=f"{__file__}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    base_url = "https://plain.example"
    base_url_env = "PLAIN_BASE_URL"
    requests_per_second = 1000.0
    poll_least = poll_most = 0.1
    patience = 600.0
    submit_timeout = 0.5
    poll_timeout = 0.5
    fetch_timeout = 1.0
    settle = 0.2
    look_again = 0.1
    lists_every_job = True

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.context.env['PLAIN_KEY']}"}

    async def submit(self, request: GenerationRequest) -> Submission:
        assert request.first_frame
        image = request.first_frame.link or base64.b64encode(request.first_frame.path.read_bytes()).decode()
        body = {"prompt": request.prompt, "image": image, "token": request.token, **request.options}
        return Submission(id=(await self.call("POST", "/v1/jobs", json=body)).json()["id"])

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        job = (await self.call("GET", f"/v1/jobs/{submission.id}")).json()
        if job["status"] == "succeeded":
            if not job["video_url"]:
                return Failed(reason="the job ended without a video", moderated=True, cost=Decimal(job["charged"]))
            return Done(video_url=job["video_url"], cost=Decimal(job["charged"]))
        if job["status"] == "failed":
            error = job["error"]
            return Failed(
                reason=f"{error['code']}: {error['message']}",
                moderated=error["code"] == "moderated",
                cost=Decimal(job["charged"]),
            )
        if job["status"] == "cancelled":
            return Failed(reason="the job was cancelled at the vendor")
        return Pending(progress=job["progress"], stage=job["status"])

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        jobs = (await self.call("GET", "/v1/jobs")).json()["jobs"]
        return [Candidate(id=one["id"], exact=True) for one in jobs if one["token"] == request.token]

    async def cancel(self, submission: Submission) -> None:
        await self.call("DELETE", f"/v1/jobs/{submission.id}")

    async def check_account(self) -> Account:
        left = (await self.call("GET", "/v1/account")).json()["balance"]
        return Account() if left is None else Account.holding(left)

    def explain(self, answer: Answer) -> GenerationError | None:
        code = answer.json().get("error", {}).get("code") if answer.body.startswith(b"{") else None
        if code == "moderated":
            return ModeratedError("the vendor's moderation refused it")
        if code == "quota":
            return QuotaExhausted("the quota of the day is used up", hint="run the same command again tomorrow")
        return None


class BlindPlain(Plain):
    """The same vendor without its list of jobs."""

    spec = ModelSpec(
        name="blind-plain",
        factory=f"{__file__}:BlindPlain",
        options=f"{__file__}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    find = ApiGenerator.find


class UploadingPlain(Plain):
    """The same vendor, which is sent pictures before requests."""

    spec = ModelSpec(
        name="uploading-plain",
        factory=f"{__file__}:UploadingPlain",
        options=f"{__file__}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    hosted_for = 3600.0

    async def host(self, image: ImageRef) -> str | None:
        answer = await self.call("POST", "/v1/files", content=image.path.read_bytes())
        return str(answer.json()["file"])


class Hasty(Plain):
    """The same vendor, whose jobs are given up after thirty seconds."""

    spec = ModelSpec(
        name="hasty-plain",
        factory=f"{__file__}:Hasty",
        options=f"{__file__}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    deadline = 30.0


class UnpricedOptions(PlainOptions):
    """Nobody knows what it costs."""

    def price(self) -> Decimal | None:
        """Unknown."""
        return None


class Unpriced(Plain):
    """The same vendor, who keeps his prices to himself."""

    spec = ModelSpec(
        name="unpriced-plain",
        factory=f"{__file__}:Unpriced",
        options=f"{__file__}:UnpricedOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )


class Steady(Plain):
    """The same vendor, asked once a second about each job, with the patience of a real client."""

    spec = ModelSpec(
        name="steady-plain",
        factory=f"{__file__}:Steady",
        options=f"{__file__}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    poll_least = poll_most = 1.0
    submit_timeout = poll_timeout = fetch_timeout = 60.0


class Late(Plain):
    """The same vendor, in whose list a job may appear half a minute after its request."""

    spec = ModelSpec(
        name="late-plain",
        factory=f"{__file__}:Late",
        options=f"{__file__}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    settle = 30.0
