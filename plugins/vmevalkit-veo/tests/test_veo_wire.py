"""The bodies of every live model before a Google that refuses what its types do not have, over a real socket."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from test_veo_payload import asked
from veo_vertex_dialect import GRANT, SCOPE

from vmevalkit_core.testing import Simulator
from vmevalkit_veo import options, payload
from vmevalkit_veo.catalog import MODELS, Model

HERE = Path(__file__).resolve().parent
PICTURE = b64encode(b"\x89PNG\r\n\x1a\n").decode()
VERTEX = {model.name: model for model in MODELS.values() if model.door == "vertex"}
OMNI = {model.name: model for model in MODELS.values() if model.door == "gemini"}
VEO_OPTIONS: list[dict[str, Any]] = [
    {},
    {"duration": 4},
    {"duration": 6, "generate_audio": True},
    {"resolution": "1080p"},
    {"resolution": "4k", "aspect_ratio": "9:16"},
    {"negative_prompt": "text", "person_generation": "allow_adult", "enhance_prompt": False},
    {"compression_quality": "lossless", "storage_uri": "gs://bucket/clips/"},
]
OMNI_OPTIONS: list[dict[str, Any]] = [
    {},
    {"duration": 3, "resolution": "360p"},
    {"duration": 10, "resolution": "1080p"},
    {"resolution": "4k", "aspect_ratio": "9:16"},
]


@pytest.fixture(scope="module")
def vertex() -> Iterator[httpx2.Client]:
    """A client of a Vertex AI on a loopback socket, with a token."""
    with Simulator(f"{HERE / 'veo_vertex_dialect.py'}:VertexVendor") as simulator:
        claims = urlsafe_b64encode(json.dumps({"scope": SCOPE, "iss": "a"}).encode()).decode()
        form = {"grant_type": GRANT, "assertion": f"x.{claims}.x"}
        token = httpx2.post(f"{simulator.url}/token", data=form).json()["access_token"]
        with httpx2.Client(base_url=simulator.url, headers={"authorization": f"Bearer {token}"}) as client:
            yield client


@pytest.fixture(scope="module")
def gemini() -> Iterator[httpx2.Client]:
    """A client of a Gemini on a loopback socket."""
    key = {"x-goog-api-key": "key"}
    dialect = f"{HERE / 'veo_omni_dialect.py'}:OmniVendor"
    with Simulator(dialect) as simulator, httpx2.Client(base_url=simulator.url, headers=key) as client:
        yield client


def picture_of(model: Model, chosen: dict[str, Any], source: tuple[int, int]) -> tuple[int, int]:
    """The size of a question's picture once it is prepared."""
    size: tuple[int, int] = getattr(options, model.options)(**chosen).image_rule().target(source)
    return size


@pytest.mark.parametrize("chosen", VEO_OPTIONS, ids=str)
@pytest.mark.parametrize("model", VERTEX.values(), ids=VERTEX)
def test_every_body_for_vertex_is_taken(vertex: httpx2.Client, model: Model, chosen: dict[str, Any]) -> None:
    """Wide and high, with a seed at both ends of its range."""
    path = f"/v1beta1/projects/p/locations/l/publishers/google/models/{model.id}:predictLongRunning"
    for source, seed in (((640, 360), 0), ((360, 640), 2**32 - 1)):
        request = asked(model.name, size=picture_of(model, chosen, source), options=chosen, seed=seed)
        answer = vertex.post(path, json=payload.vertex_body(model, request, PICTURE))
        assert answer.status_code == 200, answer.text
        assert answer.json()["name"].startswith(
            f"projects/p/locations/l/publishers/google/models/{model.id}/operations/"
        )


@pytest.mark.parametrize("chosen", OMNI_OPTIONS, ids=str)
@pytest.mark.parametrize("model", OMNI.values(), ids=OMNI)
def test_every_body_for_gemini_is_taken(gemini: httpx2.Client, model: Model, chosen: dict[str, Any]) -> None:
    """Wide and high, with a label."""
    for source in ((640, 360), (360, 640)):
        request = asked(model.name, size=picture_of(model, chosen, source), options=chosen, token="0123abc")
        answer = gemini.post("/v1/interactions", json=payload.omni_body(model, request, PICTURE))
        assert answer.status_code == 200, answer.text


def test_field_of_the_other_service_is_refused_by_this_google(vertex: httpx2.Client, gemini: httpx2.Client) -> None:
    """Else the tests above could not fail."""
    model = MODELS["veo-3.1-vertex"]
    body = payload.vertex_body(model, asked(model.name), PICTURE)
    body["parameters"]["aspect_ratio"] = "16:9"
    path = f"/v1beta1/projects/p/locations/l/publishers/google/models/{model.id}:predictLongRunning"
    assert vertex.post(path, json=body).json()["error"]["message"] == "Unknown field aspect_ratio."
    omni = MODELS["gemini-omni-1.1-flash"]
    form = payload.omni_body(omni, asked(omni.name), PICTURE)
    form["response_format"]["duration"] = 5
    assert gemini.post("/v1/interactions", json=form).json()["error"]["message"] == "Invalid duration."


@pytest.mark.parametrize("name", VERTEX)
def test_price_that_is_told_is_what_this_google_bills(name: str) -> None:
    """By a price list of its own."""
    from veo_vertex_dialect import RATES

    for chosen in VEO_OPTIONS:
        made = getattr(options, VERTEX[name].options)(**chosen)
        assert made.price() == Decimal(RATES[VERTEX[name].id][made.resolution]) * made.duration
