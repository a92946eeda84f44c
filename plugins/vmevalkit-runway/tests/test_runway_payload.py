"""Bodies as the official SDK sends them, recorded on a loopback socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vmevalkit_core import GenerationRequest, Geometry, ImageRef, RejectedError
from vmevalkit_runway import options, payload
from vmevalkit_runway.models import MODELS

every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def asked(model_id: str, size: tuple[int, int] = (1280, 720), **changes: Any) -> GenerationRequest:
    """A request with the options in effect, as a worker gets it."""
    model = MODELS[model_id]
    rule = getattr(options, model.class_name)(**changes.pop("options", {}))
    size = size if model.tiers[0].sizes else rule.image_rule().target(size)
    whole = Geometry(source=size, sent=size)
    picture = ImageRef(path=Path("frame.png"), sha256="0" * 64, media_type="image/png", size=size, geometry=whole)
    asks = {"prompt": "Solve it.", "first_frame": picture, "options": rule.model_dump(mode="json")} | changes
    return GenerationRequest(model=model.name, **asks)


def sent(model_id: str, uri: str = "data:image/png;base64,iVBORw==", **changes: Any) -> str:
    """The body as it goes over the wire."""
    body = payload.body(MODELS[model_id], asked(model_id, **changes), uri)
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def test_body_of_gen4_turbo_is_the_recorded_one() -> None:
    """Byte for byte: camelCase, numbers as numbers, the picture as a string."""
    assert sent("gen4_turbo", seed=7) == (
        '{"duration":5,"model":"gen4_turbo","promptImage":"data:image/png;base64,iVBORw==",'
        '"promptText":"Solve it.","ratio":"1280:720","seed":7}'
    )


def test_body_of_gen45_is_the_recorded_one() -> None:
    """Byte for byte: the picture as an upload, in a list that says it is the first frame."""
    assert sent("gen4.5", uri="runway://abc") == (
        '{"duration":5,"model":"gen4.5","promptImage":[{"position":"first","uri":"runway://abc"}],'
        '"promptText":"Solve it.","ratio":"1280:720"}'
    )


ALLOWED = {
    "gen4_turbo": {"contentModeration", "seed"},
    "gen4.5": {"contentModeration", "seed", "outputFormat"},
    "veo3.1": {"audio", "negativePrompt", "seed"},
    "veo3.1_fast": {"audio", "negativePrompt", "seed"},
    "kling2.5_turbo_pro": {"cfgScale"},
    "kling3.0_standard": {"audio", "cfgScale"},
    "kling3.0_pro": {"audio", "cfgScale"},
    "kling3.0_4k": {"audio", "cfgScale"},
    "klingO3_standard": {"audio"},
    "klingO3_pro": {"audio"},
    "klingO3_4k": {"audio"},
    "seedance2": {"audio", "seed"},
    "seedance2_fast": {"audio", "seed"},
    "seedance2_mini": {"audio", "seed"},
    "seedance2_5": {"audio", "seed", "draft"},
    "hailuo3": {"resolution"},
    "h3_max": {"resolution", "seed", "promptExpansionMode"},
    "happyhorse_1_0": {"resolution"},
    "grok_imagine_1_5": {"resolution"},
    "wan3": {"audio"},
    "wan3_prime": {"audio"},
    "gen4_aleph": {"seed"},
    "gen3a_turbo": {"seed"},
    "veo3": {"negativePrompt"},
}
"""Fields of the SDK's types that each model has beside model, promptImage, promptText and duration, and ratio below."""
WITHOUT_RATIO = {"kling2.5_turbo_pro", "h3_max", "happyhorse_1_0", "grok_imagine_1_5"}


@every
def test_no_field_is_sent_that_the_model_does_not_list(model: Any) -> None:
    """With a seed and with every option that the model has."""
    given = {"cfg_scale": 0.5, "negative_prompt": "text", "public_figure_threshold": "low", "output_format": "hlg"}
    chosen = {name: value for name, value in given.items() if name in model.extras}
    body = json.loads(sent(model.id, seed=7, options=chosen))
    always = {"model", "promptImage", "promptText", "duration"} | (
        {"ratio"} if model.id not in WITHOUT_RATIO else set()
    )
    assert set(body) == always | ALLOWED.get(model.id, set())


