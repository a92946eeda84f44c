"""A vendor without quirks: the smallest dialect that has everything, and an example for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from vmevalkit_core.testing.simulator.dialect import Desk, Dialect, Refusal, Route, Why
from vmevalkit_core.testing.simulator.life import Look, Order, State
from vmevalkit_core.testing.simulator.messages import Reply, Request

PRICE = Decimal("0.10")
"""USD for a second of video."""


class PlainVendor(Dialect):
    """Jobs as JSON, a token that is kept and listed, signed links, an orderly word for everything.

    `POST /v1/jobs {"prompt", "image", "seconds", "token"}` answers 201 `{"id", "status"}`; `GET /v1/jobs/{id}` says
    `status` (waiting, queued, running, succeeded, failed, cancelled), `progress`, `video_url`, `error {code, message}`
    and `charged`; `GET /v1/jobs?created_after=` lists; `DELETE /v1/jobs/{id}` cancels; `POST /v1/files` takes the
    bytes of a picture and answers `{"file"}`, which may stand for `image`; `GET /v1/account` says `balance`.
    A second of video costs 0.10 USD, 5 seconds are the default and 10 the most.
    """

    name = "plain"

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("POST", "/v1/jobs", "submit"),
            Route("GET", "/v1/jobs", "find"),
            Route("GET", "/v1/jobs/{id}", "poll"),
            Route("DELETE", "/v1/jobs/{id}", "cancel"),
            Route("POST", "/v1/files", "upload", _upload),
            Route("GET", "/v1/account", "account", _account),
            Route("GET", "/files/{id}.mp4", "download", signed=True),
        )

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """A prompt, an image, 1 to 10 seconds."""
        body = request.fields()
        for name in ("prompt", "image"):
            if not isinstance(body.get(name), str) or not body[name]:
                return Refusal(why="input", message=f"{name} is required", facts={"field": name})
        seconds = body.get("seconds", 5)
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= 10:
            return Refusal(why="input", message="seconds has to be from 1 to 10", facts={"field": "seconds"})
        if body["image"].startswith("file-") and body["image"] not in desk.uploads:
            return Refusal(why="input", message=f"there is no {body['image']}", facts={"field": "image"})
        token = body.get("token")
        facts = {"prompt": body["prompt"], "seconds": seconds}
        return Order(price=PRICE * seconds, token=token if isinstance(token, str) else None, facts=facts)

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The id."""
        return Reply.of({"id": look.id, "status": WORDS[look.state]}, status=201)

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The whole job."""
        return Reply.of(_job(look) | self._result(look, desk))

    def listed(self, looks: Sequence[Look], request: Request, desk: Desk) -> Reply:
        """The jobs after `created_after`, in seconds since 1970."""
        try:
            after = float(request.query.get("created_after", 0))
        except ValueError:
            return self.refusal(Refusal(why="input", message="created_after is a number"), desk)
        jobs = [_job(look) | {"token": look.order.token} for look in looks if look.created >= after]
        return Reply.of({"jobs": jobs})

    def cancelled(self, look: Look, desk: Desk) -> Reply:
        """The job as it is then."""
        return Reply.of(_job(look) | {"charged": str(look.order.price - self.refund(look))})

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """`{"error": {"code", "message"}}`."""
        status, message = REFUSALS[refusal.why]
        error = {"code": refusal.why, "message": refusal.message or message} | dict(refusal.facts)
        return Reply.of({"error": error}, status=status)

    def _result(self, look: Look, desk: Desk) -> dict[str, Any]:
        if look.state == "done":
            return {"video_url": None if look.empty else desk.mint(look), "charged": str(look.order.price)}
        if look.state != "failed":
            return {}
        code, message = ("moderated", "the content is not allowed") if look.moderated else ("internal", "it broke")
        error = {"code": look.ending.code or code, "message": look.ending.message or message}
        return {"error": error, "charged": str(look.order.price - self.refund(look))}


def _job(look: Look) -> dict[str, Any]:
    return {
        "id": look.id,
        "status": WORDS[look.state],
        "progress": look.progress,
        "created_at": look.created,
        "prompt": look.order.facts["prompt"],
    }


def _upload(request: Request, desk: Desk) -> Reply:
    if not request.body:
        return Reply.of({"error": {"code": "input", "message": "the file is empty"}}, status=400)
    name = f"file-{len(desk.uploads) + 1}"
    desk.uploads[name] = {"type": request.type, "size": len(request.body)}
    return Reply.of({"file": name}, status=201)


def _account(request: Request, desk: Desk) -> Reply:
    balance = desk.settings.balance
    return Reply.of({"balance": None if balance is None else str(Decimal(balance) - desk.billed)})


WORDS: Mapping[State, str] = {
    "held": "waiting",
    "queued": "queued",
    "running": "running",
    "done": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "odd": "contemplating",
}
REFUSALS: Mapping[Why, tuple[int, str]] = {
    "key": (401, "the key is missing or unknown"),
    "input": (400, "the request is not valid"),
    "money": (402, "there is not enough money in the account"),
    "moderated": (422, "the content is not allowed"),
    "rate": (429, "too many requests"),
    "quota": (429, "the quota of the day is used up"),
    "crowded": (429, "too many jobs at once"),
    "missing": (404, "there is no such thing"),
    "method": (405, "the method is not allowed here"),
    "ended": (409, "the job has ended"),
    "expired": (403, "the link has expired"),
    "unavailable": (503, "out of service"),
    "broken": (500, "something broke"),
}
