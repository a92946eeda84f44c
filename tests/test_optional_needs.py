"""A variable that a model uses where it is set, and can do without."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmevalkit_core import ModelSpec, Need
from vmevalkit_core.api.orders import _newly_set
from vmevalkit_core.checks.check import Surroundings
from vmevalkit_core.checks.here import keys
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner.workshop import Workshop

SPEC = ModelSpec(name="acme", factory="acme:Acme", needs=(Need("ACME_KEY", optional=True),))


def test_optional_need_is_never_missed() -> None:
    """Without it there is no account to tell from others."""
    shop = Workshop(Registry(), env={})
    assert shop.account(SPEC) is None
    assert _newly_set(SPEC, {}) == {}


def test_optional_need_is_a_secret_where_it_is_set() -> None:
    """It names the account, reaches the generator, and is hidden."""
    shop = Workshop(Registry(), env={"ACME_KEY": "a-long-secret"})
    assert shop.account(SPEC) is not None
    assert shop._context(SPEC).env == {"ACME_KEY": "a-long-secret"}
    assert shop.redactor.text("a-long-secret") == "[redacted]"


def test_optional_need_survives_json() -> None:
    """Specs travel to workers as JSON, also those of an older core."""
    assert ModelSpec.from_json(SPEC.to_json()) == SPEC
    old = SPEC.to_json()
    del old["needs"][0]["optional"]
    assert not ModelSpec.from_json(old).needs[0].optional


def test_doctor_has_no_complaint_about_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not a note of something to be done."""
    monkeypatch.delenv("ACME_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    registry = Registry()
    registry._specs[SPEC.name] = SPEC
    (check,) = keys(Surroundings(lambda: registry, output=tmp_path))
    assert (check.state, check.text) == ("ok", "ACME_KEY is not set; used by 1 model, which can do without")
