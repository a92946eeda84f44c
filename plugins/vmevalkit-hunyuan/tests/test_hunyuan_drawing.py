"""What the generators do with diffusers' pipelines, in both image modes of the 13B model and in version 1.5."""

from __future__ import annotations

import logging
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from hunyuan_tiny import tiny_13b, tiny_15
from PIL import Image

from vmevalkit_core import ConfigError, ModelError
from vmevalkit_core.testing.studio import PROMPTS, Studio, farthest, run
from vmevalkit_core.testing.tiny import torch
from vmevalkit_hunyuan import fifteen, loading, thirteen

QUICK = {"size": "96x64", "frames": 5, "steps": 2}
MODES = {"token_replace": "hunyuan-video-i2v", "latent_concat": "hunyuan-video-i2v-33ch"}
FIFTEEN = "hunyuan-video-1.5-i2v-480p"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each model, by its name."""
    made = {
        name: tiny_13b(tmp_path_factory.mktemp(condition), condition=condition) for condition, name in MODES.items()
    }
    return made | {FIFTEEN: tiny_15(tmp_path_factory.mktemp("fifteen"))}


@pytest.fixture
def studio(folders: dict[str, Path], tmp_path: Path) -> Studio:
    """The 13B model, final weights."""
    return Studio("hunyuan-video-i2v", folders["hunyuan-video-i2v"], QUICK, tmp_path)


@pytest.mark.parametrize("condition", MODES)
def test_clip_equals_the_pipelines_own(folders: dict[str, Path], tmp_path: Path, condition: str) -> None:
    """In both modes the frames are a plain call's with the authors' shift, but for the last rounding."""
    studio = Studio(MODES[condition], folders[MODES[condition]], {**QUICK, "tiling": False}, tmp_path)
    request = studio.request(seed=3)
    clip = studio.clips([request])[0]
    more = {"width": 96, "height": 64, "guidance_scale": request.options["guidance"]}
    theirs = _library(folders[MODES[condition]], request, frames={"token_replace": 5}.get(condition, 9), **more)
    assert clip.extras["local"]["image_condition"] == condition
    assert farthest(studio.pixels(clip), theirs) <= 1


def test_version_15_equals_the_pipelines_own(tmp_path: Path) -> None:
    """At a size that the pipeline chooses itself, so that nothing was cropped."""
    folder = tiny_15(tmp_path / "small", target=128)
    studio = Studio(FIFTEEN, folder, {**QUICK, "size": "128x128", "frames": 1, "tiling": False}, tmp_path)
    request = studio.request('write "left" on the ball', seed=3)
    ours = studio.pixels(studio.clips([request])[0])
    assert farthest(ours, _library(folder, request, frames=1)) <= 1


@pytest.mark.parametrize("condition", MODES)
def test_kept_encoding_equals_a_new_one(
    folders: dict[str, Path], tmp_path: Path, condition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later generator with the same cache draws the same frames and never loads the encoders."""
    studio = Studio(MODES[condition], folders[MODES[condition]], QUICK, tmp_path)
    request = studio.request()
    plain = studio.clips([request])[0]
    studio.cache = tmp_path / "cache"
    kept = studio.clips([request])[0]
    monkeypatch.setattr(thirteen, "text_pipeline", lambda _: pytest.fail("the encoders were loaded again"))
    found = studio.clips([request])[0]
    assert studio.frames(plain) == studio.frames(kept) == studio.frames(found)
    facts = [clip.extras["local"] for clip in (plain, kept, found)]
    assert [(one["encodings_made"], one["encodings_found"]) for one in facts] == [(1, 0), (1, 0), (0, 1)]


def test_encoding_depends_on_the_picture(studio: Studio) -> None:
    """Same prompt, another picture: the language model looks at both."""
    one, other = Image.new("RGB", (96, 64), "red"), Image.new("RGB", (96, 64), "blue")
    assert thirteen.name_of(one, "go", 4) != thirteen.name_of(other, "go", 4)
    assert thirteen.name_of(one, "go", 4) != thirteen.name_of(one, "go", 2)
    pipe = thirteen.text_pipeline(_setup(studio))
    embeds = [thirteen.encoded(pipe, picture, "go", 4)["prompt_embeds"] for picture in (one, other)]
    assert not torch().equal(*embeds)


