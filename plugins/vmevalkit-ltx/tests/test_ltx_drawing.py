"""What is special about LTX-Video: the same frames as its own pipeline, its first frame, its numbers."""

from __future__ import annotations

from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")
pytest.importorskip("vmevalkit_ltx")

import numpy as np
from ltx_tiny import tiny_ltx
from PIL import Image

from vmevalkit_core import MissingWeights, ModelError, read_frames
from vmevalkit_core.testing.studio import PROMPTS, Studio, run
from vmevalkit_ltx.generator import LtxVideo
from vmevalkit_ltx.options import DISTILLED_TIMESTEPS, DistilledOptions, LtxVideoOptions
from vmevalkit_ltx.pipeline import CONDITION, IMAGE, pipeline_class

QUICK = {"size": "96x64", "frames": 17, "steps": 2}
KINDS = {"ltx-video": IMAGE, "ltx-video-13b-distilled": CONDITION}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of each class."""
    return {name: tiny_ltx(tmp_path_factory.mktemp(kind), kind=kind) for name, kind in KINDS.items()}


def studio_of(model: str, folders: dict[str, Path], tmp_path: Path, **options: Any) -> Studio:
    """The model with small options."""
    return Studio(model, folders[model], {**QUICK, **options}, tmp_path)


def pixels(data: bytes) -> Any:
    """Frames of 96 x 64 as numbers."""
    return np.frombuffer(data, np.uint8).reshape(-1, 64, 96, 3).astype(int)


@pytest.mark.parametrize("model", KINDS)
def test_frames_are_those_of_the_pipeline(model: str, folders: dict[str, Path], tmp_path: Path) -> None:
    """With texts encoded ahead, the encoder gone and a decode of our own, as if one had called it by hand."""
    studio = studio_of(model, folders, tmp_path, guidance=3.0)
    request = studio.request(seed=5)
    ours = pixels(studio.pixels(studio.clips([request])[0]))
    pipe = pipeline_class(folders[model]).from_pretrained(folders[model], local_files_only=True)
    assert request.first_frame
    more: dict[str, Any] = {"image_cond_noise_scale": 0.0} if KINDS[model] == CONDITION else {}
    theirs = pipe(
        image=Image.open(request.first_frame.path),
        prompt=request.prompt,
        negative_prompt=LtxVideoOptions().negative_prompt,
        **{"width": 96, "height": 64, "num_frames": 17, "frame_rate": request.options["fps"]},
        **steps_of(pipe),
        **{"guidance_scale": 3.0, "decode_timestep": 0.05, "decode_noise_scale": 0.025, "max_sequence_length": 256},
        generator=torch.Generator().manual_seed(5),
        output_type="np",
        **more,
    ).frames[0]
    assert np.abs(ours - theirs * 255).max() <= 1  # half of it is rounding


def steps_of(pipe: Any) -> dict[str, Any]:
    """Two steps; the newer class warns about its own way to say so."""
    if type(pipe).__name__ == IMAGE:
        return {"num_inference_steps": 2}
    from diffusers.pipelines.ltx.pipeline_ltx_condition import linear_quadratic_schedule

    return {"timesteps": (linear_quadratic_schedule(2) * 1000).tolist()}


@pytest.mark.parametrize("model", KINDS)
def test_first_frame_is_a_copy(model: str, folders: dict[str, Path], tmp_path: Path) -> None:
    """It does not depend on the prompt or the number of steps: it is the picture through the model's own codec."""
    studio = studio_of(model, folders, tmp_path)
    asked = [studio.request(PROMPTS[0]), studio.request(PROMPTS[1]), studio.request(steps=3)]
    # The noise of the decode is the same for all three; what goes through the codec with it is not quite.
    one, other, third = (pixels(studio.pixels(clip)) for clip in studio.clips(asked))
    apart = np.abs(one[-1] - other[-1]).mean()
    assert np.abs(one[0] - other[0]).mean() < apart
    assert np.abs(one[0] - third[0]).mean() < np.abs(one[-1] - third[-1]).mean()


