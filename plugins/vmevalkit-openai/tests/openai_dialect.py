"""The /v1/videos API as OpenAI's documents and client describe it, and as other servers speak it, for the simulator."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from PIL import Image

from vmevalkit_core.testing import Desk, Dialect, Look, Order, Refusal, Reply, Request, Route, State, Why

USD_PER_SECOND = Decimal("0.10")
PLAIN = {"prompt", "model", "seconds", "size", "input_reference"}
EXTRAS = {
    "seed": int,
    "num_inference_steps": int,
    "num_frames": int,
    "fps": int,
    "guidance_scale": float,
    "flow_shift": float,
    "negative_prompt": str,
}


class VideosServer(Dialect):
    """OpenAI's own: no fields of its own, prompts in the list, a video that only the key gets."""

    name = "openai"
    extras: Mapping[str, type] = {}
    """Fields that it knows beyond OpenAI's."""
    deletes = True

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("POST", "/v1/videos", "submit"),
            Route("GET", "/v1/videos", "find"),
            Route("GET", "/v1/videos/{id}", "poll"),
            Route("DELETE", "/v1/videos/{id}", "cancel"),
            Route("GET", "/v1/videos/{id}/content", "download", keyed=True),
            Route("GET", "/files/{id}.mp4", "download", signed=True),
        )

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """Every field is known and of its type, and the picture has exactly the pixels of `size`."""
        fields = given(request)
        if isinstance(fields, str):
            return Refusal(why="input", message=fields)
        wrong = self.wrong(fields)
        if wrong:
            return Refusal(why="input", message=wrong)
        facts = {name: value for name, value in fields.items() if name != "input_reference"}
        price = USD_PER_SECOND * Decimal(fields.get("seconds", "4"))
        return Order(price=price, token=token_of(fields), model=fields.get("model", ""), facts=facts)

    def wrong(self, fields: Mapping[str, Any]) -> str:
        """What is wrong with the fields."""
        for name in ("prompt", "input_reference"):
            if not fields.get(name):
                return f"Missing required parameter: '{name}'."
        for name, value in fields.items():
            if name in PLAIN | {"metadata", "user"} and name not in self.extras:
                good = name in PLAIN and isinstance(value, bytes if name == "input_reference" else str)
            else:
                good = name in self.extras and fits(value, self.extras[name])
            if not good:
                return f"Unknown parameter, or wrong type: '{name}'."
        size = "{}x{}".format(*Image.open(io.BytesIO(fields["input_reference"])).size)
        return "" if size == fields["size"] else "Inpaint image must match the requested width and height"

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The video object."""
        return Reply.of(self.video(look, desk))

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The same, later."""
        reply = Reply.of(self.video(look, desk))
        return replace(reply, headers={"openai-poll-after-ms": "20"})

    def listed(self, looks: Sequence[Look], request: Request, desk: Desk) -> Reply:
        """Newest first, in pages."""
        found = [self.video(look, desk) for look in reversed(looks)]
        after = request.query.get("after")
        start = next((at + 1 for at, one in enumerate(found) if one["id"] == after), 0) if after else 0
        page = found[start : start + int(request.query.get("limit", 20))]
        return Reply.of({"object": "list", "data": page, "has_more": start + len(page) < len(found)})

    def cancelled(self, look: Look, desk: Desk) -> Reply:
        """What was deleted."""
        return Reply.of({"id": look.id, "object": "video.deleted", "deleted": True})

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """`{"error": {"message", "type", "param", "code"}}`."""
        if refusal.why == "expired":
            return Reply(status=403, type="application/xml", body=b"<Error/>")
        status, code, words = REFUSALS[refusal.why]
        error = {"message": refusal.message or words, "type": "error", "param": None, "code": code}
        return Reply.of({"error": error}, status=status)

    def check(self, request: Request, desk: Desk) -> Refusal | None:
        """The key; none is wanted where the settings know none."""
        return None if desk.settings.keys is None else super().check(request, desk)

    def new_id(self, number: int) -> str:
        """As OpenAI's."""
        return f"video_{number:06d}"

    def video(self, look: Look, desk: Desk) -> dict[str, Any]:
        """The video object."""
        facts = look.order.facts
        shown: dict[str, Any] = {
            "id": look.id,
            "object": "video",
            "model": look.order.model,
            "status": WORDS[look.state],
            "progress": int(look.progress * 100),
            "created_at": int(look.created),
            "prompt": facts["prompt"],
            "size": facts["size"],
            "seconds": facts.get("seconds", "4"),
            "error": None,
        }
        if look.state == "failed":
            code = "moderation_blocked" if look.moderated else "video_generation_failed"
            shown["error"] = {"code": look.ending.code or code, "message": look.ending.message or "It broke."}
        return shown


