"""Writes distributions that an import system cannot tell from installed ones."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CORE = "vmevalkit-core>=0.1,<1"

GOOD = """
from vmevalkit_core import ModelSpec, hookimpl

@hookimpl
def vmeval_models():
    yield ModelSpec(name="good-model", factory="vmevalkit_good:Good")
"""


def write_dist(root: Path, name: str, source: str, *, requires: tuple[str, ...] = (CORE,)) -> str:
    """Write `vmevalkit-{name}` with one module and one entry point; its distribution name comes back."""
    distribution, module = f"vmevalkit-{name}", f"vmevalkit_{name.replace('-', '_')}"
    info = root / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (root / f"{module}.py").write_text(source)
    (info / "entry_points.txt").write_text(f"[vmevalkit]\n{name} = {module}\n")
    lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
    head = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n{lines}"
    (info / "METADATA").write_text(f"{head}\nRequires-Dist: vmevalkit-core>=99 is only prose down here\n")
    return distribution


@contextmanager
def site_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed distributions with one good plugin in it; its modules are forgotten afterwards."""
    monkeypatch.setenv("VMEVAL_PLUGIN_TIMEOUT", "0.3")
    monkeypatch.syspath_prepend(root)
    write_dist(root, "good", GOOD)
    yield root
    for name, module in list(sys.modules.items()):
        if str(root) in str(getattr(module, "__file__", "")):
            del sys.modules[name]