@pytest.mark.parametrize(
    ("model_id", "size", "chosen", "fields"),
    [
        ("gen4_turbo", (960, 960), {}, {"ratio": "960:960"}),
        ("gen4_turbo", (832, 1104), {"ratio": "832:1104"}, {"ratio": "832:1104"}),
        ("seedance2_5", (854, 480), {"resolution": "480p"}, {"ratio": "854:480"}),
        ("wan3", (1000, 500), {}, {"ratio": "auto_720p"}),
        ("kling_4", (64, 64), {"resolution": "1080p"}, {"ratio": "auto_1080p"}),
        ("grok_imagine_1_5_lite", (64, 64), {"resolution": "480p"}, {"ratio": "auto_480p"}),
        ("happyhorse_1_0", (64, 64), {}, {"resolution": "720p"}),
        ("h3_max", (64, 64), {"resolution": "480p"}, {"resolution": "480p"}),
        ("hailuo3", (2100, 900), {}, {"ratio": "21:9", "resolution": "768p"}),
        ("hailuo3", (60, 80), {"resolution": "2k"}, {"ratio": "3:4", "resolution": "2k"}),
        ("kling2.5_turbo_pro", (64, 64), {}, {}),
    ],
)
def test_size_is_said_in_the_words_of_the_model(
    model_id: str, size: tuple[int, int], chosen: dict[str, Any], fields: dict[str, str]
) -> None:
    """Pixels, a tier, a true aspect ratio, or nothing."""
    body = json.loads(sent(model_id, size=size, options=chosen))
    assert {name: body[name] for name in ("ratio", "resolution") if name in body} == fields


def test_rare_options_have_their_place_on_the_wire() -> None:
    """Nested, and in camelCase."""
    body = json.loads(sent("gen4_turbo", options={"public_figure_threshold": "low"}))
    assert body["contentModeration"] == {"publicFigureThreshold": "low"}
    body = json.loads(sent("veo3.1", options={"negative_prompt": "text", "duration": 8, "audio": True}))
    assert (body["negativePrompt"], body["duration"], body["audio"]) == ("text", 8, True)
    assert json.loads(sent("seedance2", options={"duration": "auto"}))["duration"] == "auto"


def test_sound_is_refused_in_so_many_words() -> None:
    """Else the model may add it, and its price."""
    assert json.loads(sent("veo3.1"))["audio"] is False


@pytest.mark.parametrize(("prompt", "units"), [("a" * 1000, 1000), ("🧩" * 500, 1000), ("é" * 1000, 1000)])
def test_prompt_up_to_the_limit_is_sent(prompt: str, units: int) -> None:
    """Counted in UTF-16 code units, of which an emoji has two."""
    assert payload.utf16_units(prompt) == units
    assert json.loads(sent("gen4_turbo", prompt=prompt))["promptText"] == prompt


@pytest.mark.parametrize(
    ("model_id", "prompt"), [("gen4_turbo", "a" * 1001), ("gen4.5", "a" * 999 + "🧩"), ("happyhorse_1_0", "é" * 2501)]
)
def test_prompt_that_is_too_long_is_never_sent(model_id: str, prompt: str) -> None:
    """The refusal says how long it is and how long it may be."""
    with pytest.raises(RejectedError, match=rf"has {payload.utf16_units(prompt)} UTF-16 code units.*takes \d+ at most"):
        sent(model_id, prompt=prompt)


@pytest.mark.parametrize("prompt", ["", None])
def test_empty_prompt_is_left_out_or_refused(prompt: str | None) -> None:
    """Runway takes a missing prompt for some models, an empty one for none."""
    assert "promptText" not in json.loads(sent("gen4_turbo", prompt=prompt))
    with pytest.raises(RejectedError, match=r"runway-gen45 needs a prompt"):
        sent("gen4.5", prompt=prompt)


def test_missing_frame_is_refused() -> None:
    """There is no such request."""
    with pytest.raises(RejectedError, match="needs a first frame"):
        payload.body(MODELS["gen4_turbo"], asked("gen4_turbo", first_frame=None), "")


def test_data_uri_is_used_up_to_its_limit() -> None:
    """Five million characters of the encoded string, its head included."""
    head = len("data:image/png;base64,")
    most = (payload.DATA_URI_LIMIT - head) // 4 * 3
    assert payload.fits_data_uri(most, "image/png")
    assert not payload.fits_data_uri(most + 1, "image/png")
    assert len(payload.data_uri(b"x" * most, "image/png")) <= payload.DATA_URI_LIMIT


def test_data_uri_holds_the_file() -> None:
    """Standard base64 with padding."""
    assert payload.data_uri(b"\xff\xfe\x00", "image/webp") == "data:image/webp;base64,//4A"