def test_negative_prompt_has_as_many_tokens(studio: Studio) -> None:
    """Both sides of the guidance see every fourth token of a picture, 144; of the text's 256, four are cut off."""
    pipe = thirteen.text_pipeline(_setup(studio))
    black = Image.new("RGB", (96, 64))
    shapes = {thirteen.encoded(pipe, black, text, 4)["prompt_embeds"].shape for text in ("", "the maze")}
    assert {shape[1] for shape in shapes} == {144 + 252}


def test_true_guidance_is_heard(studio: Studio) -> None:
    """A negative prompt changes the clip where it is guided away from, and is refused where it is not."""
    plain, guided, other = studio.clips(
        [
            studio.request(),
            studio.request(true_guidance=3.0),
            studio.request(true_guidance=3.0, negative_prompt="the blue ball"),
        ]
    )
    assert len({studio.frames(clip) for clip in (plain, guided, other)}) == 3
    with pytest.raises(ValueError, match="negative_prompt has no effect"):
        studio.options_class(negative_prompt="the blue ball")


@pytest.mark.parametrize(("option", "value"), [("guidance", 2.0), ("shift", 17.0)])
def test_options_reach_the_model(studio: Studio, option: str, value: float) -> None:
    """Each changes the clip, and is on record."""
    plain, changed = studio.clips([studio.request(steps=4), studio.request(steps=4, **{option: value})])
    assert changed.extras["local"][option] == value
    assert studio.frames(plain) != studio.frames(changed)


def test_shift_is_the_authors_own(studio: Studio) -> None:
    """7, although the folder says 1."""
    assert studio.clips([studio.request()])[0].extras["local"]["shift"] == 7.0


def test_shift_of_version_15_is_the_folders(folders: dict[str, Path], tmp_path: Path) -> None:
    """Its releases differ in it; an option changes it, also back."""
    studio = Studio(FIFTEEN, folders[FIFTEEN], QUICK, tmp_path)
    asked = [studio.request(), studio.request(shift=9.0), studio.request()]
    assert [clip.extras["local"]["shift"] for clip in studio.clips(asked)] == [5.0, 9.0, 5.0]


