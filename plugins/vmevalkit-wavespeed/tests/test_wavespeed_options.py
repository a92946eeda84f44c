"""Options of every model: defaults, bounds, prices, the sizes of its pictures; and the bodies made from them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from wavespeed_fields import complaint

from vmevalkit_core import GenerationRequest, Geometry, ImageRef, RejectedError
from vmevalkit_wavespeed import options, payload
from vmevalkit_wavespeed.catalog import Model
from vmevalkit_wavespeed.models import MODELS
from vmevalkit_wavespeed.options import WaveSpeedOptions

LIVE = {name: model for name, model in MODELS.items() if not model.gone}
every = pytest.mark.parametrize("model", LIVE.values(), ids=LIVE)
LINK = "https://cdn.example/first_frame.png"
EXTRAS: dict[str, Any] = {
    "enable_safety_checker": False,
    "flow_shift": 10,
    "generate_audio": True,
    "guidance_scale": 1.01,
    "loras": [{"path": "owner/name", "scale": 1.5}],
    "negative_prompt": "text",
    "num_inference_steps": 40,
}


def of(name: str, **given: Any) -> WaveSpeedOptions:
    """The options of a model."""
    made: WaveSpeedOptions = getattr(options, MODELS[name].class_name)(**given)
    return made


def asked(chosen: WaveSpeedOptions, source: tuple[int, int] = (1280, 720), **changes: Any) -> GenerationRequest:
    """A request with the options in effect, as a worker gets it once the picture is uploaded."""
    size = chosen.image_rule().target(source)
    whole = Geometry(source=size, sent=size)
    picture = ImageRef(
        path=Path("f.png"), sha256="0" * 64, media_type="image/png", size=size, geometry=whole, link=LINK
    )
    asks: dict[str, Any] = {
        "prompt": "Solve it.",
        "first_frame": picture,
        "options": chosen.model_dump(mode="json"),
    } | changes
    return GenerationRequest(model=chosen.about.name, **asks)


def test_body_of_wan_22_is_the_recorded_one() -> None:
    """Byte for byte, with the seed of this run."""
    chosen = of("wavespeed-wan-2.2-i2v-720p")
    sent = payload.body(chosen.about, asked(chosen, seed=7))
    assert json.dumps(sent, separators=(",", ":")) == (
        '{"image":"https://cdn.example/first_frame.png","prompt":"Solve it.","duration":5,"seed":7}'
    )


def test_body_of_veo_is_the_recorded_one() -> None:
    """The same fields with the same JSON types."""
    chosen = of("veo-3.1", resolution="720p")
    assert payload.body(chosen.about, asked(chosen)) == {
        "image": LINK,
        "prompt": "Solve it.",
        "aspect_ratio": "16:9",
        "duration": 8,
        "resolution": "720p",
        "generate_audio": False,
    }


@every
def test_every_body_is_one_that_wavespeed_takes(model: Model) -> None:
    """With pictures of each shape, the defaults, each resolution, and all extras at once."""
    tiers = [{"resolution": tier.name} for tier in model.tiers if len(model.tiers) > 1]
    extras = {name: EXTRAS[name] for name in model.extras}
    for given in ({}, *tiers, extras):
        for source in ((64, 64), (640, 360), (360, 640), (3000, 1000)):
            chosen = of(model.name, **given)
            sent = payload.body(model, asked(chosen, source, seed=7))
            assert complaint(model.id, sent) == ""
    assert set(EXTRAS) & set(sent) == set(model.extras)


@pytest.mark.parametrize("name", ["veo-3.1-720p", "veo-3.1-fast-720p"])
def test_720p_names_send_720p_and_have_no_choice(name: str) -> None:
    """The name says it."""
    chosen = of(name)
    assert payload.body(chosen.about, asked(chosen, (1920, 1080)))["resolution"] == "720p"
    assert chosen.image_rule().target((1920, 1080)) == (1280, 720)
    with pytest.raises(ValidationError, match="resolution"):
        of(name, resolution="1080p")


@every
def test_defaults_are_legal_and_survive_a_record(model: Model) -> None:
    """What is written down is what a later command reads."""
    chosen = of(model.name, **{name: EXTRAS[name] for name in model.extras})
    assert type(chosen)(**chosen.model_dump(mode="json")) == chosen
    assert all(field.description for field in type(chosen).model_fields.values())


@pytest.mark.parametrize(
    ("name", "given", "price"),
    [
        ("wavespeed-wan-2.1-i2v-720p", {}, "0.30"),
        ("wavespeed-wan-2.1-i2v-720p", {"duration": 10}, "0.45"),
        ("wavespeed-wan-2.1-i2v-720p-ultra-fast", {"duration": 10}, "0.338"),
        ("wavespeed-wan-2.2-i2v-720p", {"duration": 8}, "0.48"),
        ("wavespeed-wan-2.2-i2v-480p-ultra-fast", {}, "0.05"),
        ("veo-3.1-fast", {"generate_audio": True}, "1.20"),
        ("veo-3.1", {}, None),
        ("wavespeed-wan-2.1-i2v-480p", {}, None),
        ("wavespeed-wan-2.1-i2v-480p-ultra-fast", {"duration": 10}, None),
        ("wavespeed-wan-2.2-i2v-5b-720p", {}, None),
    ],
)
def test_price_is_that_of_the_pages_or_unknown(name: str, given: dict[str, Any], price: str | None) -> None:
    """None is made up."""
    assert of(name, **given).price() == (None if price is None else Decimal(price))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("wavespeed-wan-2.1-i2v-720p", {"duration": 8}),
        ("wavespeed-wan-2.2-i2v-720p", {"duration": 10}),
        ("veo-3.1", {"duration": 5}),
        ("veo-3.1", {"resolution": "4k"}),
        ("veo-3.1", {"aspect_ratio": "1:1"}),
        ("wavespeed-wan-2.1-i2v-480p", {"size": "1280x720"}),
        ("wavespeed-wan-2.1-i2v-480p", {"num_inference_steps": 41}),
        ("wavespeed-wan-2.1-i2v-480p", {"guidance_scale": 1}),
        ("wavespeed-wan-2.1-i2v-480p", {"flow_shift": 11}),
        ("wavespeed-wan-2.1-i2v-480p-lora", {"loras": [EXTRAS["loras"][0]] * 4}),
        ("wavespeed-wan-2.1-i2v-480p-lora", {"loras": [{"path": "a/b", "weight": 1}]}),
    ],
)
def test_value_out_of_bounds_is_refused(name: str, given: dict[str, Any]) -> None:
    """Before anything is sent."""
    with pytest.raises(ValidationError) as caught:
        of(name, **given)
    assert caught.value.errors()[0]["loc"][0] == next(iter(given))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("wavespeed-wan-2.1-i2v-480p", "loras"),
        ("wavespeed-wan-2.2-i2v-720p", "size"),
        ("wavespeed-wan-2.2-i2v-720p", "num_inference_steps"),
        ("wavespeed-wan-2.2-i2v-5b-720p", "duration"),
        ("wavespeed-wan-2.2-i2v-5b-720p", "negative_prompt"),
        ("veo-3.1", "guidance_scale"),
        ("veo-3.1", "last_image"),
    ],
)
def test_option_that_a_model_lacks_is_refused_by_name(name: str, field: str) -> None:
    """Another model's option is never dropped in silence."""
    with pytest.raises(ValidationError) as caught:
        of(name, **{field: EXTRAS.get(field, 5)})
    assert [(one["type"], one["loc"]) for one in caught.value.errors()] == [("extra_forbidden", (field,))]


def test_picture_is_brought_to_the_size_of_the_clip() -> None:
    """That of the question's shape, or the one that is named."""
    assert of("wavespeed-wan-2.1-i2v-480p").image_rule().target((300, 400)) == (480, 832)
    assert of("wavespeed-wan-2.1-i2v-480p", size="832x480").image_rule().target((300, 400)) == (832, 480)
    assert of("veo-3.1", aspect_ratio="9:16").image_rule().target((1600, 900)) == (1080, 1920)
    assert of("wavespeed-wan-2.2-i2v-720p").image_rule().target((1000, 1000)) == (960, 960)
    assert of("wavespeed-wan-2.2-image-to-video", resolution="720p").image_rule().target((9, 16)) == (1280, 720)


def test_request_without_prompt_or_picture_is_refused() -> None:
    """By what is missing."""
    chosen = of("veo-3.1")
    with pytest.raises(RejectedError, match="needs a prompt"):
        payload.body(chosen.about, asked(chosen, prompt=""))
    with pytest.raises(RejectedError, match="needs a first frame"):
        payload.body(chosen.about, asked(chosen, first_frame=None))
