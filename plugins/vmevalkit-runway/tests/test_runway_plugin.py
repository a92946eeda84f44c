"""What the plugin lists, at what cost, and that its README says the same."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from vmevalkit_core import ModelSpec
from vmevalkit_runway.catalog import Model, Tier
from vmevalkit_runway.client import Runway
from vmevalkit_runway.models import MODELS
from vmevalkit_runway.options import RunwayOptions
from vmevalkit_runway.plugin import vmeval_models

README = Path(__file__).resolve().parent.parent / "README.md"
SPECS = {spec.provider_model: spec for spec in vmeval_models()}
every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@every
def test_targets_of_a_spec_are_there(model: Model) -> None:
    """The class of the options is that of this very model."""
    spec = SPECS[model.id]
    module, _, name = spec.options.partition(":")
    options = getattr(import_module(module), name)
    assert issubclass(options, RunwayOptions)
    assert options.about is model
    assert options.__name__ == name
    assert spec.factory == f"{Runway.__module__}:{Runway.__name__}"


@every
def test_spec_survives_json(model: Model) -> None:
    """Specs travel to workers as JSON."""
    spec = SPECS[model.id]
    assert ModelSpec.from_json(spec.to_json()) == spec


@every
def test_nobody_is_shown_the_solution(model: Model) -> None:
    """Also where Runway would take a last frame."""
    assert SPECS[model.id].inputs == ("first_frame", "prompt")


def test_names_are_those_of_the_catalog() -> None:
    """Unique, and spelt in lower case with hyphens."""
    names = [spec.name for spec in SPECS.values()]
    assert len(set(names)) == len(names) == 28
    assert {"runway-gen4-turbo", "runway-gen45", "runway-veo3.1-fast", "runway-klingo3-4k"} < set(names)


def test_gone_models_name_the_day_and_what_to_use() -> None:
    """The successor is a live model of this package; a model that changed videos has none here."""
    gone = {spec.name: spec.state for spec in SPECS.values() if spec.state.life == "gone"}
    assert {name: (state.since, state.successor) for name, state in gone.items()} == {
        "runway-gen4-aleph": ("2026-07-30", ""),
        "runway-gen3a-turbo": ("2026-06-10", "runway-gen4-turbo"),
        "runway-veo3": ("2026-08-13", "runway-veo3.1"),
    }
    assert SPECS["gen4_turbo"].state.life == "live"


def test_only_models_with_a_seed_have_a_range() -> None:
    """Runway's range, both ends legal."""
    seeds = {spec.provider_model: spec.seeds for spec in SPECS.values() if spec.seeds}
    assert set(seeds.values()) == {(0, 4294967295)}
    assert {"gen4_turbo", "gen4.5", "veo3.1", "h3_max", "seedance2_5"} < set(seeds)
    assert not {"hailuo3", "kling_4", "wan3", "gemini_omni_flash"} & set(seeds)


def test_readme_lists_every_model() -> None:
    """The table is made from the catalog; this prints what it has to be."""
    table = "\n".join(rows())
    assert table in README.read_text("utf-8"), f"put into README.md:\n{table}"


def test_readme_names_options_that_there_are() -> None:
    """Of `vmeval run`."""
    line = [sys.executable, "-m", "vmevalkit_core", "run", "--help"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    named = set(re.findall(r"(?<!\w)--[a-z][a-z-]+", README.read_text("utf-8")))
    assert named
    assert not {name for name in named if name not in told}


def rows() -> list[str]:
    """The table of the README."""
    head = ["| Model | Runway's name | Seconds | USD a second | Default clip | Seed | Prompt |", "| --- " * 7 + "|"]
    return head + [row(model) for model in MODELS.values() if not model.gone]


def row(model: Model) -> str:
    """One line of it."""
    options = getattr(import_module("vmevalkit_runway.options"), model.class_name)()
    price = options.price()
    default = f"{options.duration} s, " + ("price unknown" if price is None else f"{price:.2f} USD")
    units = f"up to {model.prompt_limit:,}" if model.prompt_limit else "limit unknown"
    cells = (
        f"`{model.name}`",
        f"`{model.id}`",
        seconds(model),
        rates(model),
        default,
        "yes" if model.seeds else "no",
        f"{'required' if model.prompt_required else 'optional'}, {units}",
    )
    return f"| {' | '.join(cells)} |"


def seconds(model: Model) -> str:
    """The legal lengths."""
    length = model.length
    words = ", ".join(map(str, length.choices)) or f"{length.least} to {length.most}"
    if length.most is None and not length.choices:
        words = "whole"
    return f"{words}, `auto`" if length.auto else words


def rates(model: Model) -> str:
    """What a second costs, by resolution where that matters."""
    found = {tier.name: rate(tier) for tier in model.tiers}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return ", ".join(f"{words} at {name}" for name, words in found.items())


def rate(tier: Tier) -> str:
    """What a second costs in one resolution."""
    if tier.credits is None:
        return "unknown"
    return f"{tier.credits / 100:.2f}" + (f" ({tier.with_audio / 100:.2f} with sound)" if tier.with_audio else "")
