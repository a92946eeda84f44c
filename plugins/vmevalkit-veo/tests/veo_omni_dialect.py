"""Gemini's interactions as Google's documents and SDK describe them, with Omni as the model, for the simulator."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from veo_vertex_dialect import picture_problem

from vmevalkit_core.testing import Desk, Dialect, Look, Order, Refusal, Reply, Request, Route, State, Why
from vmevalkit_core.testing.simulator.dialect import knows

GOOGLE = "https://generativelanguage.googleapis.com"
USD_A_SECOND = Decimal("0.10136")
"""At 720p; the others are guessed to cost the same here."""
LONGEST = {"gemini-omni-1.1-flash": 10, "gemini-omni-1.2-flash": 15}
"""Seconds."""
LABEL = re.compile(r"[a-z0-9_-]{0,63}")


class OmniVendor(Dialect):
    """Background interactions; a prompt with the word INLINE gets its video in the answer, against its wish."""

    name = "omni"

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route("POST", "/v1/interactions", "submit"),
            Route("GET", "/v1/interactions/{id}", "poll"),
            Route("POST", "/v1/interactions/{id}/cancel", "cancel"),
            Route("GET", "/v1beta/files/{id}:download", "download", keyed=True),
        )

    def check(self, request: Request, desk: Desk) -> Refusal | None:
        """A key in Google's own header, and nowhere else."""
        keyed = knows(desk, request.headers.get("x-goog-api-key", ""))
        return None if keyed and "authorization" not in request.headers else Refusal(why="key")

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """Snake case, the duration as a text, and in the background only."""
        body = request.fields()
        if body.get("model") not in LONGEST:
            return Refusal(why="missing")
        if problem := _problem(body):
            return Refusal(why="input", message=problem)
        seconds = int(body["response_format"]["duration"][:-1])
        picture, *texts = body["input"][0]["content"]
        facts = {"inline": any("INLINE" in text["text"] for text in texts), "picture": picture["data"]}
        token = body.get("labels", {}).get("vmevalkit")
        return Order(price=USD_A_SECOND * seconds, token=token, model=body["model"], facts=facts)

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The interaction as it begins."""
        return Reply.of({"id": look.id, "object": "interaction", "status": "in_progress", "model": look.order.model})

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The interaction, with its steps once it has ended."""
        interaction: dict[str, Any] = {"id": look.id, "object": "interaction", "status": WORDS[look.state]}
        if look.state == "failed":
            code, message = (
                ("blocked", "Blocked by the safety filters.") if look.moderated else ("internal", "It broke.")
            )
            error = {"code": look.ending.code or code, "message": look.ending.message or message}
            interaction["errors"] = [error]
        if look.state == "done":
            interaction |= {"usage": {"total_output_tokens": 28960}, "steps": _steps(look, desk)}
        return Reply.of(interaction)

    def cancelled(self, look: Look, desk: Desk) -> Reply:
        """The interaction as it is then."""
        return self.shown(look, desk)

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """Errors in several shapes: with a number or a word for a code, and in a list from the front end."""
        status, code, message = REFUSALS[refusal.why]
        error: dict[str, Any] = {"code": code, "message": refusal.message or message}
        if refusal.why in DETAILS:
            error["details"] = [DETAILS[refusal.why]]
        body: Any = {"error": error}
        return Reply.of([body] if refusal.why in ("key", "unavailable", "rate") else body, status=status)

    def new_id(self, number: int) -> str:
        """As long as Google's."""
        return f"v1_{uuid.uuid4().hex}"

    def refund(self, look: Look) -> Decimal:
        """Unknown in truth; here a job without a video is free."""
        return look.order.price if look.state in ("failed", "cancelled") or look.empty else Decimal(0)

    def result_path(self, look: Look) -> str:
        """Below the API, where the key is wanted."""
        return f"/v1beta/files/{look.id}:download"


