"""What the generators do with diffusers' pipeline: who draws which step, and with what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

import torch
from wan_tiny import tiny_2_1, tiny_5b, tiny_a14b

from vmevalkit_core import ConfigError
from vmevalkit_core.testing.studio import PROMPTS, Studio, farthest, run
from vmevalkit_wan.options import NEGATIVE

QUICK = {"size": "96x64", "frames": 5, "steps": 6}


@pytest.fixture(scope="module")
def experts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two experts."""
    return tiny_a14b(tmp_path_factory.mktemp("a14b"))


@pytest.fixture
def studio(experts: Path, tmp_path: Path) -> Studio:
    """Wan 2.2 A14B."""
    return Studio("wan-2.2-i2v-a14b", experts, QUICK, tmp_path)


class Watched:
    """A generator whose transformers tell at which noise level they were called, and with which text."""

    def __init__(self, studio: Studio) -> None:
        self.generator: Any = studio.generator()
        self.studio = studio
        self.calls: list[tuple[str, float]] = []
        self.clips: list[Any] = []

    def draw(self, **options: Any) -> Any:
        async def work() -> Any:
            await self.studio.clip(self.generator, self.studio.request(frames=1, steps=1))  # so that all is loaded
            hooks = list(self._hooks())
            clip = await self.studio.clip(self.generator, self.studio.request(**options))
            for hook in hooks:
                hook.remove()
            await self.generator.aclose()
            return clip

        return run(work())

    def _hooks(self) -> Iterator[Any]:
        for name in ("transformer", "transformer_2"):
            part = getattr(self.generator._pipe, name)
            if part is not None:
                yield part.register_forward_pre_hook(self._note(name), with_kwargs=True)

    def _note(self, name: str) -> Any:
        return lambda _, __, given: self.calls.append((name, float(given["timestep"].max())))


def test_experts_change_at_the_boundary(studio: Studio) -> None:
    """The first one draws every step at or above it, the second all below; each twice, with and without the prompt."""
    watched = Watched(studio)
    facts = watched.draw().extras["local"]
    high = [level for name, level in watched.calls if name == "transformer"]
    low = [level for name, level in watched.calls if name == "transformer_2"]
    assert min(high) >= 900 > max(low)
    assert len(high) == 2 * facts["steps_at_high_noise"]
    assert len(high) + len(low) == 12


def test_boundary_is_an_option(studio: Studio) -> None:
    """Lowered, it leaves more of the way to the first expert."""
    watched = Watched(studio)
    facts = watched.draw(boundary=0.5).extras["local"]
    assert min(level for name, level in watched.calls if name == "transformer") < 900
    assert facts["boundary"] == 0.5


def test_guidance_reaches_its_own_expert(studio: Studio) -> None:
    """Where the first expert draws all steps, the second one's guidance changes nothing, and the first one's does."""
    plain, low, high = studio.clips(
        [
            studio.request(boundary=0.0),
            studio.request(boundary=0.0, guidance_low=9.0),
            studio.request(boundary=0.0, guidance_high=9.0),
        ]
    )
    assert studio.frames(plain) == studio.frames(low) != studio.frames(high)


def test_guidance_off_halves_the_work(studio: Studio) -> None:
    """One call for each step, and the negative prompt is not even encoded."""
    watched = Watched(studio)
    watched.draw(guidance_high=1.0, guidance_low=1.0)
    assert len(watched.calls) == 6


def test_guidance_of_one_expert_alone_is_refused(studio: Studio) -> None:
    """diffusers switches both off by the first."""
    with pytest.raises(ValueError, match="switches guidance off for both experts"):
        studio.options_class(guidance_high=1.0)


def test_shift_is_the_authors_own(studio: Studio) -> None:
    """5, although the folder says 3; the record has it."""
    plain, lower = studio.clips([studio.request(), studio.request(shift=3.0)])
    assert plain.extras["local"]["shift"] == 5.0
    assert lower.extras["local"]["shift"] == 3.0
    assert studio.frames(plain) != studio.frames(lower)


def test_negative_prompt_is_the_authors_own(studio: Studio) -> None:
    """It is encoded beside the prompt, and an empty one gives another clip."""
    generator = studio.generator()
    assert generator.texts(PROMPTS[0], studio.options_class()) == (PROMPTS[0], NEGATIVE)
    plain, empty = studio.clips([studio.request(), studio.request(negative_prompt="")])
    assert studio.frames(plain) != studio.frames(empty)


def test_kept_embedding_equals_the_pipelines_own(studio: Studio) -> None:
    """Padding left out and put back: what the pipeline gets is bit for bit what it would have encoded."""
    from diffusers import WanImageToVideoPipeline

    from vmevalkit_wan import pipeline

    pipe = WanImageToVideoPipeline.from_pretrained(studio.weights, local_files_only=True)
    with torch.no_grad():
        theirs = pipe.encode_prompt(PROMPTS[0], do_classifier_free_guidance=False, max_sequence_length=512)[0]
    ours, tokens = pipeline.encoded(pipe, PROMPTS[0], 512)
    assert tokens == ours.shape[1]
    assert ours.shape[1] < 512
    assert torch.equal(pipeline._padded(pipe, ours), theirs)


