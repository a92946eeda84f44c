"""Options of every model: defaults, bounds, prices, the sizes of its pictures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from vmevalkit_core import ImageRule
from vmevalkit_runway import options
from vmevalkit_runway.models import MODELS
from vmevalkit_runway.options import RunwayOptions

every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def of(model_id: str, **given: Any) -> RunwayOptions:
    """The options of a model."""
    made: RunwayOptions = getattr(options, MODELS[model_id].class_name)(**given)
    return made


@every
def test_defaults_are_legal_and_survive_a_record(model: Any) -> None:
    """What is written down is what a later command reads."""
    chosen = of(model.id)
    assert type(chosen)(**chosen.model_dump(mode="json")) == chosen
    assert chosen.about is model


@every
def test_picture_is_brought_to_a_legal_size(model: Any) -> None:
    """Whatever its shape, a prepared picture is of a size, or of a shape, that the model documents."""
    rule = of(model.id).image_rule()
    for source in ((64, 64), (4000, 300), (300, 4000), (1280, 720), (1000, 750)):
        width, height = rule.target(source)
        if model.tiers[0].sizes:
            assert (width, height) in {size for tier in model.tiers for size in tier.sizes}
        else:
            shapes = model.aspects or [(2, 1), (1, 2)]
            assert min(a / b for a, b in shapes) <= width / height <= max(a / b for a, b in shapes)
            assert min(width, height) >= 480


@every
def test_every_choice_has_a_price_or_none_has(model: Any) -> None:
    """A model that is priced is priced in all of its resolutions."""
    names = [tier.name for tier in model.tiers] if len(model.tiers) > 1 else [None]
    given = [{} if name is None else {"resolution": name} for name in names]
    prices = [of(model.id, **one).price() for one in given]
    assert all(price is None for price in prices) or all(price and price > 0 for price in prices)


@pytest.mark.parametrize(
    ("model_id", "given", "price"),
    [
        ("gen4_turbo", {}, "0.25"),
        ("gen4_turbo", {"duration": 10}, "0.50"),
        ("gen4.5", {"duration": 2}, "0.24"),
        ("gen4.5", {"output_format": "hdr10"}, "1.60"),
        ("veo3.1", {}, "0.80"),
        ("veo3.1", {"duration": 8, "audio": True}, "3.20"),
        ("veo3.1_fast", {"audio": True}, "0.60"),
        ("seedance2", {}, "1.80"),
        ("seedance2", {"ratio": "3840:2160"}, "7.50"),
        ("seedance2", {"resolution": "1080p"}, "2.00"),
        ("seedance2", {"resolution": "4k", "ratio": "640:640"}, "1.80"),
        ("seedance2", {"audio": True}, "1.80"),
        ("seedance2_5", {"draft": True}, "1.50"),
        ("hailuo3", {"resolution": "2k", "ratio": "21:9"}, "0.75"),
        ("grok_imagine_1_5", {"resolution": "1080p", "duration": 3}, "0.87"),
    ],
)
def test_price_follows_the_options(model_id: str, given: dict[str, Any], price: str) -> None:
    """Credits a second, times seconds, at a cent each."""
    assert of(model_id, **given).price() == Decimal(price)


@pytest.mark.parametrize(
    ("model_id", "given"),
    [("kling3.0_pro", {}), ("seedance2", {"duration": "auto"}), ("gemini_omni_flash_1.1", {}), ("wan3_prime", {})],
)
def test_price_that_nobody_knows_is_none(model_id: str, given: dict[str, Any]) -> None:
    """No price is made up."""
    assert of(model_id, **given).price() is None


@pytest.mark.parametrize(
    ("model_id", "given"),
    [
        ("gen4_turbo", {"duration": 1}),
        ("gen4_turbo", {"duration": 11}),
        ("gen4_turbo", {"duration": 2.5}),
        ("gen4_turbo", {"duration": "auto"}),
        ("gen4_turbo", {"ratio": "16:9"}),
        ("gen4_turbo", {"ratio": "1920:1080"}),
        ("gen4.5", {"output_format": "prores"}),
        ("gen4.5", {"output_format": "png_sequence"}),
        ("gen4.5", {"public_figure_threshold": "high"}),
        ("veo3.1", {"duration": 5}),
        ("veo3.1", {"negative_prompt": ""}),
        ("gemini_omni_flash", {"duration": 2}),
        ("kling2.5_turbo_pro", {"cfg_scale": 1.1}),
        ("kling3.0_standard", {"ratio": "1920:1080"}),
        ("seedance2_fast", {"resolution": "1080p"}),
        ("seedance2_5", {"ratio": "864:496"}),
        ("hailuo3", {"ratio": "1280:720"}),
        ("h3_max", {"prompt_expansion_mode": "wild"}),
        ("wan3", {"duration": 0}),
    ],
)
def test_value_out_of_bounds_is_refused(model_id: str, given: dict[str, Any]) -> None:
    """Before anything is sent."""
    with pytest.raises(ValidationError) as caught:
        of(model_id, **given)
    assert caught.value.errors()[0]["loc"][0] == next(iter(given))


@pytest.mark.parametrize(
    ("model_id", "field"),
    [
        ("gen4_turbo", "output_format"),
        ("gen4_turbo", "audio"),
        ("gen4_turbo", "resolution"),
        ("gen4.5", "negative_prompt"),
        ("veo3.1", "public_figure_threshold"),
        ("kling2.5_turbo_pro", "ratio"),
        ("klingO3_pro", "cfg_scale"),
        ("kling_4", "audio"),
        ("seedance2", "draft"),
        ("hailuo3", "audio"),
        ("grok_imagine_1_5", "ratio"),
        ("gen3a_turbo", "audio"),
    ],
)
def test_option_that_a_model_lacks_is_refused_by_name(model_id: str, field: str) -> None:
    """Another model's option is never dropped in silence."""
    with pytest.raises(ValidationError) as caught:
        of(model_id, **{field: True})
    assert [(one["type"], one["loc"]) for one in caught.value.errors()] == [("extra_forbidden", (field,))]


