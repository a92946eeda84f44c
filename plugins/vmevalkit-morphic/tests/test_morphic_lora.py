"""The LoRA: both traps of the library, its strength, its files, and the final frame that the model needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("peft")

from morphic_tiny import LORA, merged, tiny_lora, tiny_morphic
from safetensors.torch import load_file, save_file

from vmevalkit_core import ConfigError, Context, MissingWeights, ModelError
from vmevalkit_core.limits import Limiter
from vmevalkit_core.runner import Runner
from vmevalkit_core.scan import scan
from vmevalkit_core.testing.studio import Studio, farthest
from vmevalkit_core.testing.tiny import torch
from vmevalkit_morphic import lora
from vmevalkit_morphic.generator import Morphic

QUICK = {"size": "96x64", "frames": 5, "steps": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with the LoRA's file in it."""
    return tiny_morphic(tmp_path_factory.mktemp("morphic"))


@pytest.fixture
def studio(folder: Path, tmp_path: Path) -> Studio:
    """The model with its LoRA."""
    return Studio("morphic-frames-to-video", folder, {**QUICK, "lora": str(folder / LORA)}, tmp_path)


@pytest.fixture
def pipe(folder: Path) -> Any:
    """The library's pipeline without the LoRA."""
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline.from_pretrained(folder, text_encoder=None, tokenizer=None, local_files_only=True)


def test_bare_names_add_nothing_in_the_library(pipe: Any, folder: Path) -> None:
    """Trap 1: no error, no adapter."""
    pipe.load_lora_weights(load_file(folder / LORA), adapter_name="bare")
    assert pipe.get_list_adapters() == {}


def test_lora_that_did_not_arrive_is_an_error(pipe: Any, folder: Path) -> None:
    """Trap 1, closed: what loads without an error is looked for afterwards."""
    bare = lora.Lora(state=load_file(folder / LORA), modules=16, facts={})
    with pytest.raises(ModelError, match="did not arrive"):
        lora.put_on(pipe, bare, strength=1.0)


def test_half_arrived_lora_is_an_error(pipe: Any, folder: Path, tmp_path: Path) -> None:
    """One of a larger model, whose last blocks this one does not have."""
    tensors = load_file(folder / LORA)
    more = {
        name.replace("blocks.1.", "blocks.2."): tensor.clone()
        for name, tensor in tensors.items()
        if "blocks.1." in name
    }
    save_file(tensors | more, tmp_path / "larger.safetensors")
    with pytest.raises(ModelError, match="of the 24 modules of the LoRA, 16 arrived"):
        lora.put_on(pipe, lora.read(tmp_path / "larger.safetensors", alpha=16.0), strength=1.0)


def test_all_of_it_arrives_in_the_first_expert_alone(pipe: Any, folder: Path) -> None:
    """Sixteen layers of the expert for high noise; the other one stays as it was."""
    found = lora.read(folder / LORA, alpha=16.0)
    lora.put_on(pipe, found, strength=1.0)
    assert pipe.get_list_adapters() == {"transformer": ["morphic"]}
    assert found.modules == 16
    assert not any("lora" in name for name, _ in pipe.transformer_2.named_parameters())


def test_library_alone_doubles_the_strength(pipe: Any, folder: Path) -> None:
    """Trap 2: without an alpha it takes the rank, 32, where 16 was trained."""
    tensors = {f"diffusion_model.{name}": tensor for name, tensor in load_file(folder / LORA).items()}
    pipe.load_lora_weights(tensors, adapter_name="doubled")
    assert pipe.transformer.blocks[0].attn1.to_q.scaling["doubled"] == 1.0
    assert _change(pipe, folder) == pytest.approx(1.0)


def test_strength_is_the_trained_one(pipe: Any, folder: Path) -> None:
    """Trap 2, closed: a layer changes by alpha / rank = 0.5 times B A."""
    lora.put_on(pipe, lora.read(folder / LORA, alpha=16.0), strength=1.0)
    assert _change(pipe, folder) == pytest.approx(0.5)