def test_record_says_how_much_was_read(studio: Studio) -> None:
    """Of a prompt that is longer than the model reads."""
    facts = studio.clips([studio.request("x" * 700)])[0].extras["local"]
    assert facts["prompt_tokens"] > facts["prompt_tokens_read"] == 512


def test_what_was_encoded_is_never_encoded_again(studio: Studio) -> None:
    """A later generator finds prompt and negative prompt, never loads the encoder, and draws the same."""
    studio.cache = studio.folder / "cache"
    first, later, other = (studio.clips([studio.request(**more)])[0] for more in ({}, {}, {"dtype": "bfloat16"}))
    facts = [clip.extras["local"] for clip in (first, later, other)]
    assert [one["texts_encoded"] for one in facts] == [2, 0, 2]
    assert [one["encoder_loads"] for one in facts] == [1, 0, 1]
    assert facts[1]["texts_found"] == 2
    assert studio.frames(first) == studio.frames(later)


def test_clip_equals_the_pipelines_own(studio: Studio) -> None:
    """With embeddings of ours, our decoding and our steps, the frames are a plain call's, but for the last rounding."""
    from diffusers import UniPCMultistepScheduler, WanImageToVideoPipeline

    request = studio.request(seed=3)
    ours = studio.pixels(studio.clips([request])[0])
    pipe = WanImageToVideoPipeline.from_pretrained(studio.weights, local_files_only=True)
    pipe.scheduler = UniPCMultistepScheduler.from_config(pipe.scheduler.config, flow_shift=5.0)
    pipe.set_progress_bar_config(disable=True)
    theirs = pipe(
        image=_picture(request.first_frame),
        prompt=request.prompt,
        negative_prompt=NEGATIVE,
        width=96,
        height=64,
        num_frames=5,
        num_inference_steps=6,
        guidance_scale=3.5,
        guidance_scale_2=3.5,
        generator=torch.Generator().manual_seed(3),
    ).frames[0]
    assert farthest(ours, (torch.from_numpy(theirs) * 255).round().to(torch.uint8).numpy().tobytes()) <= 1


def test_folder_of_another_kind_is_refused(tmp_path: Path, experts: Path) -> None:
    """By name, before anything is loaded."""
    studio = Studio("wan-2.1-i2v-480p", experts, QUICK, tmp_path)
    with pytest.raises(ConfigError, match=r"holds a model of 2 transformer\(s\)"):
        studio.generator().check(studio.options)


def test_picture_stays_frame_0_of_5b(tmp_path: Path) -> None:
    """Its latent frame keeps noise level 0 in every step, whatever the seed; that of A14B does not."""
    studio = Studio("wan-2.2-ti2v-5b", tiny_5b(tmp_path / "weights"), QUICK, tmp_path)
    one, other = (studio.pixels(clip) for clip in studio.clips([studio.request(seed=1), studio.request(seed=2)]))
    size = 96 * 64 * 3
    assert farthest(one[:size], other[:size]) == 0
    assert farthest(one[size:], other[size:]) > 0


def test_last_frame_is_looked_at(tmp_path: Path) -> None:
    """Another last frame gives another clip."""
    studio = Studio("wan-2.1-flf2v-720p", tiny_2_1(tmp_path / "weights", frames_shown=2), QUICK, tmp_path)
    request = studio.request()
    same = request.model_copy(update={"final_frame": request.first_frame})
    one, other = studio.clips([request, same])
    assert studio.spec.sees_solution
    assert studio.frames(one) != studio.frames(other)


def test_codec_computes_in_float32(studio: Studio) -> None:
    """Whatever the transformers compute in."""
    clip = studio.clips([studio.request(dtype="bfloat16")])[0]
    facts = clip.extras["local"]
    assert (facts["dtype"], facts["vae_dtype"]) == ("bfloat16", "float32")


# Of torch's own compiler, on its first import.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_compiled_blocks_are_on_record(studio: Studio) -> None:
    """The blocks were compiled and draw what they draw uncompiled, but for rounding."""
    from torch._dynamo.utils import counters

    torch.compiler.reset()
    counters.clear()
    plain, compiled = studio.clips([studio.request(steps=1), studio.request(steps=1, compile=True)])
    assert not plain.extras["local"]["compiled"]
    assert compiled.extras["local"]["compiled"]
    assert compiled.extras["local"]["loads"] == 2
    assert counters["stats"]["unique_graphs"] > 0
    assert farthest(studio.pixels(plain), studio.pixels(compiled)) <= 2


def _picture(ref: Any) -> Any:
    from PIL import Image

    return Image.open(ref.path).convert("RGB")