@pytest.mark.parametrize(
    ("source", "sent"),
    [((64, 64), (960, 960)), ((1920, 1080), (1280, 720)), ((600, 800), (832, 1104)), ((2100, 900), (1584, 672))],
)
def test_nearest_ratio_is_chosen(source: tuple[int, int], sent: tuple[int, int]) -> None:
    """By the shape of the question's picture, where the user names none."""
    assert of("gen4_turbo").image_rule().target(source) == sent


def test_widest_ratio_of_gen45_only_on_demand() -> None:
    """Runway documents that its pictures are at most twice as wide as high."""
    assert of("gen4.5").image_rule().target((2100, 900)) == (1280, 720)
    assert of("gen4.5", ratio="1584:672").image_rule().target((64, 64)) == (1584, 672)


def test_resolution_chooses_among_its_own_sizes() -> None:
    """A large picture does not make a clip dearer than what was asked for."""
    assert of("seedance2").image_rule().target((3840, 2160)) == (1280, 720)
    assert of("veo3.1", resolution="1080p").image_rule().target((64, 48)) == (1920, 1080)


def test_picture_options_reach_the_rule() -> None:
    """Bars, background and fit are the user's."""
    rule = of("gen4_turbo", fit="crop", bars="grey", background="red").image_rule()
    assert (rule.fit, rule.bars, rule.background) == ("crop", "grey", "red")
    assert rule.formats == ImageRule().formats == ("image/png", "image/jpeg", "image/webp")


@every
def test_every_option_is_documented(model: Any) -> None:
    """`models show` has a line of prose for each."""
    fields = type(of(model.id)).model_fields
    assert all(field.description for field in fields.values())
    assert {"duration", "fit", "background", "bars"} <= set(fields)
