"""Vertex AI, its token server and Cloud Storage as their documents and SDKs describe them, for the simulator."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote

from vmevalkit_core.testing import Desk, Dialect, Look, Order, Refusal, Reply, Request, Route, Why

MODELS = "/v1beta1/projects/{project}/locations/{location}/publishers/google/models/{model}"
RATES = {
    "veo-3.1-generate-001": {"720p": "0.40", "1080p": "0.40", "4k": "0.60"},
    "veo-3.1-fast-generate-001": {"720p": "0.10", "1080p": "0.12", "4k": "0.30"},
}
"""USD a second."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
THEIRS = "token-of-another-house"
REFUSED_ACCOUNT = "refused@project.example"


class VertexVendor(Dialect):
    """Operations, asked about by POST; the video is in the answer, or in a bucket of the user's."""

    name = "vertex"

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.routes: Sequence[Route] = (
            Route("POST", f"{MODELS}:predictLongRunning", "submit"),
            Route("POST", f"{MODELS}:fetchPredictOperation", "poll"),
            Route("POST", "/token", "account", self._token, keyed=False),
            Route("POST", "/sts", "account", self._exchange, keyed=False),
            Route("GET", "/storage/v1/b/{bucket}/o/{object}", "download", keyed=True),
        )

    def check(self, request: Request, desk: Desk) -> Refusal | None:
        """A token that was given out here."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return None if scheme == "Bearer" and token in self.tokens else Refusal(why="key")

    def job_of(self, request: Request) -> str:
        """The end of the operation's name, or the folder of the object."""
        if "object" in request.params:
            return unquote(request.params["object"]).split("/")[-2]
        name = request.fields().get("operationName")
        return name.rpartition("/")[2] if isinstance(name, str) else ""

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """Camel case, numbers as numbers, and only what a Veo 3.1 has."""
        model, body = request.params["model"], request.fields()
        if model not in RATES:
            return Refusal(why="missing")
        if problem := _problem(body):
            return Refusal(why="input", message=problem)
        parameters = body["parameters"]
        price = Decimal(RATES[model][parameters["resolution"]]) * parameters["durationSeconds"]
        parent = request.path.removeprefix("/v1beta1/").partition(":")[0]
        return Order(price=price, model=model, facts={"parent": parent, "storage": parameters.get("storageUri")})

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The name."""
        return Reply.of({"name": _name(look)})

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The bare name until it is done."""
        if look.state == "odd":
            return Reply.of({"name": _name(look), "metadata": {"state": "CONTEMPLATING"}})
        if look.state not in ("done", "failed"):
            return Reply.of({"name": _name(look)})
        return Reply.of({"name": _name(look), "done": True, **_end(look, desk)})

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """Google's error, with details where there are any."""
        status, word, message = REFUSALS[refusal.why]
        error: dict[str, Any] = {"code": status, "message": refusal.message or message, "status": word}
        if refusal.why in DETAILS:
            error["details"] = [DETAILS[refusal.why]]
        return Reply.of({"error": error}, status=status)

    def refund(self, look: Look) -> Decimal:
        """A job without a video is not charged."""
        return look.order.price if look.state == "failed" or look.empty else Decimal(0)

    def _token(self, request: Request, desk: Desk) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        claims = _claims(form.get("assertion", ""))
        if form.get("grant_type") != GRANT or claims.get("scope") != SCOPE or claims.get("iss") == REFUSED_ACCOUNT:
            return Reply.of({"error": "invalid_grant", "error_description": "Account not found."}, status=400)
        return self._new_token(int(request.query.get("lives", 3600)))

    def _exchange(self, request: Request, desk: Desk) -> Reply:
        """For accounts of other houses: a token of theirs for one of Google's."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if (form.get("grant_type"), form.get("scope"), form.get("subject_token")) != (EXCHANGE, SCOPE, THEIRS):
            return Reply.of({"error": "invalid_grant"}, status=400)
        return self._new_token(3600, issued_token_type="urn:ietf:params:oauth:token-type:access_token")

    def _new_token(self, lives: int, **more: str) -> Reply:
        token = f"ya29.{uuid.uuid4().hex}"
        self.tokens.add(token)
        return Reply.of({"access_token": token, "expires_in": lives, "token_type": "Bearer", **more})


def _name(look: Look) -> str:
    return f"{look.order.facts['parent']}/operations/{look.id}"


def _end(look: Look, desk: Desk) -> dict[str, Any]:
    if look.state == "failed":
        code, message = (3, RESPONSIBLE) if look.moderated else (13, "Internal error.")
        return {"error": {"code": int(look.ending.code or code), "message": look.ending.message or message}}
    response: dict[str, Any] = {"@type": "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"}
    if look.empty:
        reasons = [look.ending.message or "17301594: Celebrity"]
        return {"response": response | {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": reasons}}
    return {"response": response | {"videos": [_video(look, desk) | {"mimeType": "video/mp4"}]}}


def _video(look: Look, desk: Desk) -> dict[str, str]:
    if storage := look.order.facts["storage"]:
        return {"gcsUri": f"{storage.rstrip('/')}/{look.id}/sample_0.mp4"}
    return {"bytesBase64Encoded": base64.b64encode(desk.clip).decode()}


def _claims(assertion: str) -> dict[str, Any]:
    """What a signed assertion says; the signature is not looked at."""
    parts = assertion.split(".")
    if len(parts) != 3:
        return {}
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    return claims if isinstance(claims, dict) else {}


def _problem(body: Mapping[str, Any]) -> str:
    """What is wrong with the body of a create request; "" where nothing is."""
    if set(body) != {"instances", "parameters"} or len(body["instances"]) != 1:
        return "Invalid JSON payload received."
    if problem := picture_problem(body["instances"][0].get("image"), "bytesBase64Encoded", "mimeType"):
        return problem
    if not set(body["instances"][0]) <= {"prompt", "image"}:
        return "Invalid instance."
    parameters = body["parameters"]
    for name, value in parameters.items():
        if name not in ALLOWED:
            return f"Unknown field {name}."
        if not any(type(value) is type(one) and value == one for one in ALLOWED[name]) and not _free(name, value):
            return f"Invalid value of {name}: {value!r}."
    if parameters["resolution"] != "720p" and parameters["durationSeconds"] != 8:
        return "Resolution needs a duration of 8 seconds."
    return ""


def _free(name: str, value: Any) -> bool:
    """Whether a value of an open range is in it."""
    if name == "seed":
        return type(value) is int and 0 <= value < 2**32
    if name == "negativePrompt":
        return isinstance(value, str) and bool(value)
    return name == "storageUri" and isinstance(value, str) and value.startswith("gs://")


def picture_problem(image: Any, data: str, kind: str) -> str:
    """What is wrong with a picture in base64; "" where nothing is."""
    if not isinstance(image, dict) or not {data, kind} <= set(image):
        return "Image is missing."
    try:
        head = base64.b64decode(image[data], validate=True)[:4]
    except (binascii.Error, TypeError):
        return "Image is no base64."
    heads = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff"}
    return "" if head.startswith(heads.get(image[kind], b"?")) else "Image is not of its mime type."


ALLOWED: Mapping[str, tuple[Any, ...]] = {
    "sampleCount": (1, 2, 3, 4),
    "durationSeconds": (4, 6, 8),
    "aspectRatio": ("16:9", "9:16"),
    "resolution": ("720p", "1080p", "4k"),
    "personGeneration": ("allow_all", "allow_adult", "dont_allow"),
    "negativePrompt": (),
    "seed": (),
    "generateAudio": (True, False),
    "enhancePrompt": (True, False),
    "compressionQuality": ("optimized", "lossless"),
    "storageUri": (),
}
"""Parameters and their values; those of the empty ones are open."""
RESPONSIBLE = (
    "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI "
    "practices."
)
QUOTA = "Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model."
# The exact words are not known; clients must not read more in them than what Google documents.
REFUSALS: Mapping[Why, tuple[int, str, str]] = {
    "key": (401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    "input": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "money": (403, "PERMISSION_DENIED", "This API method requires billing to be enabled."),
    "moderated": (400, "INVALID_ARGUMENT", RESPONSIBLE),
    "rate": (429, "RESOURCE_EXHAUSTED", QUOTA),
    "quota": (429, "RESOURCE_EXHAUSTED", QUOTA),
    "crowded": (429, "RESOURCE_EXHAUSTED", QUOTA),
    "missing": (404, "NOT_FOUND", "Publisher Model or operation was not found."),
    "method": (404, "NOT_FOUND", "Not found."),
    "ended": (400, "FAILED_PRECONDITION", "The operation has ended."),
    "expired": (403, "PERMISSION_DENIED", "Access denied."),
    "unavailable": (503, "UNAVAILABLE", "The service is currently unavailable."),
    "broken": (500, "INTERNAL", "Internal error encountered."),
}
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
DETAILS: Mapping[Why, Mapping[str, Any]] = {
    "money": {"@type": _ERROR_INFO, "reason": "BILLING_DISABLED", "domain": "googleapis.com"},
    "quota": {"@type": _QUOTA_FAILURE, "violations": [{"quotaId": "VideosPerDayPerProjectPerModel"}]},
}
