"""Runway's developer API as its documents and its own client describe it, for the simulator."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from runway_models import MODELS, issues

from vmevalkit_core.testing import Desk, Dialect, Look, Order, Part, Refusal, Reply, Request, Route, State, Why

VERSION = "2024-11-06"
CREDIT = Decimal("0.01")
"""USD."""
DOCS = "https://docs.dev.runwayml.com/errors"
LEAST_UPLOAD, MOST_UPLOAD = 512, 200_000_000
NO_CODE = "absent"
"""As the `code` of a failure: the task shows no failureCode at all."""
AUTH = ("authorization", "x-runway-version")


class RunwayVendor(Dialect):
    """Tasks, uploads and the organization; there is no list of tasks."""

    name = "runway"
    holds = True
    deletes = True

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("POST", "/v1/image_to_video", "submit"),
            Route("GET", "/v1/tasks/{id}", "poll"),
            Route("DELETE", "/v1/tasks/{id}", "cancel"),
            Route("POST", "/v1/uploads", "upload", _open_upload),
            Route("POST", "/storage/{id}", "upload", _store, keyed=False),
            Route("GET", "/v1/organization", "account", _organization),
            Route("GET", "/cdn/{id}.mp4", "download", signed=True),
        )

    def check(self, request: Request, desk: Desk) -> Refusal | None:
        """A known key, and the version of the API, on every call."""
        if refusal := super().check(request, desk):
            return refusal
        if request.headers.get("x-runway-version") != VERSION:
            return Refusal(why="input", message="X-Runway-Version is missing or not known")
        return None

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """Camel case, and only what the model has."""
        body = request.fields()
        found = issues(body) or _upload_issues(body, desk)
        if found:
            return Refusal(why="input", facts={"issues": found})
        charge = MODELS[body["model"]].charge(body)
        return Order(price=charge * CREDIT, model=body["model"], facts={"credits": charge})

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The id and the estimate."""
        return Reply.of({"id": look.id, "estimatedCost": {"credits": look.order.facts["credits"]}})

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The task."""
        task: dict[str, Any] = {"id": look.id, "status": WORDS[look.state], "createdAt": _iso(look.created)}
        if look.state in ("queued", "running", "odd"):
            task["estimatedCost"] = {"credits": look.order.facts["credits"]}
        if look.state == "running":
            task["progress"] = look.progress
        if look.state in ("done", "failed", "cancelled"):
            task["cost"] = {"credits": int((look.order.price - self.refund(look)) / CREDIT)}
        if look.state == "done":
            task["output"] = [] if look.empty else [desk.mint(look)]
        return Reply.of(task | _failure(look))

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """`{"error": ...}`; bad input and no money are both 400, and only bad input lists issues."""
        if refusal.why == "expired":
            return Reply(status=403, type="application/xml", body=ACCESS_DENIED)
        status, words = REFUSALS[refusal.why]
        body: dict[str, Any] = {"error": refusal.message or words}
        if status == 400:
            body["docUrl"] = DOCS
        if refusal.why == "input" and not refusal.message:
            body["issues"] = refusal.facts.get("issues", [{"code": "custom", "path": [], "message": "Invalid input"}])
        return Reply.of(body, status=status)

    def lane_of(self, order: Order) -> str:
        """The caps are each model's own."""
        return order.model

    def refund(self, look: Look) -> Decimal:
        """Nothing for a picture or prompt that is not allowed; nothing for a cancel once it ran."""
        if look.state == "failed":
            return Decimal(0) if _code(look).startswith("SAFETY.INPUT") else look.order.price
        return look.order.price if look.state == "cancelled" and look.before != "running" else Decimal(0)

    def result_path(self, look: Look) -> str:
        """On a CDN in truth; here on the same origin."""
        return f"/cdn/{look.id}.mp4"


def _code(look: Look) -> str:
    return look.ending.code or ("SAFETY.OUTPUT.VIDEO" if look.moderated else "INTERNAL.BAD_OUTPUT.CODE01")