def test_clip_equals_the_merged_model(studio: Studio, folder: Path, tmp_path: Path) -> None:
    """A model with half of B A in its weights draws the same, but for rounding; one with all of it does not."""
    ours = studio.pixels(studio.clips([studio.request()])[0])
    half, whole = (
        studio.pixels(studio.clips([studio.request(weights=str(merged(folder, into, strength)), lora_strength=0.0)])[0])
        for into, strength in ((tmp_path / "half", 0.5), (tmp_path / "whole", 1.0))
    )
    assert farthest(ours, half) <= 1
    assert farthest(ours, whole) > 5


def test_record_names_the_lora(studio: Studio) -> None:
    """File, hash, rank, alpha, strength; the LoRA is loaded anew for another strength."""
    one, other = studio.clips([studio.request(), studio.request(lora_strength=0.5)])
    facts = one.extras["local"]["lora"]
    assert (facts["rank"], facts["alpha"], facts["modules"], facts["strength"]) == (32, 16.0, 16, 1.0)
    assert len(facts["sha256"]) == 64
    assert other.extras["local"]["lora"]["strength"] == 0.5
    assert studio.frames(one) != studio.frames(other)


def test_last_frame_is_looked_at(studio: Studio) -> None:
    """Another last frame gives another clip."""
    request = studio.request()
    one, other = studio.clips([request, request.model_copy(update={"final_frame": request.first_frame})])
    assert studio.frames(one) != studio.frames(other)


def test_task_pair_without_final_frame_is_refused_by_name(studio: Studio) -> None:
    """Before anything runs; the others of the plan go on."""
    runner = Runner(studio.registry, output=studio.folder / "out", experiment="e", env={})
    root = studio._questions(2)
    (root / "ball_task" / "ball_0001" / "final_frame.png").unlink()
    plan = runner.plan(scan(root), [runner.ask(studio.spec, studio.options)])
    assert len(plan.runs) == 1
    assert "ball_0001" in plan.problems[0].path
    assert plan.problems[0].reason == "has no final_frame.png"


def test_spec_says_that_it_sees_the_solution(studio: Studio) -> None:
    """So that nobody compares it with models that do not."""
    assert studio.spec.sees_solution


def test_settings_name_weights_and_lora(studio: Studio, folder: Path) -> None:
    """MORPHIC_WAN2_CKPT_DIR and MORPHIC_LORA_WEIGHTS_PATH, where no option does."""
    generator = _generator(studio, MORPHIC_WAN2_CKPT_DIR=str(folder), MORPHIC_LORA_WEIGHTS_PATH=str(folder / LORA))
    generator.check(QUICK)
    options = generator.options.model_validate(QUICK)
    assert generator.find(generator.weights, options) == folder
    assert generator.lora_file(options) == folder / LORA


def test_lora_setting_may_be_a_folder(studio: Studio, folder: Path) -> None:
    """As a download of the hub is."""
    generator = _generator(studio, MORPHIC_LORA_WEIGHTS_PATH=str(folder))
    assert generator.lora_file(generator.options.model_validate(QUICK)) == folder / LORA


