"""What is sent, as pure functions: the bodies of the two paid requests, and the paths that belong to a job."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from vmevalkit_core import GenerationRequest, ImageRef, RejectedError
from vmevalkit_veo.catalog import Model
from vmevalkit_veo.options import aspect_of

LABEL = "vmevalkit"
"""Under which label Omni keeps the kit's own token for the run."""
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{1,63}")
_PART = r"[A-Za-z0-9][\w.:-]*"
_PARENT = re.compile(rf"(projects/{_PART}/locations/{_PART}/publishers/google/models/{_PART})/operations/.+")


def vertex_body(model: Model, request: GenerationRequest, picture: str) -> dict[str, Any]:
    """The JSON body of `:predictLongRunning`; `picture` is base64. Only what is asked for is sent."""
    frame, options = _frame(model, request), request.options
    parameters = {
        "sampleCount": 1,
        "durationSeconds": options["duration"],
        "aspectRatio": aspect_of(frame.size),
        "resolution": options["resolution"],
        "personGeneration": options.get("person_generation"),
        "negativePrompt": options.get("negative_prompt"),
        "seed": request.seed,
        "generateAudio": options.get("generate_audio"),
        "enhancePrompt": options.get("enhance_prompt"),
        "compressionQuality": options.get("compression_quality"),
        "storageUri": options.get("storage_uri"),
    }
    prompt = {"prompt": request.prompt} if request.prompt else {}
    image = {"bytesBase64Encoded": picture, "mimeType": frame.media_type}
    return {"instances": [prompt | {"image": image}], "parameters": _given(parameters)}


def omni_body(model: Model, request: GenerationRequest, picture: str) -> dict[str, Any]:
    """The JSON body of `POST /v1/interactions`; `picture` is base64. Without `background` the call would block."""
    frame, options = _frame(model, request), request.options
    content = [{"type": "image", "data": picture, "mime_type": frame.media_type}]
    if request.prompt:
        content.append({"type": "text", "text": request.prompt})
    return {
        "model": model.id,
        "background": True,
        "generation_config": {"video_config": {"task": "image_to_video"}},
        "input": [{"type": "user_input", "content": content}],
        "response_format": {
            "type": "video",
            "aspect_ratio": aspect_of(frame.size),
            "resolution": options["resolution"],
            "duration": f"{options['duration']}s",
            # Inline is meant for clips of up to 4 MB.
            "delivery": "uri",
        },
        **_labels(request.token),
    }


def operation_name(job: str, parent: str) -> str:
    """The name of an operation, also of one that was adopted by its bare id."""
    return job if "/" in job else f"{parent}/operations/{job}"


def fetch_path(operation: str, parent: str) -> str:
    """Where an operation is asked about: at its own project, region and model, whatever the settings are by now."""
    named = _PARENT.fullmatch(operation)
    return f"/v1beta1/{quote(named[1] if named else parent)}:fetchPredictOperation"


def object_path(link: str) -> str:
    """The path of `gs://BUCKET/OBJECT` in the JSON API of Cloud Storage, which answers with the file itself."""
    bucket, _, name = link.removeprefix("gs://").partition("/")
    return f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}?alt=media"


def _frame(model: Model, request: GenerationRequest) -> ImageRef:
    if request.first_frame is None:
        raise RejectedError(f"{model.name} needs a first frame", hint="add first_frame.png to the task")
    return request.first_frame


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _labels(token: str) -> dict[str, Any]:
    return {"labels": {LABEL: token}} if _LABEL_VALUE.fullmatch(token) else {}
