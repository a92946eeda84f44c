"""Bodies as Google's own SDK sends them, recorded on a loopback socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vmevalkit_core import GenerationRequest, Geometry, ImageRef, RejectedError
from vmevalkit_veo import options, payload
from vmevalkit_veo.catalog import MODELS


def asked(name: str, *, size: tuple[int, int] = (1280, 720), **changes: Any) -> GenerationRequest:
    """A request with the options in effect, as a worker gets it."""
    chosen = getattr(options, MODELS[name].options)(**changes.pop("options", {}))
    whole = Geometry(source=size, sent=size)
    picture = ImageRef(path=Path("frame.png"), sha256="0" * 64, media_type="image/png", size=size, geometry=whole)
    asks = {"prompt": "Solve it.", "first_frame": picture, "options": chosen.model_dump(mode="json")} | changes
    return GenerationRequest(model=name, **asks)


def vertex(**changes: Any) -> str:
    """A body for Vertex AI as it goes over the wire."""
    body = payload.vertex_body(MODELS["veo-3.1-vertex"], asked("veo-3.1-vertex", **changes), "iVBORw==")
    return json.dumps(body, separators=(",", ":"))


def omni(**changes: Any) -> str:
    """A body for Gemini as it goes over the wire."""
    name = "gemini-omni-1.1-flash"
    return json.dumps(payload.omni_body(MODELS[name], asked(name, **changes), "iVBORw=="), separators=(",", ":"))


def test_body_for_vertex_is_the_recorded_one() -> None:
    """Byte for byte: camelCase, numbers as numbers, bare base64."""
    chosen = {"person_generation": "allow_adult", "negative_prompt": "blur"}
    assert vertex(options=chosen, seed=7) == (
        '{"instances":[{"prompt":"Solve it.","image":{"bytesBase64Encoded":"iVBORw==","mimeType":"image/png"}}],'
        '"parameters":{"sampleCount":1,"durationSeconds":8,"aspectRatio":"16:9","resolution":"720p",'
        '"personGeneration":"allow_adult","negativePrompt":"blur","seed":7,"generateAudio":false}}'
    )


def test_body_for_omni_is_the_recorded_one() -> None:
    """Byte for byte: snake_case, the duration as a text, in the background."""
    assert omni() == (
        '{"model":"gemini-omni-1.1-flash","background":true,"generation_config":{"video_config":'
        '{"task":"image_to_video"}},"input":[{"type":"user_input","content":[{"type":"image","data":"iVBORw==",'
        '"mime_type":"image/png"},{"type":"text","text":"Solve it."}]}],"response_format":{"type":"video",'
        '"aspect_ratio":"16:9","resolution":"720p","duration":"5s","delivery":"uri"}}'
    )


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("enhance_prompt", False, "enhancePrompt"),
        ("compression_quality", "lossless", "compressionQuality"),
        ("storage_uri", "gs://bucket/clips", "storageUri"),
        ("generate_audio", True, "generateAudio"),
        ("duration", 4, "durationSeconds"),
    ],
)
def test_option_has_its_place_on_the_wire(option: str, value: Any, field: str) -> None:
    """In camelCase, and only when it was asked for."""
    assert json.loads(vertex(options={option: value}))["parameters"][field] == value


def test_what_was_not_asked_for_is_not_sent() -> None:
    """Google's own choice holds."""
    expected = {"sampleCount", "durationSeconds", "aspectRatio", "resolution", "generateAudio"}
    assert set(json.loads(vertex())["parameters"]) == expected


@pytest.mark.parametrize(("size", "aspect"), [((1280, 720), "16:9"), ((720, 1280), "9:16")])
def test_ratio_is_that_of_the_prepared_picture(size: tuple[int, int], aspect: str) -> None:
    """In both APIs."""
    assert json.loads(vertex(size=size))["parameters"]["aspectRatio"] == aspect
    assert json.loads(omni(size=size))["response_format"]["aspect_ratio"] == aspect


@pytest.mark.parametrize(
    ("token", "labels"),
    [("0123456789abcdef", {"vmevalkit": "0123456789abcdef"}), ("Veo_1", None), ("a" * 64, None), ("", None)],
)
def test_token_is_a_label_where_it_fits_one(token: str, labels: dict[str, str] | None) -> None:
    """And stands in no prompt."""
    body = json.loads(omni(token=token))
    assert body.get("labels") == labels
    assert body["input"][0]["content"][1]["text"] == "Solve it."


@pytest.mark.parametrize("prompt", ["", None])
def test_empty_prompt_is_left_out(prompt: str | None) -> None:
    """An empty text is no text."""
    assert set(json.loads(vertex(prompt=prompt))["instances"][0]) == {"image"}
    assert [part["type"] for part in json.loads(omni(prompt=prompt))["input"][0]["content"]] == ["image"]


@pytest.mark.parametrize("send", [vertex, omni])
def test_missing_frame_is_refused(send: Any) -> None:
    """There is no such request."""
    with pytest.raises(RejectedError, match="needs a first frame"):
        send(first_frame=None)


PARENT = "projects/p/locations/l/publishers/google/models/m"


@pytest.mark.parametrize("job", [f"{PARENT}/operations/1", "1"])
def test_operation_is_known_by_its_whole_name_or_its_id(job: str) -> None:
    """Whichever a user adopts; it is asked about where it was made."""
    name = payload.operation_name(job, PARENT)
    assert name == f"{PARENT}/operations/1"
    elsewhere = "projects/q/locations/l/publishers/google/models/m"
    assert payload.fetch_path(name, elsewhere) == f"/v1beta1/{PARENT}:fetchPredictOperation"


@pytest.mark.parametrize(
    "job", ["", "../x", "projects/p/operations/1", "https://elsewhere.example/1", f"{PARENT}/../../x/operations/1"]
)
def test_name_of_another_shape_chooses_no_path(job: str) -> None:
    """It is asked about at the project, region and model in use: Google may change its names, and users mistype."""
    name = payload.operation_name(job, PARENT)
    assert name.endswith(job)
    assert payload.fetch_path(name, PARENT) == f"/v1beta1/{PARENT}:fetchPredictOperation"


def test_object_of_a_bucket_is_one_part_of_a_path() -> None:
    """Its slashes are its own."""
    assert payload.object_path("gs://b/a b/c?d#.mp4") == "/storage/v1/b/b/o/a%20b%2Fc%3Fd%23.mp4?alt=media"