def _steps(look: Look, desk: Desk) -> list[dict[str, Any]]:
    """What the model was shown, what it thought, and what it made."""
    shown = {"type": "image", "data": look.order.facts["picture"], "mime_type": "image/png"}
    return [
        {"type": "user_input", "content": [shown]},
        {"type": "thought", "signature": base64.b64encode(bytes(30_000)).decode()},
        {"type": "model_output", "content": [_output(look, desk)]},
    ]


def _output(look: Look, desk: Desk) -> dict[str, Any]:
    if look.empty:
        return {"type": "text", "text": look.ending.message or "I can't make a video of that person."}
    if look.order.facts["inline"]:
        return {"type": "video", "mime_type": "video/mp4", "data": base64.b64encode(desk.clip).decode()}
    link = desk.mint(look)
    own = f"{desk.origin}/v1beta/files/"
    # The link leads to Google's own host, whatever address the client came by.
    link = f"{GOOGLE}/v1beta/files/{look.id}:download?alt=media" if link.startswith(own) else link
    return {"type": "video", "mime_type": "video/mp4", "uri": link}


def _problem(body: Mapping[str, Any]) -> str:
    """What is wrong with the body of a create request; "" where nothing is."""
    wanted = {"model", "background", "generation_config", "input", "response_format"}
    if not wanted <= set(body) <= wanted | {"labels"} or body["background"] is not True:
        return "Invalid JSON payload received."
    if body["generation_config"] != {"video_config": {"task": "image_to_video"}}:
        return "Invalid generation_config."
    if not all(LABEL.fullmatch(text) for pair in body.get("labels", {}).items() for text in pair):
        return "Invalid label."
    return _input_problem(body["input"]) or _format_problem(body["response_format"], LONGEST[body["model"]])


def _input_problem(steps: Any) -> str:
    if [step.get("type") for step in steps] != ["user_input"] or not steps[0]["content"]:
        return "Invalid input."
    picture, *texts = steps[0]["content"]
    if set(picture) != {"type", "data", "mime_type"} or picture["type"] != "image":
        return "Invalid image."
    if not all(set(text) == {"type", "text"} and text["type"] == "text" and text["text"] for text in texts):
        return "Invalid text."
    return picture_problem(picture, "data", "mime_type")


def _format_problem(form: Any, longest: int) -> str:
    if set(form) != {"type", "aspect_ratio", "resolution", "duration", "delivery"} or form["type"] != "video":
        return "Invalid response_format."
    if form["aspect_ratio"] not in ("16:9", "9:16") or form["resolution"] not in ("360p", "720p", "1080p", "4k"):
        return "Invalid shape."
    found = re.fullmatch(r"(\d+)s", form["duration"]) if isinstance(form["duration"], str) else None
    if not found or not 3 <= int(found[1]) <= longest:
        return "Invalid duration."
    return "" if form["delivery"] in ("uri", "inline") else "Invalid delivery."


WORDS: Mapping[State, str] = {
    "held": "queued",
    "queued": "queued",
    "running": "in_progress",
    "done": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "odd": "contemplating",
}
BILLING = "You exceeded your current quota, please check your plan and billing details."
# The exact words are not known; clients must not read more in them than what Google documents.
REFUSALS: Mapping[Why, tuple[int, int | str, str]] = {
    "key": (400, 400, "API key not valid. Please pass a valid API key."),
    "input": (400, "invalid_request", "Request contains an invalid argument."),
    "money": (429, 429, "Your prepayment credits are depleted."),
    "moderated": (400, "invalid_request", "The input was blocked by the safety filters."),
    "rate": (429, 429, BILLING),
    "quota": (429, 429, BILLING),
    "crowded": (429, 429, BILLING),
    "missing": (400, "invalid_request", "Invalid interaction name"),
    "method": (404, 404, "Not found."),
    "ended": (400, "invalid_request", "The interaction has ended."),
    "expired": (403, 403, "You do not have permission to access the file."),
    "unavailable": (503, 503, "The model is overloaded."),
    "broken": (500, 500, "Internal error encountered."),
}
_RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}
_DAY = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}
DETAILS: Mapping[Why, Mapping[str, Any]] = {
    "rate": _RETRY,
    "crowded": _RETRY,
    "quota": {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [_DAY]},
}
