"""What the plugin lists, at what cost, and that its README says the same."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from vmevalkit_core import S3_SECRETS, S3_SETTINGS, ModelSpec
from vmevalkit_luma.client import Luma
from vmevalkit_luma.options import LumaOptions, Ray32
from vmevalkit_luma.plugin import vmeval_models

README = Path(__file__).resolve().parent.parent / "README.md"
SPECS = {spec.name: spec for spec in vmeval_models()}
HEAVY = {"pydantic", "httpx", "httpx2", "PIL", "av", "numpy", "typer", "asyncio", "tenacity", "boto3", "botocore"}
every = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


def loaded(target: str) -> type:
    """The class that a spec names."""
    module, _, name = target.partition(":")
    found: type = getattr(import_module(module), name)
    return found


@every
def test_targets_of_a_spec_are_there(spec: ModelSpec) -> None:
    """A generator, and options."""
    assert issubclass(loaded(spec.factory), Luma)
    assert issubclass(loaded(spec.options), LumaOptions)


@every
def test_spec_survives_json(spec: ModelSpec) -> None:
    """Specs travel to workers as JSON."""
    assert ModelSpec.from_json(spec.to_json()) == spec


@every
def test_every_variable_that_is_read_is_declared(spec: ModelSpec) -> None:
    """The key and the base address, by the names that the generator reads."""
    factory = loaded(spec.factory)
    assert issubclass(factory, Luma)
    assert spec.needs[0].names == factory.keys
    assert factory.base_url_env in spec.settings
    assert (spec.inputs, spec.seeds) == (("first_frame", "prompt"), None)


def test_names_are_those_of_the_catalog() -> None:
    """With Luma's own ids."""
    assert {name: spec.provider_model for name, spec in SPECS.items()} == {
        "luma-ray-3.2": "ray-3.2",
        "luma-ray-2": "ray-2",
        "luma-ray-flash-2": "ray-flash-2",
    }


@pytest.mark.parametrize("name", ["luma-ray-2", "luma-ray-flash-2"])
def test_older_models_are_deprecated_and_need_storage(name: str) -> None:
    """Their keys of storage are secrets; only the bucket has to be named."""
    spec = SPECS[name]
    assert (spec.state.life, spec.state.successor) == ("deprecated", "luma-ray-3.2")
    assert [need.names for need in spec.needs] == [("LUMA_API_KEY", "LUMAAI_API_KEY"), ("S3_BUCKET",)]
    assert set(S3_SETTINGS) < set(spec.settings)
    assert spec.secrets == S3_SECRETS


def test_listing_imports_nothing_heavy() -> None:
    """Everybody who lists models pays for it."""
    code = "import sys, vmevalkit_luma.plugin as p; list(p.vmeval_models()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & {name.partition(".")[0] for name in done.stdout.split()}


def test_readme_lists_every_model() -> None:
    """The table is made from the specs; this prints what it has to be."""
    table = "\n".join(rows())
    assert table in README.read_text("utf-8"), f"put into README.md:\n{table}"


def test_readme_lists_every_price() -> None:
    """As the options tell it."""
    table = "\n".join(prices())
    assert table in README.read_text("utf-8"), f"put into README.md:\n{table}"


def test_readme_names_options_that_there_are() -> None:
    """Of `vmeval run`."""
    line = [sys.executable, "-m", "vmevalkit_core", "run", "--help"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    named = set(re.findall(r"(?<!\w)--[a-z][a-z-]+", README.read_text("utf-8")))
    assert named
    assert not {name for name in named if name not in told}


def rows() -> list[str]:
    """The table of the models."""
    head = ["| Model | Luma's name | API | Seconds | Resolution | Default clip |", "| --- " * 6 + "|"]
    return head + [row(spec) for spec in SPECS.values()]


def row(spec: ModelSpec) -> str:
    """One line of it."""
    options = loaded(spec.options)
    assert issubclass(options, LumaOptions)
    schema = options.model_json_schema()["properties"]
    price = options().price()
    default = f"5 s in 720p, {'price unknown' if price is None else f'{price:.2f} USD'}"
    api = "Agents" if spec.needs[0].names == ("LUMA_AGENTS_API_KEY",) else "Dream Machine, with a bucket"
    seconds, resolutions = (", ".join(map(str, schema[name]["enum"])) for name in ("duration", "resolution"))
    return f"| `{spec.name}` | `{spec.provider_model}` | {api} | {seconds} | {resolutions} | {default} |"


def prices() -> list[str]:
    """The table of the prices of Ray 3.2."""
    kinds: dict[str, dict[str, object]] = {"5 s": {}, "10 s": {"duration": 10}, "5 s, HDR": {"hdr": True}}
    head = ["| Ray 3.2, USD | 540p | 720p | 1080p |", "| --- " * 4 + "|"]
    return head + [f"| {name} | {' | '.join(cell(given, name) for name in TIERS)} |" for name, given in kinds.items()]


TIERS = ("540p", "720p", "1080p")


def cell(given: dict[str, object], tier: str) -> str:
    """One price; a dash where there is no such clip."""
    if given.get("hdr") and tier == "540p":
        return "-"
    return f"{Ray32.model_validate(given | {'resolution': tier}).price():.2f}"
