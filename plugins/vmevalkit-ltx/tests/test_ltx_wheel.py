"""From wheels, in a fresh environment, as a user has it: two questions through `ltx-video` with a tiny model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
build = pytest.importorskip("build")

from ltx_tiny import tiny_ltx

import vmevalkit_core

REPOSITORY = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.package


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`vmeval` of an environment that has our wheels, and of everything else what this one has."""
    root = tmp_path_factory.mktemp("fresh")
    for project in (REPOSITORY, REPOSITORY / "plugins" / "vmevalkit-ltx"):
        line = [sys.executable, "-m", "build", "--wheel", "--outdir", str(root / "dist"), str(project)]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, "-m", "venv", str(root / "venv")], check=True)
    wheels = map(str, (root / "dist").glob("*.whl"))
    pip = [str(root / "venv" / "bin" / "pip"), "install", "-q", "--no-deps"]
    subprocess.run([*pip, *wheels], check=True)
    # Torch is some gigabytes: the libraries of this environment are borrowed, behind the wheels.
    places = {str(Path(str(find_spec(name).origin)).parent.parent) for name in ("torch", "diffusers", "pydantic", "av")}  # type: ignore[union-attr]
    site = next((root / "venv" / "lib").glob("python*")) / "site-packages"
    (site / "borrowed.pth").write_text("\n".join(places))
    return root / "venv" / "bin" / "vmeval"


def test_two_questions_from_wheels(command: Path, tmp_path: Path) -> None:
    """Two real puzzles end as two checked clips, and the installed code is what drew them."""
    weights = tiny_ltx(tmp_path / "tiny")
    samples = Path(vmevalkit_core.__path__[0]) / "samples"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMEVAL_", "PYTHON"))}

    def vmeval(*args: str) -> str:
        done = subprocess.run([command, *args], cwd=tmp_path, env=kept, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "ltx-video-13b-distilled" in vmeval("models", "list")
    options = [f"weights={weights}", "size=96x64", "frames=12", "steps=2"]
    more = [part for option in options for part in ("-p", option)]
    tasks = ["--task", "maze_sample_0", "--task", "chess_sample_0"]
    vmeval("run", str(samples), "-m", "ltx-video", *tasks, *more, "--json")
    assert json.loads(vmeval("validate", "--json"))["findings"] == []
    found = [json.loads(path.read_text()) for path in (tmp_path / "data").rglob("metadata.json")]
    assert [one["inference"]["status"] for one in found] == ["success"] * 2
    assert {one["provenance"]["extras"]["local"]["frames_kept"] for one in found} == {12}
    assert all(one["provenance"]["versions"]["diffusers"] for one in found)
