"""Files of weights: as released, as others pass them on, and such as are not the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from crafter_files import quick_config, tiny_release
from crafter_numbers import tiny_tensors
from safetensors.torch import save_file

from vmevalkit_core import ConfigError
from vmevalkit_crafter import config as configs
from vmevalkit_crafter.model_file import ModelFile, moving_to

MAPS = Path("/proc/self/maps")
LAYER = "cond_stage_model.model.transformer.resblocks.0"


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The six models, small: so that files in the released layout fit on any disk."""
    small = {name: quick_config(name) for name in configs.RELEASED}
    for module in ("checkpoint", "model_file", "convert"):
        monkeypatch.setattr(f"vmevalkit_crafter.{module}.RELEASED", small)


def saved(path: Path, content: Any, **how: Any) -> Path:
    """A file that torch wrote."""
    torch.save(content, path, **how)
    return path


def values(file: ModelFile) -> dict[str, torch.Tensor]:
    """A few numbers of each part."""
    parts = file.parts(lambda part: part)
    named = {"unet": parts.unet, "text": parts.text, "vision": parts.vision, "autoencoder": parts.autoencoder}
    return {name: next(iter(module.state_dict().values())) for name, module in named.items() if module is not None}


@pytest.mark.parametrize("name", configs.RELEASED)
def test_released_file_is_loaded_as_it_is(name: str, tmp_path: Path) -> None:
    """Under `state_dict`, with tables of the noise and text parts that nobody needs."""
    path = saved(tmp_path / "model.ckpt", {"state_dict": tiny_release(name), "epoch": 3})
    unet = ModelFile(name, path).part("unet", lambda part: part)
    wanted = tiny_tensors(quick_config(name))["unet"]
    assert all(torch.equal(tensor, wanted[key]) for key, tensor in unet.state_dict().items())


@pytest.mark.parametrize("layout", ["bare", "deepspeed", "safetensors", "old torch"])
def test_other_layouts_give_the_same_numbers(layout: str, tmp_path: Path) -> None:
    """What the authors' loader takes as well, and what the community passes on."""
    state = tiny_release("dynamicrafter-512")
    path = tmp_path / ("model.safetensors" if layout == "safetensors" else "model.ckpt")
    if layout == "safetensors":
        save_file({key: tensor.clone().contiguous() for key, tensor in state.items()}, path)
    elif layout == "deepspeed":
        saved(path, {"module": {f"_forward_module.{key}": tensor for key, tensor in state.items()}})
    else:
        saved(path, state, _use_new_zipfile_serialization=layout != "old torch")
    reference = saved(tmp_path / "reference.pt", state)
    ours, theirs = (values(ModelFile("dynamicrafter-512", file)) for file in (path, reference))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_older_name_of_the_stride_is_understood(tmp_path: Path) -> None:
    """The 256 file calls it `framestride_embed`."""
    state = tiny_release("dynamicrafter-256")
    legacy = {key.replace("fps_embedding", "framestride_embed"): tensor for key, tensor in state.items()}
    assert legacy.keys() != state.keys()
    unet = ModelFile("dynamicrafter-256", saved(tmp_path / "model.ckpt", legacy)).part("unet", lambda part: part)
    wanted = state["model.diffusion_model.fps_embedding.0.weight"]
    assert torch.equal(unet.fps_embedding[0].weight, wanted)


@pytest.mark.skipif(not MAPS.exists(), reason="only Linux tells what is mapped")
def test_parameters_stay_on_the_disk_until_they_move(tmp_path: Path) -> None:
    """The pages of the file are the parameters themselves: nothing is copied."""
    path = saved(tmp_path / "model.ckpt", {"state_dict": tiny_release("videocrafter2-512")})
    unet = ModelFile("videocrafter2-512", path).part("unet", lambda part: part)
    mapped = [line.split()[0].split("-") for line in MAPS.read_text().splitlines() if line.endswith(str(path))]
    ranges = [(int(start, 16), int(end, 16)) for start, end in mapped]
    assert all(any(start <= value.data_ptr() < end for start, end in ranges) for value in unet.parameters())


def test_parameters_move_as_they_are_loaded(tmp_path: Path) -> None:
    """To the number type that was asked for."""
    path = saved(tmp_path / "model.ckpt", tiny_release("dynamicrafter-512"))
    parts = ModelFile("dynamicrafter-512", path).parts(moving_to("cpu", torch.bfloat16), without="text")
    assert parts.text is None
    assert {value.dtype for value in parts.unet.parameters()} == {torch.bfloat16}
    assert not any(value.is_meta for value in parts.vision.buffers())