def test_distilled_models_take_the_authors_steps(folders: dict[str, Path], tmp_path: Path) -> None:
    """Eight noise levels and no guidance, unless something else is asked for; the record tells them."""
    studio = studio_of("ltx-video-13b-distilled", folders, tmp_path, steps=None)
    facts = studio.clips([studio.request()])[0].extras["local"]
    assert facts["timesteps"] == list(DISTILLED_TIMESTEPS)
    assert facts["steps"] == 8
    assert facts["texts_encoded"] == 1
    assert DistilledOptions().guidance == 1.0


def test_negative_prompt_is_encoded_once(folders: dict[str, Path], tmp_path: Path) -> None:
    """Twenty runs of three prompts: four texts, one load of the encoder, and it is gone afterwards."""
    studio = studio_of("ltx-video", folders, tmp_path, frames=1)
    generator: Any = studio.generator()
    requests = [studio.request(PROMPTS[at % 3], seed=at) for at in range(20)]
    generator.expect([request.prompt for request in requests], requests[0].options)
    freed: list[bool] = []
    render = generator.render
    generator.render = lambda request: freed.append(generator._encoder is None) or render(request)
    studio.clips(requests, generator)
    assert generator.counts == {"loads": 1, "encoder_loads": 1, "texts_encoded": 4}
    assert freed == [True] * 20


def test_other_weights_mean_other_texts(folders: dict[str, Path], tmp_path: Path) -> None:
    """One worker may serve two folders in turn: nothing of the one is left in the clips of the other."""
    studio = studio_of("ltx-video", folders, tmp_path)
    other = str(tiny_ltx(tmp_path / "other", seed=9))
    mixed = studio.clips([studio.request(), studio.request(weights=other), studio.request()])
    alone = studio.clips([studio.request(weights=other)])[0]
    assert studio.frames(mixed[0]) == studio.frames(mixed[2]) != studio.frames(mixed[1])
    assert studio.frames(mixed[1]) == studio.frames(alone)


def test_weights_that_cannot_be_read_are_tried_once(folders: dict[str, Path], tmp_path: Path) -> None:
    """A file that was cut fails its run with what torch says, and the next runs at once."""
    broken = tiny_ltx(tmp_path / "broken")
    file = broken / "transformer" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    studio = Studio("ltx-video", broken, QUICK, tmp_path)
    generator = studio.generator()
    for words in ("safetensors|incomplete|Error", "could not be loaded before"):
        with pytest.raises(Exception, match=words):
            studio.clips([studio.request()], generator)
    assert generator.loads == 0


def test_numbers_that_are_none_fail_the_run(folders: dict[str, Path], tmp_path: Path) -> None:
    """A black clip would count as a result."""
    studio = studio_of("ltx-video", folders, tmp_path)

    def sour(cls: type[Any]) -> type[Any]:
        class Sour(cls):  # type: ignore[misc]
            def load(self, setup: Any) -> None:
                super().load(setup)
                next(self._pipe.transformer.parameters()).data.fill_(float("nan"))

        return Sour

    with pytest.raises(ModelError, match="latents hold values that are no numbers"):
        studio.clips([studio.request()], studio.generator(sour))


def test_still_can_go_through_a_codec(folders: dict[str, Path], tmp_path: Path) -> None:
    """The first frame is then what H.264 makes of it, and the clip another one."""
    studio = studio_of("ltx-video", folders, tmp_path)
    plain, coded = studio.clips([studio.request(), studio.request(image_crf=35)])
    assert studio.frames(plain) != studio.frames(coded)


