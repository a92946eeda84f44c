"""The bodies of every model before a Runway that refuses what its types do not have, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from test_runway_payload import asked

from vmevalkit_core.testing import Simulator
from vmevalkit_runway import options, payload
from vmevalkit_runway.catalog import Model
from vmevalkit_runway.models import MODELS

DIALECT = f"{Path(__file__).with_name('runway_dialect.py')}:RunwayVendor"
HEADERS = {"authorization": "Bearer key", "x-runway-version": "2024-11-06"}
LIVE = {name: model for name, model in MODELS.items() if not model.gone}
EXTRAS: dict[str, Any] = {
    "audio": True,
    "cfg_scale": 0.5,
    "draft": True,
    "negative_prompt": "text",
    "output_format": "hdr10",
    "prompt_expansion_mode": "disabled",
    "public_figure_threshold": "low",
}


@pytest.fixture(scope="module")
def runway() -> Iterator[httpx2.Client]:
    """A client of a Runway on a loopback socket."""
    with Simulator(DIALECT) as simulator, httpx2.Client(base_url=simulator.url, headers=HEADERS) as client:
        yield client


def choices(model: Model) -> list[dict[str, Any]]:
    """Options worth sending: the defaults, each resolution, all extras at once, and a length of the model's choice."""
    tiers = [{"resolution": tier.name} for tier in model.tiers if len(model.tiers) > 1]
    extras = {name: EXTRAS[name] for name in model.extras}
    return [{}, *tiers, extras, *([{"duration": "auto"}] if model.length.auto else [])]


@pytest.mark.parametrize("model", LIVE.values(), ids=LIVE)
def test_every_body_is_taken_and_costs_no_more_than_told(runway: httpx2.Client, model: Model) -> None:
    """With pictures of each shape that the model is sent; the charge is Runway's own."""
    for chosen in choices(model):
        made = getattr(options, model.class_name)(**chosen)
        for source in ((64, 64), (640, 360), (360, 640), (3000, 1000)):
            size = made.image_rule().target(source)
            request = asked(model.id, size=size, options=chosen, seed=7)
            body = payload.body(model, request, "data:image/png;base64,iVBORw==")
            answer = runway.post("/v1/image_to_video", json=body)
            assert answer.status_code == 200, (body, answer.text)
            charged = Decimal(answer.json()["estimatedCost"]["credits"]) / 100
            assert made.price() is None or charged <= made.price()


def test_field_of_another_model_is_refused_by_this_runway(runway: httpx2.Client) -> None:
    """Else the test above could not fail."""
    body = payload.body(MODELS["gen4_turbo"], asked("gen4_turbo"), "data:image/png;base64,iVBORw==") | {"audio": True}
    answer = runway.post("/v1/image_to_video", json=body)
    assert (answer.status_code, answer.json()["issues"][0]["path"]) == (400, ["audio"])
