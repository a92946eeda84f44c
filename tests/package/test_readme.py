"""Every command and every snippet of the README, typed as it stands, in the order in which it stands."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import REPOSITORY
from tests.package.blocks import blocks_of
from tests.package.conftest import build_wheel, entered, environment, typed
from vmevalkit_core.testing import Simulator

pytestmark = pytest.mark.package
RUNWAY = REPOSITORY / "plugins" / "vmevalkit-runway" / "tests"
KEY = "sk-secret"
BLOCKS = {block.mark: block.text for block in blocks_of(REPOSITORY / "README.md") if block.mark}


@pytest.fixture(scope="module")
def demo(checkout: Path) -> tuple[Path, dict[str, str]]:
    """The folder that the README's first command makes, and a shell in its environment."""
    typed(BLOCKS["run command"], checkout, entered(Path("/nowhere")))
    folder = checkout / "demo"
    typed(BLOCKS["check: samples"], folder, entered(folder / ".venv"))
    for name in [name for name in BLOCKS if name.startswith("check: file ")]:
        path = folder / name.removeprefix("check: file ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(BLOCKS[name])
    return folder, entered(folder / ".venv")


def successes(folder: Path, model: str = "*") -> int:
    """Runs on disk that are called a success."""
    found = folder.glob(f"data/outputs/*/{model}/*/*/*/metadata.json")
    return sum(json.loads(path.read_text())["inference"]["status"] == "success" for path in found)


def test_first_command_runs_the_main_job(demo: tuple[Path, dict[str, str]]) -> None:
    """Ten clips over five domains, in a folder that was empty, on a machine that had nothing."""
    folder, env = demo
    assert successes(folder, "baseline-hold") == 10
    assert "10 clips decoded: all whole" in typed("vmeval validate", folder, env)


@pytest.mark.parametrize("name", ["check: commands", "check: questions"])
def test_commands_work_as_they_stand(demo: tuple[Path, dict[str, str]], name: str) -> None:
    """Line by line, each with exit code 0."""
    folder, env = demo
    for line in BLOCKS[name].splitlines():
        assert typed(line, folder, env), line


def test_python_works_as_it_stands(demo: tuple[Path, dict[str, str]]) -> None:
    """The runs of the commands above it, each a success."""
    folder, env = demo
    printed = typed(f"python -W error -c {shlex.quote(BLOCKS['check: python'])}", folder, env)
    assert printed.count("success") == 20


def test_runway_is_installed_and_priced_without_a_key(demo: tuple[Path, dict[str, str]]) -> None:
    """Up to the price nothing is sent."""
    folder, env = demo
    assert "Cost at most: $1.25" in typed(BLOCKS["check: runway"], folder, env)


def test_runway_is_paid_once(demo: tuple[Path, dict[str, str]], runway: Simulator) -> None:
    """The lines that cost money, typed at a Runway on this machine."""
    folder, env = demo
    typed("pip install -q ../plugins/vmevalkit-runway", folder, env)
    env = env | {"RUNWAYML_API_SECRET": KEY, "RUNWAYML_BASE_URL": runway.url}
    typed(BLOCKS["check: runway, for money"], folder, env)
    assert successes(folder, "runway-gen4-turbo") == 5
    assert (len(runway.accepted()), str(runway.billed())) == (5, "1.25")


def test_own_model_runs_from_its_file(demo: tuple[Path, dict[str, str]]) -> None:
    """Submit, poll and fetch over a real socket."""
    folder, env = demo
    with Simulator() as vendor:
        typed(BLOCKS["check: acme"], folder, env | {"ACME_API_KEY": KEY, "ACME_BASE_URL": vendor.url})
        posts = vendor.requests("submit")
    assert successes(folder, "acme-1") == 5
    assert [post["body"]["seconds"] for post in posts] == [4] * 5


def test_plugin_of_the_readme_works_as_a_wheel(demo: tuple[Path, dict[str, str]], wheel: Path, tmp_path: Path) -> None:
    """Built, installed with nothing but the core into a fresh environment, listed, run, validated."""
    folder, _ = demo
    plugin = build_wheel(folder / "vmevalkit-zoom", tmp_path / "dist")
    env = environment(tmp_path / "venv", wheel, plugin)
    assert '"zoom"' in typed("vmeval models list --json", tmp_path, env)
    typed("vmeval run -m zoom", tmp_path, env)
    assert successes(tmp_path, "zoom") == 10
    assert "all whole" in typed("vmeval validate", tmp_path, env)


def test_plugin_commands_work_as_they_stand(demo: tuple[Path, dict[str, str]]) -> None:
    """From the source folder, as its author would."""
    folder, env = demo
    typed(BLOCKS["check: plugin"], folder, env)
    assert successes(folder, "zoom") == 10


def test_plugin_is_about_thirty_lines() -> None:
    """The promise of the heading, without blank lines."""
    texts = [text for name, text in BLOCKS.items() if name.startswith("check: file vmevalkit-zoom/vmevalkit_zoom")]
    assert len([line for text in texts for line in text.splitlines() if line.strip()]) <= 30


@pytest.fixture
def runway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Runway as its plugin's tests know it."""
    monkeypatch.syspath_prepend(str(RUNWAY))
    with Simulator(f"{RUNWAY / 'runway_dialect.py'}:RunwayVendor", keys=[KEY]) as one:
        yield one
