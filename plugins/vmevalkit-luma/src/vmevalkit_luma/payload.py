"""What is sent, as pure functions: the bodies of the two paid requests."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from vmevalkit_core import GenerationRequest, ImageRef
from vmevalkit_luma.errors import RejectedError
from vmevalkit_luma.options import AGENTS_RATIOS, DREAM_RATIOS, pair

AGENTS_PROMPT = (1, 6000)
DREAM_PROMPT = (3, 5000)
"""Characters of a prompt, at least and at most."""


def agents_body(request: GenerationRequest, picture: bytes) -> dict[str, Any]:
    """The JSON body of `POST /v1/generations` of the Agents API, the picture in it as base64.

    RejectedError for a request that Luma would surely refuse.
    """
    image, options = _frame(request), request.options
    reference = {"data": b64encode(picture).decode(), "media_type": image.media_type}
    # A start frame is for clips of 5 s only; a longer one has the same picture as its first keyframe.
    first: dict[str, Any] = {"start_frame": reference}
    if options["duration"] != 5:
        first = {"keyframes": [reference], "keyframe_indexes": [0]}
    video = {"duration": f"{options['duration']}s", "resolution": options["resolution"], **first}
    return {
        "prompt": _prompt(request, AGENTS_PROMPT) or _no_prompt(request),
        "aspect_ratio": nearest(AGENTS_RATIOS, image.size),
        "model": "ray-3.2",
        "type": "video",
        "video": video | {name: True for name in ("loop", "hdr") if options.get(name)},
    }


def dream_body(model: str, request: GenerationRequest, link: str) -> dict[str, Any]:
    """The JSON body of `POST /generations/video` of Dream Machine, which fetches the picture from `link`.

    RejectedError for a request that Luma would surely refuse.
    """
    image, options = _frame(request), request.options
    body = {
        "model": model,
        "aspect_ratio": nearest(DREAM_RATIOS, image.size),
        "duration": f"{options['duration']}s",
        "keyframes": {"frame0": {"type": "image", "url": link}},
        "loop": options.get("loop", False),
        "resolution": options["resolution"],
    }
    prompt = _prompt(request, DREAM_PROMPT)
    return body | {"prompt": prompt} if prompt else body


def nearest(ratios: Sequence[str], size: tuple[int, int]) -> str:
    """The ratio that a prepared picture has."""
    return min(ratios, key=lambda ratio: abs(pair(ratio)[0] / pair(ratio)[1] - size[0] / size[1]))


def _frame(request: GenerationRequest) -> ImageRef:
    if request.first_frame is None:
        raise RejectedError(f"{request.model} needs a first frame", hint="add first_frame.png to the task")
    return request.first_frame


def _prompt(request: GenerationRequest, limits: tuple[int, int]) -> str | None:
    """The prompt, or None for an empty one; RejectedError where it is too short or too long."""
    prompt, (least, most) = request.prompt, limits
    if prompt and not least <= len(prompt) <= most:
        raise RejectedError(
            f"the prompt has {len(prompt)} characters, and {request.model} takes {least} to {most:,}",
            hint="rewrite prompt.txt",
        )
    return prompt or None


def _no_prompt(request: GenerationRequest) -> str:
    raise RejectedError(f"{request.model} needs a prompt", hint="write one into prompt.txt")