@pytest.mark.parametrize(
    ("asked", "given", "looks"),
    [
        ("dynamicrafter-512", "dynamicrafter-256", "looks like dynamicrafter-256"),
        ("dynamicrafter-512", "dynamicrafter-1024", "looks like dynamicrafter-1024"),
        ("dynamicrafter-1024", "dynamicrafter-512", "looks like dynamicrafter-512 or dynamicrafter-512-interp"),
        ("videocrafter2-512", "videocrafter1-i2v-512", "looks like videocrafter1-i2v-512"),
        ("videocrafter1-i2v-512", "videocrafter2-512", "looks like videocrafter2-512"),
        ("dynamicrafter-256", "videocrafter1-i2v-512", "looks like videocrafter1-i2v-512"),
    ],
)
def test_another_model_is_refused_by_its_name(asked: str, given: str, looks: str, tmp_path: Path) -> None:
    """No other weights hide behind a name."""
    path = saved(tmp_path / "model.ckpt", {"state_dict": tiny_release(given)})
    with pytest.raises(ConfigError, match=f"is not {asked}") as caught:
        ModelFile(asked, path)
    assert looks in caught.value.hint


@pytest.mark.parametrize(("name", "doubts"), [("dynamicrafter-512", True), ("dynamicrafter-256", False)])
def test_missing_table_leaves_a_doubt(name: str, doubts: bool, tmp_path: Path) -> None:
    """Of a file that should hold it; where it does, there is none."""
    state = tiny_release(name)
    assert not ModelFile(name, saved(tmp_path / "whole.ckpt", state)).doubt
    pruned = saved(tmp_path / "pruned.ckpt", {key: value for key, value in state.items() if key != "scale_arr"})
    assert ("lacks its table scale_arr" in ModelFile(name, pruned).doubt) == doubts


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("model.diffusion_model.out.2.bias"), "out.2.bias is missing"),
        (lambda state: state.update({"lora.up": torch.zeros(1)}), "also holds lora.up"),
        (lambda state: state.update({"first_stage_model.loss.x": torch.zeros(1)}), "too many"),
        (lambda state: state.update({"image_proj_model.latents": torch.zeros(1, 16, 16)}), "latents is"),
        (lambda state: state.update({f"{LAYER}.attn.in_proj_weight": torch.zeros(2)}), r"_proj\.weight is \[1\]"),
        (lambda state: state.update({f"{LAYER}.attn.in_proj_bias": torch.zeros(())}), r"_proj\.bias is \[\]"),
    ],
    ids=["missing", "unknown", "too many", "another shape", "too few rows", "a number"],
)
def test_what_does_not_fit_is_named(change: Any, says: str, tmp_path: Path) -> None:
    """A pruned, merged or damaged file."""
    state = tiny_release("dynamicrafter-512")
    change(state)
    with pytest.raises(ConfigError, match=says):
        ModelFile("dynamicrafter-512", saved(tmp_path / "model.ckpt", state))


def test_pruned_file_names_the_part_that_it_lacks(tmp_path: Path) -> None:
    """As the community's files without the encoders."""
    state = {key: tensor for key, tensor in tiny_release("dynamicrafter-512").items() if "cond_stage" not in key}
    with pytest.raises(ConfigError, match=r"in its text encoder, .* and \d+ more are missing"):
        ModelFile("dynamicrafter-512", saved(tmp_path / "model.ckpt", state))


class Evil:
    """What a hostile file would like to be unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("pwned"),))


def test_nothing_in_a_file_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tensors are read."""
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path / "model.ckpt", {"state_dict": {}, "callbacks": Evil()})
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        ModelFile("dynamicrafter-512", path)
    assert "safetensors" in caught.value.hint
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read"),
        (b"<html>404</html>", "cannot be read"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
    ],
    ids=["empty", "page", "pointer"],
)
def test_what_is_no_model_is_said_to_be_none(suffix: str, content: bytes, says: str, tmp_path: Path) -> None:
    """A failed download, a page that says so, a pointer."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        ModelFile("dynamicrafter-512", path)


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_cut_file_is_refused(share: float, tmp_path: Path) -> None:
    """A download that broke off."""
    whole = saved(tmp_path / "whole.ckpt", tiny_release("videocrafter2-512")).read_bytes()
    path = tmp_path / "model.ckpt"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ConfigError, match="cannot be read"):
        ModelFile("videocrafter2-512", path)


def test_folder_with_two_files_is_ambiguous(tmp_path: Path) -> None:
    """Which one is meant cannot be guessed."""
    for name in ("a.ckpt", "b.ckpt"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=r"it holds a\.ckpt, b\.ckpt"):
        ModelFile("dynamicrafter-512", tmp_path)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A path that does not exist."""
    with pytest.raises(ConfigError, match="there is no model file"):
        ModelFile("dynamicrafter-512", tmp_path / "nowhere")