class OpenServer(VideosServer):
    """A self-hosted engine: it knows the fields of open models, and answers in FastAPI's words."""

    name = "open"
    extras = EXTRAS

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """`{"detail": ...}`."""
        found = super().refusal(refusal, desk)
        if refusal.why == "input":
            detail = [{"loc": ["body", "size"], "msg": refusal.message or "Input should be valid", "type": "x"}]
            return Reply.of({"detail": detail}, status=422)
        return found if refusal.why == "expired" else Reply.of({"detail": refusal.message or "no"}, found.status)


class TokenServer(OpenServer):
    """One that returns in its list what it was given."""

    extras = EXTRAS | {"metadata": dict, "user": str}

    def video(self, look: Look, desk: Desk) -> dict[str, Any]:
        """With `metadata` and `user`."""
        more = {name: look.order.facts[name] for name in ("metadata", "user") if name in look.order.facts}
        return super().video(look, desk) | more


class LinkServer(OpenServer):
    """One whose finished videos are elsewhere, behind a link; it knows no content path and has no list."""

    def __init__(self) -> None:
        super().__init__()
        self.routes = [route for route in self.routes if route.phase != "find" and "content" not in route.pattern]

    def video(self, look: Look, desk: Desk) -> dict[str, Any]:
        """With `url`."""
        return super().video(look, desk) | ({"url": desk.mint(look)} if look.state == "done" else {})


class ModelServer(LinkServer):
    """One that lists its models, and no jobs."""

    def __init__(self) -> None:
        super().__init__()
        models = Reply.of({"object": "list", "data": [{"id": "wan-2.2", "object": "model"}]})
        self.routes = [*self.routes, Route("GET", "/v1/models", "account", lambda request, desk: models)]


def given(request: Request) -> dict[str, Any] | str:
    """The fields of a create request with JSON types, its picture as bytes; or why it cannot be read."""
    if request.type == "application/json":
        fields: dict[str, Any] = request.fields()
        extra: dict[str, Any] = fields.pop("extra_body", {})
        found = fields.get("input_reference")
        head, _, data = (found.get("image_url", "") if isinstance(found, dict) else "").partition(";base64,")
        if not head.startswith("data:image/"):
            return "input_reference has to be a data URL"
        return fields | {"input_reference": base64.b64decode(data)} | extra
    fields = {}
    for part in request.parts():
        if part.name == "input_reference":
            fields[part.name] = part.content
        elif part.name == "extra_body":
            fields |= json.loads(part.content)
        elif part.name.startswith("metadata["):
            fields.setdefault("metadata", {})[part.name[9:-1]] = part.content.decode()
        else:
            fields[part.name] = typed(part.name, part.content.decode())
    return fields


def typed(name: str, text: str) -> Any:
    """A form's text as the type that the field has; the text itself where it is none of it."""
    try:
        return EXTRAS.get(name, str)(text)
    except ValueError:
        return text


def fits(value: Any, kind: type) -> bool:
    """Whether a value is of a type; a whole number is a number too."""
    return isinstance(value, int | float if kind is float else kind) and not isinstance(value, bool)


def token_of(fields: Mapping[str, Any]) -> str | None:
    """The client's mark."""
    metadata = fields.get("metadata")
    return metadata.get("vmevalkit") if isinstance(metadata, dict) else fields.get("user")


WORDS: Mapping[State, str] = {
    "held": "queued",
    "queued": "queued",
    "running": "in_progress",
    "done": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "odd": "contemplating",
}
REFUSALS: Mapping[Why, tuple[int, str, str]] = {
    "key": (401, "invalid_api_key", "Incorrect API key provided."),
    "input": (400, "invalid_value", "Invalid value."),
    "money": (429, "insufficient_quota", "You exceeded your current quota."),
    "moderated": (400, "moderation_blocked", "Your request was blocked."),
    "rate": (429, "rate_limit_exceeded", "Rate limit reached."),
    "quota": (429, "rate_limit_exceeded", "Rate limit reached."),
    "crowded": (429, "rate_limit_exceeded", "Rate limit reached."),
    "missing": (404, "not_found", "Not found."),
    "method": (405, "method_not_allowed", "Method not allowed."),
    "ended": (409, "conflict", "The video has ended."),
    "expired": (403, "expired", ""),
    "unavailable": (503, "overloaded", "The server is overloaded."),
    "broken": (500, "server_error", "The server had an error."),
}
