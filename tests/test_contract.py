"""The contract kept by a plugin without sins, with and without a list of jobs at the vendor; and its tools."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.vendors import BLIND, PLAIN
from vmevalkit_core.testing import ANYTHING, ExampleVendor, GeneratorContract, PlainVendor, RecordedBody
from vmevalkit_core.testing.examples import filled
from vmevalkit_core.testing.planted import leaks, traces
from vmevalkit_core.testing.promises.describing import heavy_ones
from vmevalkit_core.testing.recorded import differences

KEY = "planted-0123456789abcdef"
BODY = {"prompt": "Solve the maze.", "image": ANYTHING, "token": ANYTHING, "seconds": 3}


class TestPlain(GeneratorContract):
    model = PLAIN
    dialect = PlainVendor
    bodies = (RecordedBody(body=BODY, options={"seconds": 3}),)


class TestBlind(GeneratorContract):
    model = BLIND
    dialect = PlainVendor


def test_contract_cannot_be_overridden_in_silence() -> None:
    """Not by a test of one's own, and not by nothing."""
    for body in (lambda self: None, None, pytest.mark.xfail(lambda self: None)):
        with pytest.raises(TypeError, match="test_clip_plays overrides a test of the contract"):
            type("TestMine", (GeneratorContract,), {"test_clip_plays": body})


def test_override_says_why() -> None:
    """What a vendor cannot do is marked, with the reason."""

    @pytest.mark.xfail(reason="the vendor does not tell")
    def excused(self: Any) -> None:
        raise AssertionError

    made = type("TestMine", (GeneratorContract,), {"test_used_up_quota_ends_the_sending": excused, "test_own": excused})
    assert issubclass(made, GeneratorContract)


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {KEY}",
        KEY[3:16],
        KEY[::-1],
        KEY.encode().hex(),
        base64.b64encode(f"user:{KEY}".encode()).decode(),
        base64.b64encode(f"xy{KEY}".encode()).decode(),
    ],
)
def test_every_form_of_a_secret_is_found(text: str) -> None:
    """Whole, in part, or disguised."""
    assert list(traces(KEY, f"...{text}..."))


def test_innocent_text_is_no_trace(tmp_path: Path) -> None:
    """A few letters in common give nothing away."""
    (tmp_path / "log").write_text(f"{KEY[:8]} {KEY[-8:]}")
    assert leaks(KEY, tmp_path) == []
    (tmp_path / "log").write_text(f"key={KEY}")
    assert leaks(KEY, tmp_path) == ["log (as it is)"]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"a": 1, "b": [1, {"c": "x"}]}, []),
        ({"a": 1}, ["body.b is missing"]),
        ({"a": 1, "b": [1, {"c": "x"}], "d": 0}, ["body.d is too much: 0"]),
        ({"a": 2, "b": [1, {"c": "x"}]}, ["body.a is 2 instead of 1"]),
        ({"a": True, "b": [1, {"c": "x"}]}, ["body.a is True instead of 1"]),
        ({"a": 1, "b": [1]}, ["body.b is [1] instead of [1, {'c': ANYTHING}]"]),
    ],
)
def test_bodies_are_compared_field_by_field(sent: Any, found: list[str]) -> None:
    """Also where JSON and Python differ in what is equal."""
    assert list(differences({"a": 1, "b": [1, {"c": ANYTHING}]}, sent)) == found


def test_examples_are_filled_in() -> None:
    """A text that is one word in braces becomes its value."""
    example = {"id": "job-{id}", "progress": "{progress}", "more": ["{id}", "{unknown}", 5]}
    values = {"id": "7", "progress": 0.5}
    assert filled(example, values) == {"id": "job-7", "progress": 0.5, "more": ["7", "{unknown}", 5]}
    assert ExampleVendor.listed_as is None


def test_packages_of_others_are_heavy() -> None:
    """The core, the standard library's light part and the plugin's own modules are not."""
    assert heavy_ones(["vmevalkit_acme", "vmevalkit_core", "dataclasses", "pluggy"], "vmevalkit_acme") == []
    assert heavy_ones(["acme", "httpx2", "asyncio", "json"], "acme") == ["asyncio", "httpx2"]
