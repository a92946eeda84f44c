"""What is sent, as pure functions: the fields of the create request, as multipart parts or as JSON."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from vmevalkit_core import GenerationRequest, RejectedError
from vmevalkit_openai.options import EXTRAS

TOKEN = "vmevalkit"
"""The name of the token inside `metadata`."""


def fields(model: str, request: GenerationRequest) -> dict[str, Any]:
    """Everything but the picture, with JSON types, in the order in which OpenAI's own client sends it.

    `seconds` is a text, as the API has it. RejectedError for a request that any server would refuse.
    """
    options, frame = request.options, request.first_frame
    if not request.prompt:
        raise RejectedError(f"{request.model} needs a prompt", hint="write one into prompt.txt")
    if frame is None:
        raise RejectedError(f"{request.model} needs a first frame", hint="add first_frame.png to the task")
    # The picture was brought to the size that was asked for, or to the nearest: its pixels are the clip's.
    size = f"{frame.size[0]}x{frame.size[1]}"
    usual = {"prompt": request.prompt, "model": model, "seconds": options.get("seconds"), "size": size}
    found = {**usual, **_extras(request), **_token(request)}
    return {name: value for name, value in found.items() if value is not None}


def form(found: Mapping[str, Any]) -> dict[str, str]:
    """The fields as parts of a multipart body; what is inside `metadata` is named with brackets."""
    parts: dict[str, str] = {}
    for name, value in found.items():
        if name == "metadata":
            parts |= {f"metadata[{key}]": _text(inner) for key, inner in value.items()}
        else:
            parts[name] = _text(value)
    return parts


def file(data: bytes, media_type: str) -> dict[str, tuple[str, bytes, str]]:
    """The picture as the last part of a multipart body."""
    # Never the user's own name of the file: it is no business of the server's.
    return {"input_reference": (f"first_frame.{media_type.removeprefix('image/')}", data, media_type)}


def reference(data: bytes, media_type: str) -> dict[str, str]:
    """The picture inside a JSON body."""
    return {"image_url": f"data:{media_type};base64,{b64encode(data).decode()}"}


def _extras(request: GenerationRequest) -> dict[str, Any]:
    """The fields that OpenAI's own API does not have."""
    options = request.options
    seed = request.seed if options.get("send_seed") else None
    found = {"seed": seed, **{name: options.get(name) for name in EXTRAS}, **options.get("extra_fields", {})}
    given = {name: value for name, value in found.items() if value is not None}
    return {"extra_body": given} if given and options.get("extras_in") == "extra_body" else given


def _token(request: GenerationRequest) -> dict[str, Any]:
    match request.options.get("token_in"):
        case "metadata":
            return {"metadata": {TOKEN: request.token}}
        case "user":
            return {"user": request.token}
    return {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
