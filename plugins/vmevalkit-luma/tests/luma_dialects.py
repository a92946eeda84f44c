"""Luma's two APIs as their documents and their own clients describe them, for the simulator."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote
from urllib.request import urlopen

from vmevalkit_core.testing import Desk, Dialect, Ending, Look, Order, Refusal, Reply, Request, Route, State, Why

NO_CODE = "absent"
"""As the `code` of a failure: the job shows no failure_code at all."""


class AgentsVendor(Dialect):
    """Generations of the Agents API; nothing lists, cancels or deletes them."""

    name = "luma-agents"

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("POST", "/v1/generations", "submit"),
            Route("GET", "/v1/generations/{id}", "poll"),
            Route("GET", "/cdn/{id}.mp4", "download", signed=True),
        )

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """Snake case, and only what the documents name."""
        body = request.fields()
        wrong = agents_problem(body)
        if wrong:
            return Refusal(why="input", message=wrong)
        return Order(price=agents_price(body["video"]), model=body["model"])

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The whole generation."""
        return Reply.of(_agents_job(look), status=201)

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The whole generation, with a new link where it is done."""
        job = _agents_job(look)
        if look.state == "done":
            job["output"] = [] if look.empty else [{"type": "video", "url": desk.mint(look)}]
        if look.state == "failed":
            job["failure_reason"] = look.ending.message or "The generation failed."
            code = look.ending.code or ("content_moderated" if look.moderated else "generation_failed")
            job["failure_code"] = None if code == NO_CODE else code
        return Reply.of(job)

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """`{"detail": text}`; the two kinds of 429 differ in their headers."""
        status, words = AGENTS_REFUSALS[refusal.why]
        headers = {"X-Request-Id": "req-1"}
        if refusal.why == "rate":
            headers |= {"X-RateLimit-Limit": "6000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
        if refusal.why == "crowded":
            headers |= {"Retry-After": "60"}
        return replace(Reply.of({"detail": refusal.message or words}, status=status), headers=headers)

    def result_path(self, look: Look) -> str:
        """In a store of its own in truth; here on the same origin."""
        return f"/cdn/{look.id}.mp4"


class DreamVendor(Dialect):
    """Generations of Dream Machine, which fetches the picture by its link and lists what it was asked."""

    name = "luma-dream"

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("POST", "/generations/video", "submit"),
            Route("GET", "/generations", "find"),
            Route("GET", "/generations/{id}", "poll"),
            Route("GET", "/credits", "account", _credits),
            Route("GET", "/cdn/{id}.mp4", "download", signed=True),
        )

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """Checked; then the picture is fetched, and a job that cannot have it fails later."""
        body = request.fields()
        issues = dream_issues(body)
        if issues:
            return Refusal(why="input", facts={"issues": issues})
        link = body["keyframes"]["frame0"]["url"]
        facts = {"request": body, "fetched": _fetch(link)}
        return Order(price=Decimal("0.71"), token=_token_in(link), model=body["model"], facts=facts)

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The whole generation."""
        return Reply.of(_dream_job(look), status=201)

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The whole generation; `assets` is null until it is done."""
        if look.state == "done" and look.order.facts["fetched"] != 200:
            look = replace(look, state="failed", ending=Ending(message="failed to read user input frames"))
        job = _dream_job(look)
        if look.state == "done":
            job["assets"] = {"image": None} if look.empty else {"video": desk.mint(look), "image": None}
        if look.state == "failed":
            usual = "frame moderation failed" if look.moderated else "job failed"
            job["failure_reason"] = look.ending.message or usual
        return Reply.of(job)

    def listed(self, looks: Sequence[Look], request: Request, desk: Desk) -> Reply:
        """A page of the jobs, the newest first."""
        limit, offset = (int(request.query.get(name, least)) for name, least in (("limit", 10), ("offset", 0)))
        rows = [_dream_job(look) for look in reversed(looks)]
        page = rows[offset : offset + limit]
        facts = {"count": len(page), "has_more": offset + limit < len(rows), "limit": limit, "offset": offset}
        return Reply.of({"generations": page, **facts})

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """`{"detail": text}`, and a list of issues where a field is wrong."""
        status, words = DREAM_REFUSALS[refusal.why]
        issues = refusal.facts.get("issues")
        return Reply.of({"detail": issues or refusal.message or words}, status=422 if issues else status)

    def refund(self, look: Look) -> Decimal:
        """All, for every job that fails."""
        return look.order.price if look.state == "failed" else Decimal(0)

    def result_path(self, look: Look) -> str:
        """On a CDN in truth; here on the same origin."""
        return f"/cdn/{look.id}.mp4"


def agents_problem(body: Mapping[str, Any]) -> str:
    """What is wrong with a create request of the Agents API."""
    video = body.get("video")
    if set(body) != {"prompt", "aspect_ratio", "model", "type", "video"} or not isinstance(video, Mapping):
        return f"unexpected or missing fields among {sorted(body)}"
    if body["model"] != "ray-3.2":
        return f"Unknown model: {body['model']}"
    if not isinstance(body["prompt"], str) or not 1 <= len(body["prompt"]) <= 6000:
        return "prompt must have 1 to 6000 characters"
    if body["aspect_ratio"] not in ("9:16", "3:4", "1:1", "4:3", "16:9", "21:9") or body["type"] != "video":
        return "aspect_ratio or type is invalid"
    return _video_problem(video)


def _video_problem(video: Mapping[str, Any]) -> str:
    allowed = {"duration", "resolution", "start_frame", "keyframes", "keyframe_indexes", "loop", "hdr"}
    if set(video) - allowed:
        return f"unknown video field {sorted(set(video) - allowed)[0]}"
    if video.get("duration") not in ("5s", "10s") or video.get("resolution") not in ("360p", "540p", "720p", "1080p"):
        return "video.duration or video.resolution is invalid"
    if video["duration"] == "10s" and ({"start_frame", "loop", "hdr"} & set(video)):
        return "start_frame, loop and hdr need a duration of 5s"
    if video.get("hdr") and video["resolution"] not in ("720p", "1080p"):
        return "hdr needs 720p or 1080p"
    if video.get("hdr") and video.get("loop"):
        return "hdr cannot be used with loop"
    frames = video.get("keyframes", [video["start_frame"]] if "start_frame" in video else [])
    if "keyframes" in video and video.get("keyframe_indexes") != [0]:
        return "keyframe_indexes do not fit keyframes"
    return "" if len(frames) == 1 and _is_picture(frames[0]) else "a frame could not be read"


def _is_picture(frame: Any) -> bool:
    if not isinstance(frame, Mapping) or set(frame) != {"data", "media_type"}:
        return False
    try:
        data = base64.b64decode(frame["data"], validate=True)
    except (binascii.Error, ValueError, TypeError):
        return False
    heads = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff"}
    return data.startswith(heads.get(frame["media_type"], b"never"))


def agents_price(video: Mapping[str, Any]) -> Decimal:
    """By Luma's page; a draft is taken to cost what 540p does."""
    table = {"720p": "0.60", "1080p": "2.40"} if video.get("hdr") else {"720p": "0.30", "1080p": "1.20"}
    return Decimal(table.get(video["resolution"], "0.15")) * (3 if video["duration"] == "10s" else 1)


