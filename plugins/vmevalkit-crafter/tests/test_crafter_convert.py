"""A released file becomes a folder, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from crafter_files import quick_config, tiny_release

from vmevalkit_core import ConfigError
from vmevalkit_crafter import config as configs
from vmevalkit_crafter.config import ModelConfig
from vmevalkit_crafter.convert import convert, main
from vmevalkit_crafter.model_file import ModelFile


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The six models, small."""
    small = {name: quick_config(name) for name in configs.RELEASED}
    for module in ("checkpoint", "model_file", "convert"):
        monkeypatch.setattr(f"vmevalkit_crafter.{module}.RELEASED", small)


def released(folder: Path, name: str) -> Path:
    """A file in the released layout."""
    torch.save({"state_dict": tiny_release(name)}, folder / "model.ckpt")
    return folder / "model.ckpt"


@pytest.mark.parametrize("name", ["dynamicrafter-256", "dynamicrafter-1024", "videocrafter2-512"])
def test_folder_holds_the_numbers_of_the_file(name: str, tmp_path: Path) -> None:
    """Every part of it, in the type that they had."""
    source = released(tmp_path, name)
    assert convert(source, tmp_path / "out") == name
    ours, theirs = (ModelFile(name, path).parts(lambda part: part) for path in (tmp_path / "out", source))
    for part in ("unet", "text", "autoencoder", "vision", "resampler"):
        if (module := getattr(theirs, part)) is not None:
            converted = getattr(ours, part).state_dict()
            assert all(torch.equal(converted[key], value) for key, value in module.state_dict().items())


def test_missing_table_is_told_when_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Afterwards nobody could see it any more."""
    state = tiny_release("videocrafter2-512")
    del state["scale_arr"]
    torch.save(state, tmp_path / "model.ckpt")
    convert(tmp_path / "model.ckpt", tmp_path / "out")
    assert "lacks its table scale_arr" in capsys.readouterr().err


def test_numbers_can_be_stored_as_halves(tmp_path: Path) -> None:
    """Half the disk."""
    convert(released(tmp_path, "dynamicrafter-256"), tmp_path / "out", dtype="fp16")
    unet = ModelFile("dynamicrafter-256", tmp_path / "out").part("unet", lambda part: part)
    assert {value.dtype for value in unet.parameters()} == {torch.float16}


def test_twins_have_to_be_told_apart(tmp_path: Path) -> None:
    """512 and 512-interp differ in nothing but the numbers."""
    source = released(tmp_path, "dynamicrafter-512")
    with pytest.raises(ConfigError, match="may be dynamicrafter-512 or dynamicrafter-512-interp"):
        convert(source, tmp_path / "out")
    assert convert(source, tmp_path / "out", model="dynamicrafter-512-interp") == "dynamicrafter-512-interp"


def test_wrong_name_is_refused(tmp_path: Path) -> None:
    """The folder would lie."""
    with pytest.raises(ConfigError, match="is not videocrafter2-512"):
        convert(released(tmp_path, "dynamicrafter-256"), tmp_path / "out", model="videocrafter2-512")
    assert not (tmp_path / "out").exists()


def test_model_is_never_overwritten(tmp_path: Path) -> None:
    """A folder that is whole stays as it is."""
    source = released(tmp_path, "dynamicrafter-256")
    convert(source, tmp_path / "out")
    with pytest.raises(ConfigError, match="holds a model already"):
        convert(source, tmp_path / "out")


def test_folder_of_another_model_is_refused(tmp_path: Path) -> None:
    """By what its card says."""
    convert(released(tmp_path, "dynamicrafter-256"), tmp_path / "out")
    with pytest.raises(ConfigError, match="holds dynamicrafter-256, not dynamicrafter-512"):
        ModelFile("dynamicrafter-512", tmp_path / "out")


@pytest.mark.parametrize("card", ["", "[]", "{}", '{"format": 2, "model": "dynamicrafter-256", "config": {}}'])
def test_damaged_card_is_refused(card: str, tmp_path: Path) -> None:
    """With a sentence, not a traceback."""
    (tmp_path / "crafter.json").write_text(card)
    with pytest.raises(ConfigError, match=r"crafter\.json"):
        ModelFile("dynamicrafter-256", tmp_path)


def test_missing_part_is_named(tmp_path: Path) -> None:
    """A folder that was not copied whole."""
    convert(released(tmp_path, "dynamicrafter-256"), tmp_path / "out")
    (tmp_path / "out" / "vision.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"vision\.safetensors"):
        ModelFile("dynamicrafter-256", tmp_path / "out").parts(lambda part: part)


@pytest.mark.parametrize("name", configs.RELEASED)
def test_config_survives_json(name: str) -> None:
    """Of every released model."""
    config = configs.RELEASED[name]
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_command_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that runs the model."""
    assert main([str(released(tmp_path, "dynamicrafter-256")), str(tmp_path / "out")]) == 0
    assert f"-p weights={tmp_path / 'out'}" in capsys.readouterr().out


def test_command_explains_a_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with exit code 2."""
    assert main([str(tmp_path / "nothing.ckpt"), str(tmp_path / "out")]) == 2
    assert "there is no model file" in capsys.readouterr().err
