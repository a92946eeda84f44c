"""WaveSpeed's API as its documents and its own client describe it, for the simulator."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from wavespeed_fields import complaint, fields_of

from vmevalkit_core.testing import Desk, Dialect, Look, Order, Refusal, Reply, Request, Route, State, Why

USD_PER_SECOND = Decimal("0.06")


class WaveSpeedVendor(Dialect):
    """Predictions, signed uploads, the list of jobs and the balance; an account over its limit waits in line."""

    name = "wavespeed"
    holds = True

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("POST", "/api/v3/predictions", "find"),
            Route("GET", "/api/v3/predictions/{id}/result", "poll"),
            Route("POST", "/api/v3/media/uploads", "upload", _open_upload),
            Route("PUT", "/store/{id}", "upload", _store, keyed=False),
            Route("GET", "/api/v3/balance", "account", _balance),
            Route("POST", "/api/v3/{model...}", "submit"),
            Route("GET", "/cdn/{id}.mp4", "download", signed=True),
        )

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """The model is the path, the body is flat."""
        model, body = request.params["model"], request.fields()
        if fields_of(model) is None:
            return Refusal(why="missing", message=f"model {model} not found")
        wrong = complaint(model, body) or _foreign_picture(body["image"], desk)
        if wrong:
            return Refusal(why="input", message=wrong)
        return Order(price=USD_PER_SECOND * body.get("duration", 5), model=model)

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The job as created."""
        return _enveloped(_job(look, desk) | {"status": "created"})

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The job."""
        outputs = [desk.mint(look)] if look.state == "done" and not look.empty else []
        failure = {"error": look.ending.message or _reason(look)} if look.state == "failed" else {}
        return _enveloped(_job(look, desk) | {"outputs": outputs} | failure)

    def listed(self, looks: Sequence[Look], request: Request, desk: Desk) -> Reply:
        """A page; rows hold neither prompt nor picture."""
        asked = request.fields()
        since, until = _seconds(asked["created_after"]), _seconds(asked["created_before"])
        found = [look for look in looks if look.order.model == asked["model"] and since <= look.created <= until]
        start = (asked["page"] - 1) * asked["page_size"]
        rows = [_job(look, desk) for look in found[start : start + asked["page_size"]]]
        return _enveloped({"page": asked["page"], "items": rows})

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """`{"code": 400, "message": "..."}`."""
        if refusal.why == "expired":
            return Reply(status=403, type="application/xml", body=b"<Error><Code>AccessDenied</Code></Error>")
        status, words = REFUSALS[refusal.why]
        return Reply.of({"code": status, "message": refusal.message or words}, status=status)

    def refund(self, look: Look) -> Decimal:
        """All of it, but for content that was refused."""
        return look.order.price if look.state == "failed" and not look.moderated else Decimal(0)

    def result_path(self, look: Look) -> str:
        """On a CDN in truth; here on the same origin."""
        return f"/cdn/{look.id}.mp4"


class EnvelopedVendor(WaveSpeedVendor):
    """The same, with a status of 200 for every refusal: only the envelope tells."""

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """The code is in the body."""
        found = super().refusal(refusal, desk)
        return found if refusal.why == "expired" else replace(found, status=200)


def _enveloped(data: dict[str, Any]) -> Reply:
    return Reply.of({"code": 200, "message": "success", "data": data})


def _job(look: Look, desk: Desk) -> dict[str, Any]:
    return {
        "id": look.id,
        "model": look.order.model,
        "status": WORDS[look.state],
        "outputs": [],
        "urls": {"get": f"{desk.origin}/api/v3/predictions/{look.id}/result"},
        "has_nsfw_contents": [],
        "error": "",
        "created_at": datetime.fromtimestamp(look.created, UTC).isoformat().replace("+00:00", "Z"),
        "executionTime": 0,
    }


def _reason(look: Look) -> str:
    return "Content flagged as potentially sensitive." if look.moderated else "Something went wrong."


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _foreign_picture(link: str, desk: Desk) -> str:
    """WaveSpeed fetches any public link; a test's picture has to be one of its uploads."""
    ready = {upload["address"] for upload in desk.uploads.values() if upload["stored"]}
    return "" if link in ready else f"image {link} cannot be fetched"


def _open_upload(request: Request, desk: Desk) -> Reply:
    body = request.fields()
    if set(body) != {"filename", "size", "content_type"} or not isinstance(body["size"], int):
        return Reply.of({"code": 400, "message": "invalid upload request"}, status=400)
    name = uuid.uuid4().hex
    headers = {"Content-Type": body["content_type"], "x-amz-meta-owner": name}
    address = f"{desk.origin}/uploaded/{name}"
    desk.uploads[name] = {"address": address, "headers": headers, "size": body["size"], "stored": False}
    ticket = {"method": "PUT", "url": f"{desk.origin}/store/{name}?signature=abc", "headers": headers}
    return _enveloped({"download_url": address, "upload": ticket})


def _store(request: Request, desk: Desk) -> Reply:
    """The store is another company's: it knows no key of WaveSpeed's, and wants exactly what was signed."""
    upload = desk.uploads.get(request.params["id"])
    if upload is None or "authorization" in request.headers:
        return Reply(status=403, type="application/xml", body=b"<Error><Code>AccessDenied</Code></Error>")
    sent = {name: request.headers.get(name.lower()) for name in upload["headers"]}
    if sent != upload["headers"] or len(request.body) != upload["size"]:
        return Reply(status=403, type="application/xml", body=b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
    upload["stored"] = True
    return Reply(status=200, type="")


def _balance(request: Request, desk: Desk) -> Reply:
    return _enveloped({"balance": float(Decimal(desk.settings.balance or "1000") - desk.billed)})


WORDS: Mapping[State, str] = {
    "held": "created",
    "queued": "created",
    "running": "processing",
    "done": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "odd": "contemplating",
}
# Only the shape of these is documented; the sentence of an empty account is a guess.
REFUSALS: Mapping[Why, tuple[int, str]] = {
    "key": (401, "invalid api key"),
    "input": (400, "invalid input"),
    "money": (403, "Insufficient balance, please top up"),
    "moderated": (400, "the prompt was flagged as prohibited content"),
    "rate": (429, "too many requests"),
    "quota": (429, "too many requests"),
    "crowded": (429, "too many tasks"),
    "missing": (404, "not found"),
    "method": (405, "method not allowed"),
    "ended": (409, "the task has ended"),
    "expired": (403, ""),
    "unavailable": (503, "service unavailable"),
    "broken": (500, "internal error"),
}
