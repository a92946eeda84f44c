"""Bodies as Luma's own clients send them, recorded on a loopback socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from luma_dialects import agents_problem

from vmevalkit_core import GenerationRequest, Geometry, ImageRef
from vmevalkit_luma import options, payload
from vmevalkit_luma.errors import RejectedError

LINK = "https://example.com/first.png"


def asked(
    kind: str = "Ray2", size: tuple[int, int] = (1280, 720), path: Path = Path("frame.png"), **changes: Any
) -> GenerationRequest:
    """A request with the options in effect, as a worker gets it."""
    chosen = getattr(options, kind)(**changes.pop("options", {}))
    whole = Geometry(source=size, sent=size)
    image = ImageRef(
        path=path,
        sha256="0" * 64,
        media_type=changes.pop("media_type", "image/png"),
        size=size,
        geometry=whole,
        link=changes.pop("link", None),
    )
    asks = {"prompt": "Solve it.", "first_frame": image, "options": chosen.model_dump(mode="json")} | changes
    return GenerationRequest(model="luma-ray-3.2" if kind == "Ray32" else "luma-ray-2", **asks)


def agents(picture: bytes = b"\x89PNG", **changes: Any) -> dict[str, Any]:
    """The body for the Agents API."""
    return payload.agents_body(asked("Ray32", **changes), picture)


def test_body_of_the_agents_api_is_the_recorded_one() -> None:
    """Byte for byte."""
    assert json.dumps(agents(), separators=(",", ":")) == (
        '{"prompt":"Solve it.","aspect_ratio":"16:9","model":"ray-3.2","type":"video","video":{"duration":"5s",'
        '"resolution":"720p","start_frame":{"data":"iVBORw==","media_type":"image/png"}}}'
    )


def test_body_of_dream_machine_is_the_recorded_one() -> None:
    """The same names and values; the order of names is free in JSON."""
    assert payload.dream_body("ray-2", asked(), LINK) == {
        "model": "ray-2",
        "aspect_ratio": "16:9",
        "duration": "5s",
        "keyframes": {"frame0": {"type": "image", "url": LINK}},
        "loop": False,
        "prompt": "Solve it.",
        "resolution": "720p",
    }


def test_ten_seconds_have_a_keyframe_instead_of_a_start_frame() -> None:
    """At the first position of the grid."""
    video = agents(options={"duration": 10})["video"]
    assert video == {
        "duration": "10s",
        "resolution": "720p",
        "keyframes": [{"data": "iVBORw==", "media_type": "image/png"}],
        "keyframe_indexes": [0],
    }


def test_flags_are_sent_only_when_they_are_set() -> None:
    """As booleans; Luma's own default is off."""
    assert not {"loop", "hdr"} & set(agents()["video"])
    assert agents(options={"loop": True})["video"]["loop"] is True
    video = agents(options={"hdr": True, "resolution": "1080p"})["video"]
    assert (video["hdr"], video["resolution"]) == (True, "1080p")


@pytest.mark.parametrize(
    ("video", "words"),
    [
        ({"loop": True}, ""),
        ({"hdr": True}, ""),
        ({"loop": True, "hdr": True}, "hdr cannot be used with loop"),
        ({"hdr": True, "resolution": "540p"}, "hdr needs 720p or 1080p"),
        ({"duration": "10s"}, "start_frame, loop and hdr need a duration of 5s"),
    ],
)
def test_simulated_luma_refuses_what_luma_refuses(video: dict[str, Any], words: str) -> None:
    """By its own client's words about each flag; else a rule of the options could be lost unseen."""
    body = agents()
    assert agents_problem(body | {"video": body["video"] | video}) == words


@pytest.mark.parametrize(
    ("size", "ratio"), [((720, 1280), "9:16"), ((960, 960), "1:1"), ((1680, 720), "21:9"), ((960, 720), "4:3")]
)
def test_shape_follows_the_prepared_picture(size: tuple[int, int], ratio: str) -> None:
    """In Luma's words, in both APIs."""
    assert agents(size=size)["aspect_ratio"] == ratio
    assert payload.dream_body("ray-2", asked(size=size), LINK)["aspect_ratio"] == ratio


def test_tallest_shape_is_dream_machines_only() -> None:
    """The Agents API has no 9:21."""
    assert payload.dream_body("ray-2", asked(size=(720, 1680)), LINK)["aspect_ratio"] == "9:21"
    assert agents(size=(720, 1680))["aspect_ratio"] == "9:16"


def test_picture_travels_as_bare_base64() -> None:
    """No data URI, standard alphabet, with padding, and its own type."""
    frame = agents(b"\xff\xd8\xff\xfe\x00", media_type="image/jpeg")["video"]["start_frame"]
    assert frame == {"data": "/9j//gA=", "media_type": "image/jpeg"}


@pytest.mark.parametrize("prompt", ["", None])
def test_empty_prompt_is_left_out_or_refused(prompt: str | None) -> None:
    """Dream Machine takes a picture alone, Ray 3.2 does not."""
    assert "prompt" not in payload.dream_body("ray-2", asked(prompt=prompt), LINK)
    with pytest.raises(RejectedError, match=r"luma-ray-3\.2 needs a prompt"):
        agents(prompt=prompt)


@pytest.mark.parametrize(("kind", "length"), [("Ray32", 6001), ("Ray2", 5001), ("Ray2", 2)])
def test_prompt_of_a_wrong_length_is_never_sent(kind: str, length: int) -> None:
    """The refusal says how long it is and how long it may be."""
    request = asked(kind, prompt="a" * length)
    with pytest.raises(RejectedError, match=rf"has {length} characters, and \S+ takes \d to"):
        payload.agents_body(request, b"") if kind == "Ray32" else payload.dream_body("ray-2", request, LINK)


@pytest.mark.parametrize(("kind", "length"), [("Ray32", 6000), ("Ray32", 1), ("Ray2", 5000), ("Ray2", 3)])
def test_prompt_up_to_the_limits_is_sent(kind: str, length: int) -> None:
    """Both ends are legal."""
    request = asked(kind, prompt="a" * length)
    body = payload.agents_body(request, b"") if kind == "Ray32" else payload.dream_body("ray-2", request, LINK)
    assert body["prompt"] == "a" * length


def test_missing_frame_is_refused() -> None:
    """There is no such request."""
    for kind in ("Ray32", "Ray2"):
        request = asked(kind, first_frame=None)
        with pytest.raises(RejectedError, match="needs a first frame"):
            payload.agents_body(request, b"") if kind == "Ray32" else payload.dream_body("ray-2", request, "")
