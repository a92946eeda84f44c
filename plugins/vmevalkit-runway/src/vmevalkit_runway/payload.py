"""What is sent, as pure functions: the body of the paid request, and the two ways in which a picture travels."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from vmevalkit_core import GenerationRequest, RejectedError
from vmevalkit_runway.catalog import Model, Size

DATA_URI_LIMIT = 5_000_000
"""Characters of a data URI at most; what is longer has to be uploaded."""


def body(model: Model, request: GenerationRequest, uri: str) -> dict[str, Any]:
    """The JSON body of `POST /v1/image_to_video`: only fields that the model has, in the order of their names.

    `uri` is the picture: a data URI or `runway://...`. RejectedError for a request that Runway would surely refuse.
    """
    options = request.options
    fields = {
        "model": model.id,
        "promptImage": uri if model.bare else [{"position": "first", "uri": uri}],
        "promptText": prompt_text(model, request.prompt),
        "duration": options["duration"],
        "seed": request.seed if model.seeds else None,
        "audio": options.get("audio"),
        "cfgScale": options.get("cfg_scale"),
        "contentModeration": _threshold(options),
        "draft": options.get("draft"),
        "negativePrompt": options.get("negative_prompt"),
        "outputFormat": _unless(options.get("output_format"), "mp4"),
        "promptExpansionMode": options.get("prompt_expansion_mode"),
        **_size(model, request),
    }
    return {name: value for name, value in sorted(fields.items()) if value is not None}


def prompt_text(model: Model, prompt: str | None) -> str | None:
    """The prompt, or None for an empty one; RejectedError where the model cannot take it."""
    if not prompt:
        if model.prompt_required:
            raise RejectedError(f"{model.name} needs a prompt", hint="write one into prompt.txt")
        return None
    units = utf16_units(prompt)
    if model.prompt_limit and units > model.prompt_limit:
        raise RejectedError(
            f"the prompt has {units} UTF-16 code units, and {model.name} takes {model.prompt_limit} at most",
            hint="shorten prompt.txt",
        )
    return prompt


def utf16_units(text: str) -> int:
    """How long Runway finds a text: most characters count 1, those beyond U+FFFF, such as emoji, count 2."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fits_data_uri(size: int, media_type: str) -> bool:
    """Whether a file of so many bytes is short enough for the body itself."""
    return len(_head(media_type)) + (size + 2) // 3 * 4 <= DATA_URI_LIMIT


def data_uri(data: bytes, media_type: str) -> str:
    """The file as `data:image/png;base64,...`."""
    return _head(media_type) + b64encode(data).decode()


def _head(media_type: str) -> str:
    return f"data:{media_type};base64,"


def _unless(value: Any, default: str) -> Any:
    return None if value == default else value


def _threshold(options: Mapping[str, Any]) -> dict[str, str] | None:
    threshold = options.get("public_figure_threshold")
    return {"publicFigureThreshold": threshold} if threshold else None


def _size(model: Model, request: GenerationRequest) -> dict[str, str]:
    """How the body says the size of the clip, by the picture as it was prepared."""
    if request.first_frame is None:
        raise RejectedError(f"{model.name} needs a first frame", hint="add first_frame.png to the task")
    width, height = request.first_frame.size
    tier = request.options.get("resolution") or model.default_tier.name
    match model.shape:
        case "pixels":
            return {"ratio": f"{width}:{height}"}
        case "auto":
            return {"ratio": f"auto_{tier}"}
        case "resolution":
            return {"resolution": tier}
        case "aspect":
            across, down = nearest_aspect(model, (width, height))
            return {"ratio": f"{across}:{down}", "resolution": tier}
        case "picture":
            return {}


def nearest_aspect(model: Model, size: Size) -> Size:
    """The aspect ratio of the model that a prepared picture has."""
    width, height = size
    return min(model.aspects, key=lambda aspect: abs(aspect[0] / aspect[1] - width / height))


def upload(media_type: str) -> dict[str, str]:
    """The JSON body of `POST /v1/uploads`."""
    return {"filename": _filename(media_type), "type": "ephemeral"}


def upload_file(data: bytes, media_type: str) -> dict[str, tuple[str, bytes, str]]:
    """The last part of the multipart body; the fields of the session come before it."""
    return {"file": (_filename(media_type), data, media_type)}


def _filename(media_type: str) -> str:
    # Never the user's own name of the file: it is no business of the vendor's.
    return f"first_frame.{media_type.removeprefix('image/')}"