def _failure(look: Look) -> dict[str, Any]:
    if look.state != "failed":
        return {}
    words = {"failure": look.ending.message or "An unexpected error occurred."}
    return words if _code(look) == NO_CODE else words | {"failureCode": _code(look)}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _upload_issues(body: Mapping[str, Any], desk: Desk) -> list[dict[str, Any]]:
    given = body["promptImage"]
    uris = [given] if isinstance(given, str) else [entry["uri"] for entry in given]
    ready = {upload["uri"] for upload in desk.uploads.values() if upload["stored"]}
    lost = [uri for uri in uris if uri.startswith("runway://") and uri not in ready]
    return [{"code": "custom", "path": ["promptImage"], "message": f"there is no {uri}"} for uri in lost]


def _open_upload(request: Request, desk: Desk) -> Reply:
    body = request.fields()
    if set(body) != {"filename", "type"} or body["type"] != "ephemeral" or not isinstance(body["filename"], str):
        return Reply.of({"error": "Validation of body failed", "issues": [], "docUrl": DOCS}, status=400)
    name = str(uuid.uuid4())
    fields = {"key": f"uploads/{name}/{body['filename']}", "policy": "eyJ9", "x-amz-signature": uuid.uuid4().hex}
    desk.uploads[name] = {"uri": f"runway://{name}", "fields": fields, "stored": False, "burnt": False}
    return Reply.of({"uploadUrl": f"{desk.origin}/storage/{name}", "fields": fields, "runwayUri": f"runway://{name}"})


def _store(request: Request, desk: Desk) -> Reply:
    """The storage is another company's: it knows no key of Runway's, and takes one try for each session."""
    upload = desk.uploads.get(request.params["id"])
    if upload is None or upload["burnt"]:
        return Reply(status=403, type="application/xml", body=ACCESS_DENIED)
    upload["burnt"] = True
    wrong = _store_problem(request, upload["fields"])
    if wrong:
        return Reply(status=400, type="application/xml", body=f"<Error><Message>{wrong}</Message></Error>".encode())
    upload["stored"] = True
    return Reply(status=204, type="")


def _store_problem(request: Request, fields: Mapping[str, str]) -> str:
    parts: list[Part] = request.parts()
    if any(name in request.headers for name in AUTH):
        return "Only one auth mechanism allowed"
    if not parts or parts[-1].name != "file":
        return "the file has to be the last part"
    sent = {part.name: part.content.decode(errors="replace") for part in parts[:-1]}
    if sent != fields:
        return "the fields of the session are not all there"
    size = len(parts[-1].content)
    return "" if LEAST_UPLOAD <= size <= MOST_UPLOAD else f"a file of {size} bytes"


def _organization(request: Request, desk: Desk) -> Reply:
    settings = desk.settings
    left = None if settings.balance is None else int((Decimal(settings.balance) - desk.billed) / CREDIT)
    caps = {
        "maxConcurrentGenerations": settings.jobs_at_once or 20,
        "maxDailyGenerations": settings.jobs_per_day or 25_000,
    }
    used = {name: {"dailyGenerations": desk.jobs_today(name)} for name in MODELS if desk.jobs_today(name)}
    tier = {"maxMonthlyCreditSpend": 10_000_000, "models": dict.fromkeys(MODELS, caps)}
    balance = 1_000_000 if left is None else left
    return Reply.of({"creditBalance": balance, "tier": tier, "usage": {"models": used}})


WORDS: Mapping[State, str] = {
    "held": "THROTTLED",
    "queued": "PENDING",
    "running": "RUNNING",
    "done": "SUCCEEDED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
    "odd": "CONTEMPLATING",
}
# The exact words of 401, 404, 405, 429 and 503 are not known; clients must not read them.
REFUSALS: Mapping[Why, tuple[int, str]] = {
    "key": (401, "The API key is not valid."),
    "input": (400, "Validation of body failed"),
    "money": (400, "You do not have enough credits to run this task."),
    "moderated": (400, "The input was rejected by content moderation."),
    "rate": (429, "Too many requests."),
    "quota": (429, "You have reached the daily generation limit of your tier."),
    "crowded": (429, "Too many requests."),
    "missing": (404, "Not found."),
    "method": (405, "Method not allowed."),
    "ended": (409, "The task has ended."),
    "expired": (403, ""),
    "unavailable": (503, "Service unavailable."),
    "broken": (500, "Internal server error."),
}
ACCESS_DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)
