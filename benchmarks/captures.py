"""What the vendors' own clients send, recorded on loopback; what their documents say where they send nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BEARER, JSON = {"authorization": "Bearer ..."}, {"content-type": "application/json"}
GOOGLE = {"x-goog-api-key": "..."}
PICTURE, URI, LINK = "iVBORw==", "data:image/png;base64,iVBORw==", "https://example.com/first.png"


@dataclass(frozen=True, slots=True)
class Capture:
    """One request of a vendor's client."""

    step: str
    line: str
    headers: dict[str, str]
    body: Any = None
    """An example; its names and JSON types are what is compared."""
    why: str = ""
    """Why ours differs, where it does."""


_RUNWAY = BEARER | {"x-runway-version": "2024-11-06"}
_VEO = "/v1beta1/projects/{project}/locations/{location}/publishers/google/models/{model}"
_VIDEO = {"prompt": "text", "model": "sora-2", "seconds": "4", "size": "1280x720", "input_reference": b""}
CAPTURES: dict[str, tuple[Capture, ...]] = {
    "runway": (
        Capture("upload", "POST /v1/uploads", _RUNWAY | JSON, {"filename": "a.png", "type": "ephemeral"}),
        Capture(
            "store",
            "POST /storage/{id}",
            {"content-type": "multipart/form-data"},
            {"key": "a", "policy": "a", "x-amz-signature": "a", "file": b""},
        ),
        Capture(
            "create",
            "POST /v1/image_to_video",
            _RUNWAY | JSON,
            {"duration": 5, "model": "a", "promptImage": URI, "promptText": "a", "ratio": "a", "seed": 7},
        ),
        Capture("poll", "GET /v1/tasks/{id}", _RUNWAY),
        Capture("download", "GET /cdn/{id}.mp4", {}),
        Capture("cancel", "DELETE /v1/tasks/{id}", _RUNWAY),
        Capture("account", "GET /v1/organization", _RUNWAY),
    ),
    "luma": (
        Capture(
            "create",
            "POST /v1/generations",
            BEARER | JSON,
            {
                **{"prompt": "a", "aspect_ratio": "16:9", "model": "ray-3.2", "type": "video"},
                "video": {
                    **{"duration": "5s", "resolution": "720p"},
                    "start_frame": {"data": PICTURE, "media_type": "image/png"},
                },
            },
        ),
        Capture("poll", "GET /v1/generations/{id}", BEARER),
        Capture("download", "GET /cdn/{id}.mp4", {}),
        Capture(
            "account", "GET /v1/generations/{id}", BEARER, why="Luma has no such call: a job nobody has is asked for"
        ),
    ),
    "veo": (
        Capture(
            "create",
            f"POST {_VEO}:predictLongRunning",
            BEARER | JSON,
            {
                "instances": [{"prompt": "a", "image": {"bytesBase64Encoded": PICTURE, "mimeType": "image/png"}}],
                "parameters": {
                    **{"sampleCount": 1, "durationSeconds": 8, "aspectRatio": "16:9", "resolution": "720p"},
                    **{"personGeneration": "allow_adult", "negativePrompt": "blur", "seed": 7, "generateAudio": False},
                },
            },
            why="both are options that are left out unless the user sets them",
        ),
        Capture("poll", f"POST {_VEO}:fetchPredictOperation", BEARER | JSON, {"operationName": "a"}),
        Capture(
            "download",
            f"POST {_VEO}:fetchPredictOperation",
            BEARER | JSON,
            {"operationName": "a"},
            why="the video is in the answer; it is asked for once more, and goes to the disk as it comes",
        ),
        Capture(
            "account", "POST /token", {"content-type": "application/x-www-form-urlencoded"}, why="google-auth's own"
        ),
    ),
    "gemini": (
        Capture(
            "create",
            "POST /v1/interactions",
            GOOGLE | JSON,
            {
                **{"model": "a", "background": True, "generation_config": {"video_config": {"task": "image_to_video"}}},
                "input": [
                    {
                        "type": "user_input",
                        "content": [
                            {"type": "image", "data": PICTURE, "mime_type": "image/png"},
                            {"type": "text", "text": "a"},
                        ],
                    }
                ],
                "response_format": {
                    **{"type": "video", "aspect_ratio": "16:9", "resolution": "720p"},
                    **{"duration": "5s", "delivery": "uri"},
                },
            },
            why="labels are Google's place for a mark of one's own; ours names the run",
        ),
        Capture(
            "poll",
            "GET /v1/interactions/{id}?stream=false",
            GOOGLE,
            why="the answer is whole unless a stream is asked for",
        ),
        Capture("download", "GET /v1beta/files/{id}:download?alt=media", GOOGLE),
        Capture("cancel", "POST /v1/interactions/{id}/cancel", GOOGLE),
        Capture(
            "account",
            "GET /v1/interactions/{id}?stream=false",
            GOOGLE,
            why="Google has no call for the account: an interaction nobody has is asked for, whole as it is",
        ),
    ),
    "openai": (
        Capture("create", "POST /v1/videos", BEARER | {"content-type": "multipart/form-data"}, _VIDEO),
        Capture("poll", "GET /v1/videos/{id}", BEARER),
        Capture("download", "GET /v1/videos/{id}/content?variant=video", BEARER | {"accept": "application/binary"}),
        Capture(
            "list",
            "GET /v1/videos?limit=10&order=desc",
            BEARER,
            why="the longest page that there is, since a lost job may be far down",
        ),
        Capture("cancel", "DELETE /v1/videos/{id}", BEARER),
        Capture("account", "GET /v1/videos?limit=10&order=desc", BEARER, why="one row says whether the key works"),
    ),
    "wavespeed": (
        Capture(
            "upload",
            "POST /api/v3/media/uploads",
            BEARER | JSON,
            {"filename": "a.png", "size": 1, "content_type": "image/png"},
        ),
        Capture("store", "PUT /store/{id}", {"content-type": "image/png"}, b""),
        Capture(
            "create",
            "POST /api/v3/wavespeed-ai/wan-2.2/i2v-720p",
            BEARER | JSON,
            {"image": LINK, "prompt": "a", "duration": 5, "seed": -1},
        ),
        Capture("poll", "GET /api/v3/predictions/{id}/result", BEARER),
        Capture("download", "GET /cdn/{id}.mp4", {}),
        Capture(
            "list",
            "POST /api/v3/predictions",
            BEARER | JSON,
            {"page": 1, "page_size": 100, "model": "a", "created_after": "a", "created_before": "a"},
        ),
        Capture("account", "GET /api/v3/balance", BEARER),
    ),
}