def test_long_prompt_is_cut_and_says_so(folders: dict[str, Path], tmp_path: Path) -> None:
    """What is beyond 256 tokens is not read: the record tells how much there was."""
    studio = studio_of("ltx-video", folders, tmp_path)
    long = "q" * 300
    one, other = studio.clips([studio.request(long), studio.request(long + "zzzz")])
    facts = other.extras["local"]
    assert facts["prompt_tokens_read"] == 256 < facts["prompt_tokens"]
    assert studio.frames(one) == studio.frames(other)


def test_tiling_is_switched_for_each_run(folders: dict[str, Path], tmp_path: Path) -> None:
    """It is part of what was asked, not of how the weights were loaded."""
    studio = studio_of("ltx-video", folders, tmp_path)
    seen: list[bool] = []

    def watched(cls: type[Any]) -> type[Any]:
        class Watched(cls):  # type: ignore[misc]
            def render(self, request: Any) -> Any:
                drawn = super().render(request)
                seen.append(self._pipe.vae.use_tiling)
                return drawn

        return Watched

    generator = studio.generator(watched)
    studio.clips([studio.request(tiling=True), studio.request()], generator)
    assert seen == [True, False]
    assert generator.loads == 1


@pytest.mark.parametrize(("shift", "kind"), [(True, IMAGE), (False, CONDITION)])
def test_class_follows_the_weights(tmp_path: Path, shift: bool, kind: str) -> None:
    """Also for folders that were made for text to video; their schedulers tell the generations apart."""
    tiny_ltx(tmp_path, kind=IMAGE if shift else CONDITION)
    index = (tmp_path / "model_index.json").read_text()
    (tmp_path / "model_index.json").write_text(index.replace(IMAGE, "LTXPipeline").replace(CONDITION, "LTXPipeline"))
    assert pipeline_class(tmp_path).__name__ == kind


def test_frame_rate_reaches_the_model(folders: dict[str, Path], tmp_path: Path) -> None:
    """It shapes the positions in time, so another rate gives another clip."""
    studio = studio_of("ltx-video", folders, tmp_path)
    slow, fast = studio.clips([studio.request(fps=8), studio.request(fps=30)])
    assert studio.frames(slow) != studio.frames(fast)
    assert len(list(read_frames(slow.path))) == 17


def test_checkpoint_of_the_distilled_2b_is_asked_for(tmp_path: Path) -> None:
    """With the rest in the cache, what is missing is the single file, by name, size and download line."""
    home = tmp_path / "models--Lightricks--LTX-Video-0.9.5" / "snapshots" / "abc"
    tiny_ltx(home, kind=CONDITION)
    studio = Studio("ltx-video-2b-distilled", home, QUICK, tmp_path)
    generator = studio.generator(HF_HUB_CACHE=str(tmp_path))
    with pytest.raises(MissingWeights, match=r"6\.3 GB") as caught:
        generator.check(QUICK)
    assert "ltxv-2b-0.9.8-distilled.safetensors" in caught.value.hint


def test_missing_package_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    """With the line that installs it."""
    studio = studio_of("ltx-video", folders, tmp_path)
    generator = studio.generator()
    generator.packages = (*LtxVideo.packages, "no_such_package")  # type: ignore[misc]
    with pytest.raises(ImportError, match="ltx-video needs the package no_such_package") as caught:
        generator.check(studio.options)
    assert getattr(caught.value, "hint", "") == "pip install vmevalkit-ltx"


# Of torch's own compiler, on its first import.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_blocks_are_compiled_on_request(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the transformer's, and the record says so; to be traced is enough here, machine code takes long."""
    monkeypatch.setattr(torch.nn.Module, "compile", partialmethod(torch.nn.Module.compile, backend="eager"))
    generator: Any = (studio := studio_of("ltx-video", folders, tmp_path)).generator()
    clip = run(studio.clip(generator, studio.request(frames=1, compile=True)))
    assert clip.extras["local"]["compiled"]
    assert all(block._compiled_call_impl for block in generator._pipe.transformer.transformer_blocks)
