"""From `vmeval plugins new` to a green contract and a wheel, as a new author would go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import vmevalkit_core
from tests.package.conftest import environment, typed

pytestmark = pytest.mark.package
LONG = "a-vendor-with-a-long-nam"
LINT = "ruff check && ruff format --check && mypy"
needs_local = pytest.mark.skipif(not hasattr(vmevalkit_core, "LocalGenerator"), reason="a core without local models")


@pytest.fixture(scope="module")
def author(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder, and a shell in an environment with the core, what its tests need, and the linters."""
    folder = tmp_path_factory.mktemp("author")
    env = environment(folder / "venv", Path(f"{wheel}[testing]"))
    typed("pip install -q build hatchling ruff mypy", folder, env)
    return folder, env


def test_new_api_plugin_keeps_the_contract_as_a_wheel(author: tuple[Path, dict[str, str]]) -> None:
    """Rendered, built, installed, listed, and tested before its author has changed a word."""
    folder, env = author
    home = folder / typed("vmeval plugins new acme --api", folder, env).strip()
    typed("python -m build -q --wheel --no-isolation && pip install -q --no-deps dist/*.whl", home, env)
    assert "acme-1" in typed("vmeval models list", folder, env)
    shown = typed("pytest -q -p no:cacheprovider", home, env)
    assert " passed" in shown
    assert "skipped" not in shown


@pytest.mark.parametrize("name", ["acme-video", LONG])
def test_new_api_plugin_lints_clean(author: tuple[Path, dict[str, str]], name: str) -> None:
    """By its own rules and types, with short names and long ones."""
    folder, env = author
    home = folder / typed(f"vmeval plugins new {name}", folder, env).strip()
    typed(LINT, home, env)


@needs_local
@pytest.mark.parametrize("name", ["ember", LONG])
def test_new_local_plugin_is_built_and_is_clean(author: tuple[Path, dict[str, str]], tmp_path: Path, name: str) -> None:
    """Its style and its wheel; types and contract need torch."""
    folder, env = author
    home = tmp_path / f"vmevalkit-{name}"
    typed(f"vmeval plugins new {name} --local --into {tmp_path}", folder, env)
    typed("ruff check && ruff format --check && python -m build -q --wheel --no-isolation", home, env)


@needs_local
def test_new_local_plugin_keeps_the_contract(tmp_path: Path) -> None:
    """With the torch that this interpreter has; the package is found by its path and a file with its entry point."""
    pytest.importorskip("torch")
    here = [sys.executable, "-m", "vmevalkit_core"]
    subprocess.run([*here, "plugins", "new", "ember", "--local"], cwd=tmp_path, check=True, capture_output=True)
    home = tmp_path / "vmevalkit-ember"
    install(home, "ember", "vmevalkit_ember.plugin")
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(home / "src"), *filter(None, sys.path)))}
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(line, cwd=home, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def install(home: Path, name: str, module: str) -> None:
    """What an installer leaves of a package that stays where it is."""
    info = home / "src" / f"vmevalkit_{name}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vmevalkit-{name}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[vmevalkit]\n{name} = {module}\n")
