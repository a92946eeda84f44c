"""What the plugin lists, at what cost, and that its README says the same."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from vmevalkit_core import InferenceRunner, ModelSpec, UsageError
from vmevalkit_veo.catalog import MODELS, Model
from vmevalkit_veo.options import GoogleOptions
from vmevalkit_veo.plugin import vmeval_models
from vmevalkit_veo.vertex import base_of

README = Path(__file__).resolve().parent.parent / "README.md"
SPECS = {spec.name: spec for spec in vmeval_models()}
HEAVY = {"pydantic", "httpx", "httpx2", "google", "requests", "PIL", "av", "numpy", "typer", "asyncio", "tenacity"}
CATALOG = {
    "veo-2": ("veo-2.0-generate-001", "2026-06-30", "gemini-omni-1.1-flash"),
    "veo-2.0-generate": ("veo-2.0-generate-001", "2026-06-30", "gemini-omni-1.1-flash"),
    "veo-3.0-generate": ("veo-3.0-generate-001", "2026-06-30", "gemini-omni-1.1-flash"),
    "veo-3.0-fast-generate": ("veo-3.0-fast-generate-001", "2026-06-30", "gemini-omni-1.1-flash"),
    "veo-3.1-generate": ("veo-3.1-generate-preview", "2026-10-22", "veo-3.1-vertex"),
}
"""What worked with a key once: Google's name, the day of its end, and what to use instead."""
LIVE = {"veo-3.1-vertex", "veo-3.1-fast-vertex", "gemini-omni-1.1-flash", "gemini-omni-1.2-flash"}
every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@every
def test_targets_of_a_spec_are_there(model: Model) -> None:
    """The class of the options is that of this very model."""
    spec = SPECS[model.name]
    for target, base in ((spec.options, GoogleOptions), (spec.factory, object)):
        module, _, name = target.partition(":")
        found = getattr(import_module(module), name)
        assert issubclass(found, base)
    assert getattr(import_module("vmevalkit_veo.options"), model.options).about is model


@every
def test_spec_survives_json(model: Model) -> None:
    """Specs travel to workers as JSON."""
    assert ModelSpec.from_json(SPECS[model.name].to_json()) == SPECS[model.name]


@every
def test_nobody_is_shown_the_solution(model: Model) -> None:
    """Also where Google would take a last frame."""
    assert SPECS[model.name].inputs == ("first_frame", "prompt")


def test_gone_models_name_the_day_and_what_to_use() -> None:
    """The successor is a live model of this package."""
    gone = {spec.name: spec for spec in SPECS.values() if spec.state.life == "gone"}
    found = {name: (spec.provider_model, spec.state.since, spec.state.successor) for name, spec in gone.items()}
    assert found == CATALOG
    assert {spec.name for spec in SPECS.values() if spec.state.life == "live"} == LIVE
    assert {spec.state.successor for spec in gone.values()} <= LIVE


def test_day_and_price_that_are_not_sure_are_told_so() -> None:
    """In the line that `vmeval models list` shows: the one for what is gone, the other for what Vertex AI serves."""
    days = {name for name, spec in SPECS.items() if "the day is approximate" in spec.description}
    assert days == {name for name, (_, since, _) in CATALOG.items() if since == "2026-06-30"}
    prices = {name for name, spec in SPECS.items() if "unconfirmed" in spec.description}
    assert prices == {"veo-3.1-vertex", "veo-3.1-fast-vertex"}


def test_gone_model_sends_nothing(tmp_path: Path) -> None:
    """Also when it is allowed: every call would be a 404."""
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "first_frame.png")
    env = {"GOOGLE_API_KEY": "key"}
    with InferenceRunner(output_dir=tmp_path / "out", env=env, allow_gone=True) as runner:
        result = runner.run("veo-2", tmp_path / "first_frame.png", "Solve it.", question_data={"id": "maze_1"})
    assert result["error"] == "Google has shut veo-2 down, so nothing is sent"
    assert result.metadata.provenance.cost.charged == 0


def test_gone_model_is_refused(tmp_path: Path) -> None:
    """With its successor, before anything else."""
    with InferenceRunner(output_dir=tmp_path, env={}) as runner, pytest.raises(UsageError, match=r"veo-3\.1-vertex"):
        runner.run("veo-3.1-generate", tmp_path / "x.png", "Solve it.", question_data={"id": "maze_1"})


def test_only_vertex_takes_a_seed() -> None:
    """Gemini has a field for one and no promise."""
    assert {spec.name for spec in SPECS.values() if spec.seeds == (0, 4294967295)} == {
        "veo-3.1-vertex",
        "veo-3.1-fast-vertex",
    }


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_location_chooses_the_address(location: str, address: str) -> None:
    """As in Google's own SDK."""
    assert base_of(location) == address


def test_listing_imports_nothing_heavy() -> None:
    """Everybody who lists models pays for it."""
    code = "import sys, vmevalkit_veo.plugin as p; list(p.vmeval_models()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & {name.partition(".")[0] for name in done.stdout.split()}


def test_clients_import_no_google_library_before_a_token_is_needed() -> None:
    """Gemini Omni never needs one."""
    code = "import sys, vmevalkit_veo.vertex, vmevalkit_veo.omni; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"google.auth", "requests"} & set(done.stdout.split())


def test_readme_lists_every_model() -> None:
    """The table is made from the catalog; this prints what it has to be."""
    table = "\n".join(rows())
    assert table in README.read_text("utf-8"), f"put into README.md:\n{table}"


def test_readme_names_options_that_there_are() -> None:
    """Of `vmeval run`, and of `vmeval doctor`."""
    lines = [[sys.executable, "-m", "vmevalkit_core", command, "--help"] for command in ("run", "doctor")]
    told = "".join(subprocess.run(line, capture_output=True, text=True, check=True).stdout for line in lines)
    named = set(re.findall(r"(?<!\w)--[a-z][a-z-]+", README.read_text("utf-8")))
    assert named
    assert not {name for name in named if name not in told}


def test_readme_names_every_variable() -> None:
    """That any model reads."""
    read = {name for spec in SPECS.values() for name in spec.settings}
    read |= {name for spec in SPECS.values() for need in spec.needs for name in need.names}
    text = README.read_text("utf-8")
    assert not {name for name in read if name not in text}


def rows() -> list[str]:
    """The tables of the README."""
    head = ["| Model | Google's name | Seconds | USD a second | Default clip | Seed |", "| --- " * 6 + "|"]
    return head + [row(model) for model in MODELS.values() if not model.gone]


def row(model: Model) -> str:
    """One line of it."""
    kind = getattr(import_module("vmevalkit_veo.options"), model.options)
    price, length = kind().price(), kind.model_fields["duration"]
    bounds = [str(bound) for one in length.metadata for bound in vars_of(one)]
    seconds = " to ".join(bounds) or ", ".join(str(one) for one in length.annotation.__args__)
    default = f"{kind().duration} s, " + ("price unknown" if price is None else f"{price:.2f} USD")
    cells = (
        f"`{model.name}`",
        f"`{model.id}`",
        seconds,
        rates(model),
        default,
        "yes" if SPECS[model.name].seeds else "no",
    )
    return f"| {' | '.join(cells)} |"


def vars_of(bound: object) -> list[int]:
    """The number in a bound of pydantic's."""
    return [getattr(bound, name) for name in ("ge", "le") if hasattr(bound, name)]


def rates(model: Model) -> str:
    """What a second costs in each resolution."""
    known = [f"{usd} at {name}" for name, usd in model.usd if usd]
    return ", ".join(known + (["else unknown"] if known and len(known) < len(model.usd) else [])) or "unknown"
