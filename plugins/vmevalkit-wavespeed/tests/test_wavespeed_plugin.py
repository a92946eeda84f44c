"""What the plugin lists, at what cost, and that its README says the same."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from vmevalkit_core import ModelSpec
from vmevalkit_wavespeed.catalog import Model
from vmevalkit_wavespeed.client import WaveSpeed
from vmevalkit_wavespeed.models import MODELS
from vmevalkit_wavespeed.options import WaveSpeedOptions, spelt
from vmevalkit_wavespeed.plugin import vmeval_models

README = Path(__file__).resolve().parent.parent / "README.md"
SPECS = {spec.name: spec for spec in vmeval_models()}
HEAVY = {"pydantic", "httpx", "httpx2", "PIL", "av", "numpy", "typer", "asyncio", "tenacity"}
WAN_21 = {f"i2v-{size}{kind}" for size in ("480p", "720p") for kind in ("", "-ultra-fast", "-lora", "-lora-ultra-fast")}
WAN_22 = WAN_21 | {"i2v-5b-720p", "i2v-5b-720p-lora"}
every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@every
def test_targets_of_a_spec_are_there(model: Model) -> None:
    """The class of the options is that of this very model."""
    spec = SPECS[model.name]
    module, _, name = spec.options.partition(":")
    options = getattr(import_module(module), name)
    assert issubclass(options, WaveSpeedOptions)
    assert options.about is model
    assert spec.factory == f"{WaveSpeed.__module__}:{WaveSpeed.__name__}"


@every
def test_spec_survives_json(model: Model) -> None:
    """Specs travel to workers as JSON."""
    spec = SPECS[model.name]
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_known_names_keep_their_ids() -> None:
    """Eighteen of WAN, four of Veo, each under the id that WaveSpeed has for it."""
    ids = {name: spec.provider_model for name, spec in SPECS.items()}
    expected = {f"wavespeed-wan-2.1-{slug}": f"wavespeed-ai/wan-2.1/{slug}" for slug in WAN_21}
    expected |= {f"wavespeed-wan-2.2-{slug}": f"wavespeed-ai/wan-2.2/{slug}" for slug in WAN_22}
    for name, slug in (("veo-3.1", "veo3.1"), ("veo-3.1-fast", "veo3.1-fast")):
        expected |= dict.fromkeys((name, f"{name}-720p"), f"google/{slug}/image-to-video")
    assert len(expected) == 22
    assert expected.items() <= ids.items()


def test_gone_models_name_the_day() -> None:
    """No successor: OpenAI has none, and what others make is another model."""
    gone = {spec.name: spec.state for spec in SPECS.values() if spec.state.life == "gone"}
    assert set(gone) == {"sora-2-wavespeed", "sora-2-pro-wavespeed"}
    assert {(state.since, state.successor) for state in gone.values()} == {("2026-09-24", "")}


def test_price_that_is_an_about_is_told_so() -> None:
    """In the line that `vmeval models list` shows, and for that model only."""
    told = {name for name, spec in SPECS.items() if "its price is approximate" in spec.description}
    assert told == {"wavespeed-wan-2.2-i2v-720p-ultra-fast"}


def test_nobody_is_shown_the_solution() -> None:
    """Also where WaveSpeed would take a last picture."""
    assert {spec.inputs for spec in SPECS.values()} == {("first_frame", "prompt")}


def test_listing_imports_nothing_heavy() -> None:
    """Everybody who lists models pays for it."""
    code = "import sys, vmevalkit_wavespeed.plugin as p; list(p.vmeval_models()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & {name.partition(".")[0] for name in done.stdout.split()}


def test_readme_lists_every_model() -> None:
    """The table is made from the catalog; this prints what it has to be."""
    table = "\n".join(rows())
    assert table in README.read_text("utf-8"), f"put into README.md:\n{table}"


def rows() -> list[str]:
    """The table of the README."""
    head = ["| Model | WaveSpeed's name | Seconds | Size of the clip | USD a clip | Seed |", "| --- " * 6 + "|"]
    return head + [row(model) for model in MODELS.values() if not model.gone]


def row(model: Model) -> str:
    """One line of it."""
    seconds = ", ".join(map(str, model.lengths)) or "its own"
    sizes = ", ".join(spelt(size) for tier in model.tiers for size in tier.sizes)
    size = sizes or f"{model.tiers[0].name}, shape of the picture"
    about = "about " * model.rough
    price = ", ".join(f"{about}{usd} ({seconds} s)" for seconds, usd in model.prices) or "unknown"
    return f"| `{model.name}` | `{model.id}` | {seconds} | {size} | {price} | yes |"


def test_readme_names_options_that_there_are() -> None:
    """Of `vmeval run`; lines that start a server are its own affair."""
    line = [sys.executable, "-m", "vmevalkit_core", "run", "--help"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    ours = [one for one in README.read_text("utf-8").splitlines() if " serve " not in one]
    named = set(re.findall(r"(?<!\w)--[a-z][a-z-]+", "\n".join(ours)))
    assert named
    assert not {name for name in named if name not in told}