def dream_issues(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with a create request of Dream Machine, as its schema says it."""
    allowed: dict[str, tuple[Any, ...]] = {
        "model": ("ray-2", "ray-flash-2"),
        "aspect_ratio": ("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"),
        "duration": ("5s", "9s"),
        "resolution": ("540p", "720p", "1080p", "4k"),
        "loop": (True, False),
    }
    found = [_issue(name, "Input is invalid") for name, values in allowed.items() if body.get(name) not in values]
    found += [_issue(name, "Extra inputs are not permitted") for name in set(body) - {*allowed, "keyframes", "prompt"}]
    if "prompt" in body and not 3 <= len(body["prompt"]) <= 5000:
        found.append(_issue("prompt", "prompt is too short or too long"))
    match body.get("keyframes"):
        case {"frame0": {"type": "image", "url": str(url)}} if url.startswith("http"):
            return found
    return [*found, _issue("keyframes", "no keyframes provided")]


def _issue(name: str, words: str) -> dict[str, Any]:
    return {"loc": ["body", name], "msg": words, "type": "value_error"}


def _token_in(url: str) -> str | None:
    """The client's own mark in the link, which the list repeats with it."""
    found = re.search(r"filename=vmeval-([^.]+)\.", unquote(url))
    return found[1] if found else None


def _fetch(url: str) -> int:
    """The status under which the picture is had; 0 where it is not to be had at all."""
    try:
        with urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except (URLError, OSError):
        return 0


def _agents_job(look: Look) -> dict[str, Any]:
    job = {"id": look.id, "type": "video", "state": AGENTS_WORDS[look.state], "model": look.order.model}
    return job | {"created_at": _iso(look), "output": [], "failure_code": None, "failure_reason": None}


def _dream_job(look: Look) -> dict[str, Any]:
    facts = look.order.facts
    job = {"id": look.id, "generation_type": "video", "state": DREAM_WORDS[look.state], "model": look.order.model}
    return job | {"created_at": _iso(look), "assets": None, "failure_reason": None, "request": facts["request"]}


def _credits(request: Request, desk: Desk) -> Reply:
    return Reply.of({"credit_balance": 1000.0})


def _iso(look: Look) -> str:
    return datetime.fromtimestamp(look.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_ENDS: Mapping[State, str] = {"done": "completed", "failed": "failed", "cancelled": "failed", "odd": "contemplating"}
AGENTS_WORDS: Mapping[State, str] = {"held": "queued", "queued": "queued", "running": "processing", **_ENDS}
DREAM_WORDS: Mapping[State, str] = {"held": "queued", "queued": "queued", "running": "dreaming", **_ENDS}
# The exact words of most are not known; clients must not read them.
AGENTS_REFUSALS: dict[Why, tuple[int, str]] = {
    "key": (401, "Invalid API key"),
    "input": (400, "The request is invalid."),
    "money": (402, "Insufficient credits. Please add credits to continue."),
    "moderated": (400, "The prompt was refused by moderation."),
    "rate": (429, "Rate limit exceeded"),
    "quota": (429, "Rate limit exceeded"),
    "crowded": (429, "Too many concurrent jobs"),
    "missing": (404, "Not found"),
    "method": (405, "Method not allowed"),
    "ended": (409, "The job has ended"),
    "expired": (403, "Request has expired"),
    "unavailable": (503, "Service unavailable"),
    "broken": (500, "Internal server error"),
}
DREAM_REFUSALS: dict[Why, tuple[int, str]] = AGENTS_REFUSALS | {
    "money": (400, "Insufficient credits"),
    "moderated": (400, "prompt not allowed because advanced moderation failed"),
}
