"""Options of every model: defaults, bounds, prices, rules, and the shapes of its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from test_luma_payload import asked

from vmevalkit_core.testing import Simulator
from vmevalkit_luma import options, payload
from vmevalkit_luma.options import LumaOptions, Ray2, Ray32, RayFlash2, pair

every = pytest.mark.parametrize("kind", [Ray32, Ray2, RayFlash2])


@every
def test_defaults_are_legal_and_survive_a_record(kind: type[LumaOptions]) -> None:
    """What is written down is what a later command reads."""
    chosen = kind()
    assert kind(**chosen.model_dump(mode="json")) == chosen
    assert chosen.model_dump()["duration"] == 5


@every
def test_every_option_is_described(kind: type[LumaOptions]) -> None:
    """For `vmeval models show`."""
    assert all(field.description for field in kind.model_fields.values())


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Ray32, {"duration": 9}),
        (Ray32, {"duration": 7}),
        (Ray32, {"resolution": "4k"}),
        (Ray32, {"aspect_ratio": "9:21"}),
        (Ray32, {"seed": 3}),
        (Ray32, {"exr_export": True}),
        (Ray32, {"negative_prompt": "text"}),
        (Ray2, {"duration": 10}),
        (Ray2, {"resolution": "360p"}),
        (Ray2, {"hdr": True}),
        (RayFlash2, {"enhance_prompt": True}),
        (RayFlash2, {"aspect_ratio": "2:1"}),
    ],
)
def test_option_that_a_model_lacks_is_refused_by_name(kind: type[LumaOptions], given: dict[str, Any]) -> None:
    """Before anything is sent."""
    with pytest.raises(ValidationError) as caught:
        kind(**given)
    assert caught.value.errors()[0]["loc"] == tuple(given)


@pytest.mark.parametrize(
    ("given", "name", "words"),
    [
        ({"duration": 10, "hdr": True}, "hdr", "only clips of 5 s"),
        ({"duration": 10, "loop": True}, "loop", "only clips of 5 s"),
        ({"resolution": "540p", "hdr": True}, "hdr", "only clips in 720p and 1080p"),
        ({"resolution": "360p", "hdr": True}, "hdr", "only clips in 720p and 1080p"),
        ({"loop": True, "hdr": True}, "hdr", "loops cannot have it"),
    ],
)
def test_options_that_exclude_each_other_are_refused(given: dict[str, Any], name: str, words: str) -> None:
    """By the name of the one that is too much."""
    with pytest.raises(ValidationError, match=words) as caught:
        Ray32(**given)
    assert caught.value.errors()[0]["loc"] == (name,)


PRICES: list[tuple[dict[str, Any], str | None]] = [
    ({}, "0.30"),
    ({"resolution": "540p"}, "0.15"),
    ({"resolution": "1080p"}, "1.20"),
    ({"duration": 10, "resolution": "540p"}, "0.45"),
    ({"duration": 10}, "0.90"),
    ({"duration": 10, "resolution": "1080p"}, "3.60"),
    ({"hdr": True}, "0.60"),
    ({"hdr": True, "resolution": "1080p"}, "2.40"),
    ({"resolution": "360p"}, None),
]
"""By Luma's price page."""


@pytest.mark.parametrize(("given", "usd"), PRICES)
def test_price_is_that_of_the_page(given: dict[str, Any], usd: str | None) -> None:
    """Ten seconds cost three times as much as five; a draft's price stands nowhere."""
    assert Ray32(**given).price() == (None if usd is None else Decimal(usd))


def test_price_by_the_pixel_is_unknown() -> None:
    """No page tells it for Dream Machine, so none is made up."""
    assert (Ray2().price(), RayFlash2(resolution="4k").price()) == (None, None)


@every
def test_picture_is_brought_to_a_shape_that_luma_has(kind: type[LumaOptions]) -> None:
    """With even sides and about the pixels of the resolution, whatever its own shape is."""
    every_ratio = [pair(ratio) for ratio in kind().shape()[1]]
    for source in ((64, 64), (4000, 300), (300, 4000), (1280, 720), (1000, 750)):
        width, height = kind().image_rule().target(source)
        assert any(width * down == height * across for across, down in every_ratio)
        assert (width % 2, height % 2) == (0, 0)
        assert 0.9 * 1280 * 720 <= width * height <= 1280 * 720


def test_chosen_shape_is_the_only_one() -> None:
    """In the pixels of the chosen resolution."""
    rule = Ray32(aspect_ratio="1:1", resolution="1080p").image_rule()
    assert rule.target((1280, 720)) == (1440, 1440)
    assert rule.formats == ("image/png", "image/jpeg")


CHOICES: list[dict[str, Any]] = [given for given, _ in PRICES] + [{"loop": True}, {"aspect_ratio": "21:9"}]


@pytest.fixture(scope="module")
def agents() -> Iterator[httpx2.Client]:
    """A client of an Agents API on a loopback socket."""
    dialect = f"{Path(__file__).with_name('luma_dialects.py')}:AgentsVendor"
    headers = {"authorization": "Bearer key"}
    with Simulator(dialect) as simulator, httpx2.Client(base_url=simulator.url, headers=headers) as client:
        yield client


@pytest.mark.parametrize("given", CHOICES)
def test_every_body_is_taken(agents: httpx2.Client, given: dict[str, Any]) -> None:
    """By a Luma that refuses what its documents do not name, with pictures of each shape."""
    for source in ((64, 64), (640, 360), (360, 640), (3000, 1000)):
        size = options.Ray32(**given).image_rule().target(source)
        body = payload.agents_body(asked("Ray32", size=size, options=given), b"\x89PNG")
        answer = agents.post("/v1/generations", json=body)
        assert answer.status_code == 201, (body, answer.text)


def test_field_that_luma_does_not_have_is_refused_by_this_luma(agents: httpx2.Client) -> None:
    """Else the test above could not fail."""
    body = payload.agents_body(asked("Ray32"), b"\x89PNG")
    body["video"] |= {"seed": 3}
    assert agents.post("/v1/generations", json=body).json() == {"detail": "unknown video field seed"}
