"""Where the weights of local models are looked for, and what is said when they are not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vmevalkit_core import MissingWeights, Weights
from vmevalkit_core.generator.weights import find_weights, hub_cache

WANTED = Weights(repo="Maker/Model-1", gigabytes=12.5, licence="MIT", include=("model_index.json", "vae/*"))


def model_folder(folder: Path, *, shards: int = 0) -> Path:
    """A folder as diffusers writes it."""
    parts = {"vae": ["diffusers", "Vae"], "safety_checker": [None, None], "_class_name": "Pipe"}
    (folder / "vae").mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps(parts))
    if shards:
        names = {f"weight.{at}": f"part-{at}.safetensors" for at in range(shards)}
        (folder / "vae" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
        for name in names.values():
            (folder / "vae" / name).write_bytes(b"\0" * 300)
    return folder


def cached(tmp_path: Path, repo: str = "Maker/Model-1", commit: str = "abc") -> tuple[Path, dict[str, str]]:
    """A model in a cache of the hub, and the variable that leads there."""
    home = tmp_path / "hub" / f"models--{repo.replace('/', '--')}"
    folder = model_folder(home / "snapshots" / commit)
    (home / "refs").mkdir(exist_ok=True)
    (home / "refs" / "main").write_text(commit)
    return folder, {"HF_HUB_CACHE": str(tmp_path / "hub")}


def test_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    """The option names it."""
    folder = model_folder(tmp_path / "mine", shards=2)
    assert find_weights(WANTED, str(folder), {}) == folder


def test_hub_id_is_looked_up_in_the_cache(tmp_path: Path) -> None:
    """The model's own, or the one that the option names."""
    folder, env = cached(tmp_path)
    other, _ = cached(tmp_path, "Maker/Model-2")
    assert find_weights(WANTED, None, env) == folder
    assert find_weights(WANTED, "Maker/Model-2", env) == other


@pytest.mark.parametrize("name", ["Model-1", "Maker/Model-1", "my-model"])
def test_shelf_of_models_is_searched_by_name(tmp_path: Path, name: str) -> None:
    """VMEVAL_WEIGHTS may hold several models, under the name of the repository or of the model."""
    folder = model_folder(tmp_path / "shelf" / name)
    assert find_weights(WANTED, None, {"VMEVAL_WEIGHTS": str(tmp_path / "shelf")}, "my-model") == folder


def test_variable_may_name_the_model_itself(tmp_path: Path) -> None:
    """One folder, one model."""
    folder = model_folder(tmp_path / "mine")
    assert find_weights(WANTED, None, {"VMEVAL_WEIGHTS": str(folder)}) == folder


def test_shelf_without_the_model_falls_back_to_the_cache(tmp_path: Path) -> None:
    """A shelf is not taken for a broken model."""
    folder, env = cached(tmp_path)
    model_folder(tmp_path / "shelf" / "Another")
    assert find_weights(WANTED, None, env | {"VMEVAL_WEIGHTS": str(tmp_path / "shelf")}) == folder


def test_missing_weights_say_all_that_is_needed(tmp_path: Path) -> None:
    """Id, size, licence, where it was looked, and the line that downloads them."""
    with pytest.raises(MissingWeights) as caught:
        find_weights(WANTED, None, {"HF_HOME": str(tmp_path)})
    assert "Maker/Model-1 (12.5 GB, MIT)" in str(caught.value)
    assert str(tmp_path / "hub") in str(caught.value)
    assert 'hf download Maker/Model-1 --include "model_index.json" --include "vae/*"' in caught.value.hint


@pytest.mark.parametrize("broken", ["shard", "part", "index", "pointer"])
def test_incomplete_weights_are_named(tmp_path: Path, broken: str) -> None:
    """A download that was cut, or a clone without its large files."""
    folder = model_folder(tmp_path / "mine", shards=2)
    if broken == "shard":
        (folder / "vae" / "part-1.safetensors").unlink()
    elif broken == "part":
        (folder / "vae").rename(folder / "elsewhere")
    elif broken == "index":
        (folder / "model_index.json").write_text("{")
    else:
        (folder / "vae" / "part-1.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid ...\n")
    named = {"shard": "vae/part-1", "part": "vae/", "index": "readable model_index.json", "pointer": "pointer of Git"}
    with pytest.raises(MissingWeights, match=named[broken]):
        find_weights(WANTED, str(folder), {})


def test_wrong_folder_is_named(tmp_path: Path) -> None:
    """Neither a folder nor in the cache: a typing error must not end in other weights."""
    _, env = cached(tmp_path)
    with pytest.raises(MissingWeights, match="/no/such/folder is no folder"):
        find_weights(WANTED, "/no/such/folder", env)


@pytest.mark.parametrize(
    ("env", "place"),
    [
        ({"HF_HUB_CACHE": "/a"}, "/a"),
        ({"HF_HOME": "/b"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
    ],
)
def test_cache_is_where_the_hub_has_it(env: dict[str, str], place: str) -> None:
    """By the variables that the hub's own tools read."""
    assert str(hub_cache(env)) == place


def test_file_may_be_elsewhere_than_the_model(tmp_path: Path) -> None:
    """VMEVAL_WEIGHTS may name the folder of the model, to which a file of another repository belongs."""
    wanted = Weights(repo="maker/part", gigabytes=1, licence="free", files=("part.safetensors",))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_index.json").write_text("{}")
    env = {"HF_HUB_CACHE": str(tmp_path / "hub"), "VMEVAL_WEIGHTS": str(tmp_path / "model")}
    with pytest.raises(MissingWeights, match="model lacks part"):
        find_weights(wanted, None, env)
    folder = tmp_path / "hub" / "models--maker--part" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "part.safetensors").touch()
    assert find_weights(wanted, None, env) == folder
    with pytest.raises(MissingWeights, match="model lacks part"):
        find_weights(wanted, str(tmp_path / "model"), env)
