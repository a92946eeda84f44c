"""What is sent, as pure functions: the body of the paid request, of an upload, and of a look at the list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vmevalkit_core import GenerationRequest, RejectedError
from vmevalkit_wavespeed.catalog import Model

AS_IS = ("duration", "negative_prompt", "num_inference_steps", "guidance_scale", "flow_shift", "generate_audio")
"""Options that are fields of the body under their own names."""
SLACK = timedelta(minutes=2)
"""How far WaveSpeed's clock may be from ours."""
PAGE = 100
"""Jobs on a page of the list, at most."""


def body(model: Model, request: GenerationRequest) -> dict[str, Any]:
    """The JSON body of `POST /api/v3/{model}`: only fields that the model has; the picture is a link.

    RejectedError for a request that WaveSpeed would surely refuse.
    """
    options = request.options
    if not request.prompt:
        raise RejectedError(f"{model.name} needs a prompt", hint="write one into prompt.txt")
    fields = {
        "image": _link(model, request),
        "prompt": request.prompt,
        **{name: options.get(name) for name in AS_IS},
        "seed": request.seed,
        "loras": options.get("loras") or None,
        # True is WaveSpeed's own default, and not every variant is known to have the field.
        "enable_safety_checker": False if options.get("enable_safety_checker") is False else None,
        **_size(model, request),
    }
    return {name: value for name, value in fields.items() if value is not None}


def upload(size: int, media_type: str) -> dict[str, Any]:
    """The JSON body of `POST /api/v3/media/uploads`."""
    # Never the user's own name of the file: it is no business of the vendor's.
    filename = f"first_frame.{media_type.removeprefix('image/')}"
    return {"filename": filename, "size": size, "content_type": media_type}


def search(model: Model, sent_between: tuple[datetime, datetime], page: int) -> dict[str, Any]:
    """The JSON body of `POST /api/v3/predictions`: the jobs of a model that were made in a span of time."""
    since, until = sent_between
    return {
        "page": page,
        "page_size": PAGE,
        "model": model.id,
        "created_after": _iso(since - SLACK),
        "created_before": _iso(until + SLACK),
    }


def _link(model: Model, request: GenerationRequest) -> str:
    if request.first_frame is None:
        raise RejectedError(f"{model.name} needs a first frame", hint="add first_frame.png to the task")
    if not request.first_frame.link:
        raise RejectedError(f"the picture for {model.name} was not uploaded", hint="run the same command again")
    return request.first_frame.link


def _size(model: Model, request: GenerationRequest) -> Mapping[str, Any]:
    """How the body says the size of the clip, by the picture as it was prepared."""
    assert request.first_frame is not None
    width, height = request.first_frame.size
    if model.shape == "size":
        return {"size": f"{width}*{height}"}
    if model.shape == "aspect":
        tier = model.tier(request.options.get("resolution"))
        return {"aspect_ratio": "16:9" if width > height else "9:16", "resolution": tier.name}
    return {}


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
