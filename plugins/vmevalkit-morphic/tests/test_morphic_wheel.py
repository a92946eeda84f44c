"""From wheels, in one fresh environment, as a user has it: two real puzzles through each local family."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("peft")
pytest.importorskip("build")

import vmevalkit_core

PLUGINS = Path(__file__).resolve().parents[2]
BUILDERS = {
    "ltx-video": ("ltx", "tiny_ltx"),
    "hunyuan-video-i2v": ("hunyuan", "tiny_13b"),
    "hunyuan-video-1.5-i2v-480p": ("hunyuan", "tiny_15"),
    "wan-2.2-i2v-a14b": ("wan", "tiny_a14b"),
    "wan-2.2-ti2v-5b": ("wan", "tiny_5b"),
    "morphic-frames-to-video": ("morphic", "tiny_morphic"),
}
pytestmark = pytest.mark.package


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has our wheels, and of everything else what this one has."""
    root = tmp_path_factory.mktemp("fresh")
    families = sorted({family for family, _ in BUILDERS.values()})
    for project in (PLUGINS.parent, *(PLUGINS / f"vmevalkit-{family}" for family in families)):
        line = [
            sys.executable,
            "-m",
            "build",
            "--installer",
            "uv",
            "--wheel",
            "--outdir",
            str(root / "dist"),
            str(project),
        ]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, "-m", "venv", str(root / "venv")], check=True)
    pip = [str(root / "venv" / "bin" / "pip"), "install", "-q", "--no-deps"]
    subprocess.run([*pip, *map(str, (root / "dist").glob("*.whl"))], check=True)
    # Torch is some gigabytes: the libraries of this environment are borrowed, behind the wheels.
    names = ("torch", "diffusers", "peft", "pydantic", "av")
    places = {str(Path(str(find_spec(name).origin)).parent.parent) for name in names}  # type: ignore[union-attr]
    site = next((root / "venv" / "lib").glob("python*")) / "site-packages"
    (site / "borrowed.pth").write_text("\n".join(places))
    return root / "venv" / "bin"


def test_all_families_are_listed_without_torch(fresh: Path, tmp_path: Path) -> None:
    """Every model of every family, in a process that has imported none of what draws."""
    look = (
        "import sys\nfrom vmevalkit_core.registry import Registry\n"
        "names = [one.name for one in Registry.load().models()]\n"
        "print(*names, *{'torch', 'diffusers', 'transformers', 'peft', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run(
        [fresh / "python", "-c", look], cwd=tmp_path, env=_env(), capture_output=True, text=True, check=True
    )
    names = set(done.stdout.split())
    assert {*BUILDERS} <= names
    assert not names & {"torch", "diffusers", "transformers", "peft", "numpy"}


@pytest.mark.parametrize("model", BUILDERS)
def test_two_questions_from_wheels(fresh: Path, tmp_path: Path, model: str) -> None:
    """Two real puzzles end as two checked clips, and the installed code is what drew them."""
    weights = _builder(*BUILDERS[model])(tmp_path / "tiny")
    options = [f"weights={weights}", "size=96x64", "frames=7", "steps=2"]
    options += [f"lora={next(weights.glob('lora*'))}"] if model.startswith("morphic") else []
    more = [part for option in options for part in ("-p", option)]
    tasks = ["--task", "maze_sample_0", "--task", "chess_sample_0"]
    samples = Path(vmevalkit_core.__path__[0]) / "samples"
    for line in (["run", str(samples), "-m", model, *tasks, *more, "--json"], ["validate", "--json"]):
        env = _env(VMEVAL_CACHE=str(tmp_path / "cache"))
        done = subprocess.run(
            [fresh / "vmeval", *line], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("not valid in the EU") == (line[0] == "run" and model.startswith("hunyuan"))
    found = [json.loads(path.read_text()) for path in (tmp_path / "data").rglob("metadata.json")]
    assert [one["inference"]["status"] for one in found] == ["success"] * 2
    assert {one["provenance"]["extras"]["local"]["frames_kept"] for one in found} == {7}
    assert all(one["provenance"]["versions"]["diffusers"] for one in found)


def _builder(family: str, name: str) -> Any:
    """The function of a plugin's tests that makes a tiny model folder."""
    spec = spec_from_file_location(f"{family}_tiny", PLUGINS / f"vmevalkit-{family}" / "tests" / f"{family}_tiny.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def _env(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMEVAL_", "PYTHON", "MORPHIC_"))}
    return kept | more