def test_lora_may_be_elsewhere_than_the_model(studio: Studio, tmp_path: Path) -> None:
    """VMEVAL_WEIGHTS names the model's folder, and the LoRA is where its download line puts it."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_index.json").write_text("{}")
    env = {"VMEVAL_WEIGHTS": str(tmp_path / "model"), "HF_HUB_CACHE": str(tmp_path)}
    generator = Morphic(studio.spec, Context(env={}, limiter=Limiter(1), local_env=env))
    options = generator.options.model_validate(QUICK)
    with pytest.raises(MissingWeights, match="morphic/Wan2") as caught:
        generator.lora_file(options)
    assert "-p lora=FILE" in caught.value.hint
    cached = tmp_path / "models--morphic--Wan2.2-frames-to-video" / "snapshots" / "abc"
    cached.mkdir(parents=True)
    assert tiny_lora(cached / LORA) == generator.lora_file(options)


def test_option_counts_before_setting(studio: Studio, folder: Path, tmp_path: Path) -> None:
    """Who names a file for one run means it."""
    other = tiny_lora(tmp_path / "other.safetensors", seed=8)
    generator = _generator(studio, MORPHIC_LORA_WEIGHTS_PATH=str(folder / LORA))
    assert generator.lora_file(generator.options.model_validate({**QUICK, "lora": str(other)})) == other


def test_worker_is_shown_the_settings(
    studio: Studio, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A real run in a worker finds weights and LoRA by the environment alone."""
    monkeypatch.setenv("VMEVAL_CACHE", str(tmp_path / "cache"))
    named = {"MORPHIC_WAN2_CKPT_DIR": str(folder), "MORPHIC_LORA_WEIGHTS_PATH": str(folder / LORA)}
    studio.options = dict(QUICK)
    monkeypatch.setattr(studio, "_env", lambda: {**Studio._env(studio), **named})
    record = studio.execute(1)[0]
    assert record.inference.status == "success"
    assert record.provenance.extras["local"]["lora"]["file"] == str(folder / LORA)


def test_authors_layout_is_refused_by_name(studio: Studio, tmp_path: Path) -> None:
    """Their folder cannot be read by the library; the download that can is named."""
    (tmp_path / "theirs" / "high_noise_model").mkdir(parents=True)
    generator = _generator(studio, MORPHIC_WAN2_CKPT_DIR=str(tmp_path / "theirs"))
    with pytest.raises(MissingWeights, match="layout of the authors' own code") as caught:
        generator.check(QUICK)
    assert "Wan-AI/Wan2.2-I2V-A14B-Diffusers" in caught.value.hint


def test_missing_lora_is_named(studio: Studio, folder: Path, tmp_path: Path) -> None:
    """The line that downloads it stands beside."""
    generator = _generator(studio, MORPHIC_LORA_WEIGHTS_PATH=str(tmp_path / "none.safetensors"))
    with pytest.raises(MissingWeights, match=r"none\.safetensors is no file") as caught:
        generator.check({**QUICK, "weights": str(folder)})
    assert "hf download morphic/Wan2.2-frames-to-video" in caught.value.hint


@pytest.mark.parametrize(
    ("tensors", "fault"),
    [
        ({"lora_unet_blocks_0.lora_down.weight": (4, 24)}, "is no part of a LoRA of Wan's attention"),
        ({"blocks.0.self_attn.q.lora_A.weight": (4, 24)}, "lacks a half of blocks.0.self_attn.q"),
        ({}, "lacks a half of everything"),
    ],
    ids=["foreign", "half", "empty"],
)
def test_foreign_lora_is_refused(tmp_path: Path, tensors: dict[str, tuple[int, int]], fault: str) -> None:
    """By the first name that does not belong."""
    file = tmp_path / "foreign.safetensors"
    save_file({name: torch().zeros(shape) for name, shape in tensors.items()}, file)
    with pytest.raises(ConfigError, match=fault):
        lora.read(file, alpha=16.0)


def _generator(studio: Studio, **env: str) -> Morphic:
    return Morphic(studio.spec, Context(env=env, limiter=Limiter(1)))


def _change(pipe: Any, folder: Path) -> float:
    """How much of B A the first layer adds to what it gave without the LoRA."""
    tensors, layer = load_file(folder / LORA), pipe.transformer.blocks[0].attn1.to_q
    down, up = (tensors[f"blocks.0.self_attn.q.lora_{half}.weight"] for half in "AB")
    given = torch().randn((1, 24), generator=torch().Generator().manual_seed(0))
    with torch().no_grad():
        added = layer(given) - layer.base_layer(given)
        return float((added / (given @ down.T @ up.T)).mean())