def test_picture_stays_the_first_latent_frame(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tokens are never drawn: another seed changes the other frames alone."""
    seen, decode = [], loading.decoded
    monkeypatch.setattr(loading, "decoded", lambda pipe, latents, drop: seen.append(latents) or decode(pipe, latents))
    studio.clips([studio.request(seed=1), studio.request(seed=2)])
    one, other = seen
    assert torch().equal(one[:, :, 0], other[:, :, 0])
    assert not torch().equal(one[:, :, 1], other[:, :, 1])


def test_template_of_another_length_is_refused(tmp_path: Path) -> None:
    """103 tokens are cut off; a tokenizer that makes 104 of them would lose the prompt's first one in silence."""
    studio = Studio("hunyuan-video-i2v", tiny_13b(tmp_path / "more", more_words="<pad>"), QUICK, tmp_path)
    with pytest.raises(ModelError, match="has 104 tokens before the prompt, and the model cuts off 103"):
        studio.clips([studio.request()])


def test_template_of_version_15_is_counted(tmp_path: Path) -> None:
    """108 tokens in its case."""
    studio = Studio(FIFTEEN, tiny_15(tmp_path / "more", more_words="<|im_end|>"), QUICK, tmp_path)
    with pytest.raises(ModelError, match="has 109 tokens before the prompt, and the model cuts off 108"):
        studio.clips([studio.request()])


@pytest.mark.parametrize(("model", "mark"), [("hunyuan-video-i2v", "<image>"), (FIFTEEN, "<|im_end|>")])
def test_marks_in_a_prompt_are_refused(folders: dict[str, Path], tmp_path: Path, model: str, mark: str) -> None:
    """The library would place the picture, or cut the text, where they stand; the next run goes on."""
    studio = Studio(model, folders[model], QUICK, tmp_path)
    generator = studio.generator()
    with pytest.raises(ModelError, match="reads as a mark of its own"):
        run(studio.clip(generator, studio.request(f"show {mark} here")))
    assert studio.clips([studio.request()], generator)


def test_other_release_is_refused_by_name(folders: dict[str, Path], tmp_path: Path) -> None:
    """The two 13B releases take a picture differently and are often mixed up; said before anything is loaded."""
    studio = Studio("hunyuan-video-i2v", folders["hunyuan-video-i2v-33ch"], QUICK, tmp_path)
    with pytest.raises(ConfigError, match="takes its picture by latent_concat"):
        studio.generator().check(studio.options)


def test_guidance_without_a_place_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    """The first release has none; the record would tell of a guidance that nobody heard."""
    studio = Studio("hunyuan-video-i2v-33ch", folders["hunyuan-video-i2v-33ch"], QUICK, tmp_path)
    studio.generator().check(studio.options)
    with pytest.raises(ConfigError, match="has no place for guidance"):
        studio.generator().check({**studio.options, "guidance": 6.0})


def test_encodings_of_other_numbers_are_others(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a card `auto` and `bfloat16` load the encoders differently, though both are called bfloat16."""
    names, generator = list[str](), studio.generator()
    monkeypatch.setattr(generator, "kept", lambda name, make: names.append(name) or make())
    studio.clips([studio.request(), studio.request(dtype="float32")], generator)
    assert len({*names}) == 2


def test_version_15_keeps_the_whole_picture(folders: dict[str, Path], tmp_path: Path) -> None:
    """A size that it would never choose is drawn as asked."""
    studio = Studio(FIFTEEN, folders[FIFTEEN], {**QUICK, "size": "176x48"}, tmp_path)
    assert studio.clips([studio.request()])[0].extras["local"]["size"] == [176, 48]


def test_text_of_version_15_is_kept_without_padding(folders: dict[str, Path], tmp_path: Path) -> None:
    """A few tokens instead of a thousand, and what the pipeline gets is as long as ever."""
    studio = Studio(FIFTEEN, folders[FIFTEEN], QUICK, tmp_path)
    pipe = fifteen.text_pipeline(_setup(studio))
    found = fifteen.encoded(pipe, PROMPTS[0])
    assert found["prompt_embeds"].shape[1] < 100
    assert fifteen._padded(pipe, found, "")["prompt_embeds"].shape[1] == 1000


def test_guidance_of_version_15_can_be_off(folders: dict[str, Path], tmp_path: Path) -> None:
    """Then the negative prompt is not even encoded."""
    studio = Studio(FIFTEEN, folders[FIFTEEN], QUICK, tmp_path)
    generator = studio.generator()
    assert generator.texts(PROMPTS[0], studio.options_class(guidance=1.0)) == (PROMPTS[0],)
    plain, off = studio.clips([studio.request(), studio.request(guidance=1.0)], generator)
    assert studio.frames(plain) != studio.frames(off)


def test_licence_is_told_before_the_first_run(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    """In what the model is described with, and once when a run is looked at."""
    assert "not valid in the EU, the UK and South Korea" in studio.spec.description
    with caplog.at_level(logging.WARNING):
        studio.generator().check(studio.options)
    assert caplog.text.count("not valid in the EU, the UK and South Korea") == 1


# Of torch's own compiler, on its first import.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_blocks_that_replace_tokens_are_compiled(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own list does not name them; to be traced is enough here, machine code takes half a minute."""
    module = torch().nn.Module
    monkeypatch.setattr(module, "compile", partialmethod(module.compile, backend="eager"))
    generator: Any = studio.generator()

    async def load() -> list[Any]:
        await studio.clip(generator, studio.request(frames=1, steps=1, compile=True))
        return [
            generator._pipe.transformer.transformer_blocks[0],
            generator._pipe.transformer.single_transformer_blocks[0],
        ]

    assert all(block._compiled_call_impl is not None for block in run(load()))


def _library(folder: Path, request: Any, *, frames: int, **more: Any) -> bytes:
    """The frames of a plain call of the library."""
    from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler

    pipe = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    if shift := request.options["shift"]:
        pipe.scheduler = FlowMatchEulerDiscreteScheduler.from_config(pipe.scheduler.config, shift=shift)
    drawn = pipe(
        image=Image.open(request.first_frame.path).convert("RGB"),
        prompt=request.prompt,
        num_frames=frames,
        num_inference_steps=request.options["steps"],
        generator=torch().Generator().manual_seed(request.seed),
        output_type="np",
        **more,
    ).frames[0]
    return bytes((torch().from_numpy(drawn) * 255).round().to(torch().uint8).numpy().tobytes())


def _setup(studio: Studio) -> Any:
    from vmevalkit_core import LocalSetup

    options = studio.options_class(**studio.options)
    return LocalSetup(weights=studio.weights, device="cpu", dtype="float32", memory="full", options=options)
