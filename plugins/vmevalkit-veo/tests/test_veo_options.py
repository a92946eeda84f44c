"""Options of every model: defaults, bounds, prices, the sizes of its pictures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from vmevalkit_veo import options
from vmevalkit_veo.catalog import MODELS, Model
from vmevalkit_veo.options import GoogleOptions

every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def of(name: str, **given: Any) -> GoogleOptions:
    """The options of a model."""
    made: GoogleOptions = getattr(options, MODELS[name].options)(**given)
    return made


@every
def test_defaults_are_legal_and_survive_a_record(model: Model) -> None:
    """What is written down is what a later command reads."""
    chosen = of(model.name)
    assert type(chosen)(**chosen.model_dump(mode="json")) == chosen
    assert chosen.about is model


@every
def test_picture_is_brought_to_the_pixels_of_the_clip(model: Model) -> None:
    """Wide or high, whichever is nearer in shape."""
    rule = of(model.name).image_rule()
    assert [rule.target(size) for size in ((64, 64), (4000, 300), (300, 4000), (750, 1000))] == [
        (1280, 720),
        (1280, 720),
        (720, 1280),
        (720, 1280),
    ]
    assert rule.formats == ("image/png", "image/jpeg")
    assert rule.max_bytes is not None
    assert rule.max_bytes * 4 / 3 < 19_000_000


@every
def test_every_resolution_has_a_price_or_is_known_to_have_none(model: Model) -> None:
    """The catalog and the options name the same ones."""
    field = type(of(model.name)).model_fields.get("resolution")
    names = field.annotation.__args__ if field and field.annotation else ("720p",)
    assert tuple(name for name, _ in model.usd) == names
    for name in names if field else ():
        price = of(model.name, resolution=name).price()
        assert price is None or price > 0


@every
def test_every_option_is_documented(model: Model) -> None:
    """`models show` has a line of prose for each."""
    fields = type(of(model.name)).model_fields
    assert all(field.description for field in fields.values())
    assert {"duration", "aspect_ratio", "fit", "background", "bars"} <= set(fields)


@pytest.mark.parametrize(
    ("name", "given", "price"),
    [
        ("veo-3.1-vertex", {}, "3.20"),
        ("veo-3.1-vertex", {"duration": 4}, "1.60"),
        ("veo-3.1-vertex", {"resolution": "1080p"}, "3.20"),
        ("veo-3.1-vertex", {"resolution": "4k"}, "4.80"),
        ("veo-3.1-fast-vertex", {}, "0.80"),
        ("veo-3.1-fast-vertex", {"resolution": "1080p"}, "0.96"),
        ("veo-3.1-fast-vertex", {"resolution": "4k", "generate_audio": True}, "2.40"),
        ("gemini-omni-1.1-flash", {}, "0.51"),
        ("gemini-omni-1.1-flash", {"duration": 10}, "1.02"),
        ("gemini-omni-1.1-flash", {"duration": 3}, "0.31"),
    ],
)
def test_price_follows_the_options(name: str, given: dict[str, Any], price: str) -> None:
    """US dollars a second, times seconds, rounded up to a cent."""
    assert of(name, **given).price() == Decimal(price)


@pytest.mark.parametrize(
    ("name", "given"),
    [("gemini-omni-1.1-flash", {"resolution": "1080p"}), ("gemini-omni-1.2-flash", {}), ("veo-3.1-generate", {})],
)
def test_price_that_nobody_knows_is_none(name: str, given: dict[str, Any]) -> None:
    """No price is made up."""
    assert of(name, **given).price() is None


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("veo-3.1-vertex", {"duration": 5}),
        ("veo-3.1-vertex", {"duration": "8s"}),
        ("veo-3.1-vertex", {"aspect_ratio": "1:1"}),
        ("veo-3.1-vertex", {"resolution": "360p"}),
        ("veo-3.1-vertex", {"negative_prompt": ""}),
        ("veo-3.1-vertex", {"person_generation": "yes"}),
        ("veo-3.1-vertex", {"storage_uri": "https://bucket.example"}),
        ("veo-3.1-vertex", {"storage_uri": "gs://bucket/a?b"}),
        ("gemini-omni-1.1-flash", {"duration": 2}),
        ("gemini-omni-1.1-flash", {"duration": 11}),
        ("gemini-omni-1.2-flash", {"duration": 16}),
        ("gemini-omni-1.2-flash", {"duration": 5.5}),
        ("veo-2", {"duration": 4}),
        ("veo-3.0-generate", {"resolution": "4k"}),
    ],
)
def test_value_out_of_bounds_is_refused(name: str, given: dict[str, Any]) -> None:
    """Before anything is sent."""
    with pytest.raises(ValidationError) as caught:
        of(name, **given)
    assert caught.value.errors()[0]["loc"][0] == next(iter(given))


@pytest.mark.parametrize("resolution", ["1080p", "4k"])
def test_high_resolution_needs_eight_seconds(resolution: str) -> None:
    """The refusal names both options."""
    with pytest.raises(ValidationError, match=f"duration has to be 8 where resolution is {resolution}"):
        of("veo-3.1-vertex", resolution=resolution, duration=4)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("veo-3.1-vertex", "fps"),
        ("veo-3.1-vertex", "seconds"),
        ("gemini-omni-1.1-flash", "negative_prompt"),
        ("gemini-omni-1.1-flash", "generate_audio"),
        ("gemini-omni-1.2-flash", "storage_uri"),
        ("veo-2", "resolution"),
        ("veo-2.0-generate", "generate_audio"),
        ("veo-3.1-generate", "storage_uri"),
    ],
)
def test_option_that_a_model_lacks_is_refused_by_name(name: str, field: str) -> None:
    """Another model's option is never dropped in silence."""
    with pytest.raises(ValidationError) as caught:
        of(name, **{field: True})
    assert [(one["type"], one["loc"]) for one in caught.value.errors()] == [("extra_forbidden", (field,))]


def test_resolution_and_ratio_choose_the_pixels() -> None:
    """A large picture does not make a clip dearer than what was asked for."""
    assert of("veo-3.1-vertex", resolution="4k").image_rule().target((64, 48)) == (3840, 2160)
    assert of("gemini-omni-1.1-flash", resolution="360p").image_rule().target((3840, 2160)) == (640, 360)
    assert of("veo-3.1-vertex", aspect_ratio="9:16").image_rule().target((1280, 720)) == (720, 1280)


def test_picture_options_reach_the_rule() -> None:
    """Bars, background and fit are the user's."""
    rule = of("veo-3.1-vertex", fit="crop", bars="grey", background="red").image_rule()
    assert (rule.fit, rule.bars, rule.background) == ("crop", "grey", "red")
