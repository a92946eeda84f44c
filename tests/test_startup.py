"""What starting the command costs: which modules it may import, and that thirty plugins change little of that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "diffusers", "transformers", "httpx", "httpx2", "boto3", "PIL", "av", "numpy", "tenacity", "rich"}
LISTING = HEAVY | {"pydantic", "typer", "click", "asyncio", "packaging"}
PROBE = """
import json, sys
from vmevalkit_core.__main__ import main
code = main({args!r})
print(json.dumps([code, sorted({{name.partition(".")[0] for name in sys.modules}})]))
"""


def imported_by(*args: str) -> set[str]:
    """The top-level modules in the process after a command."""
    probe = PROBE.format(args=list(args))
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    return set(modules)


@pytest.mark.parametrize(
    ("args", "banned"),
    [
        pytest.param(["--version"], LISTING | {"pluggy", "importlib.metadata"}, id="version"),
        pytest.param(["--help"], HEAVY | {"pydantic", "pluggy"}, id="help"),
        pytest.param(["run", "--help"], HEAVY | {"pluggy"}, id="run-help"),
        pytest.param(["models", "list"], LISTING, id="models-list"),
        pytest.param(["models", "list", "--json"], LISTING, id="models-list-json"),
    ],
)
def test_command_imports_nothing_heavy(args: list[str], banned: set[str]) -> None:
    """Everybody pays these imports, at each start."""
    assert imported_by(*args) & banned == set()


def test_thin_plugin_module_stays_thin() -> None:
    """A plugin module that imports only the core costs next to nothing."""
    code = "import sys, vmevalkit_core.baselines.plugin; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not any(f"'{name}'" in done.stdout for name in LISTING)


def test_public_names_are_a_promise() -> None:
    """`__all__` is what the package shows, and each name is there."""
    import vmevalkit_core

    assert set(vmevalkit_core.__all__) == {"CONTRACT", "__version__", *vmevalkit_core._HOME}
    assert all(getattr(vmevalkit_core, name) is not None for name in vmevalkit_core.__all__)
    assert Path(vmevalkit_core.__file__).with_name("py.typed").exists()
