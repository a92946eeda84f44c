"""A picture and a prompt become frames, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from crafter_files import quick_config
from crafter_numbers import numbers, tiny_tensors
from crafter_own import tiny

from vmevalkit_crafter.conditioning import beside
from vmevalkit_crafter.guidance import Guidance
from vmevalkit_crafter.parts import Parts, build, fill
from vmevalkit_crafter.pipeline import CrafterPipeline, NotFinite, Settings
from vmevalkit_crafter.text import encoded

SIZE = (64, 128)
QUICK = Settings(guidance=Guidance(scale=7.5, rescale=0.7), fps=24, steps=3, spacing="uniform_trailing")


@cache
def pipeline(name: str = "dynamicrafter-512", dtype: Any = torch.float32, *, quick: bool = False) -> CrafterPipeline:
    """A small model, loaded once; or a still smaller one."""
    config = quick_config(name, frames=4) if quick else tiny(name)
    modules = build(config)
    for part, tensors in tiny_tensors(config).items():
        fill(modules[part], tensors, lambda module: module.to(dtype))
    return CrafterPipeline(Parts(**modules), config, device="cpu", dtype=dtype)


def picture(seed: int = 1) -> torch.Tensor:
    """Any picture."""
    return numbers(seed, 3, *SIZE) / 2


def frames(settings: Settings = QUICK, *, seed: int = 5, prompt: str = "a red ball", **shown: Any) -> torch.Tensor:
    """A short video of the small DynamiCrafter."""
    return pipeline()(prompt, settings, seed=seed, size=SIZE, **{"first": picture(), **shown})


def test_frames_are_bytes() -> None:
    """Four here, sixteen in a real model."""
    drawn = frames()
    assert drawn.shape == (4, *SIZE, 3)
    assert drawn.dtype == torch.uint8
    assert drawn.float().std() > 1


@pytest.mark.parametrize("name", ["dynamicrafter-256", "videocrafter1-i2v-512"])
def test_other_models_draw(name: str) -> None:
    """With the noise predicted instead of the velocity."""
    settings = replace(QUICK, spacing="uniform")
    drawn = pipeline(name)("a ball", settings, seed=1, size=SIZE, first=picture())
    assert drawn.shape == (4, *SIZE, 3)


def test_text_model_draws_without_a_picture() -> None:
    """And takes none."""
    model = pipeline("videocrafter2-512")
    assert model("a ball", QUICK, seed=1, size=SIZE).shape == (4, *SIZE, 3)
    with pytest.raises(ValueError, match="shown no picture"):
        model("a ball", QUICK, seed=1, size=SIZE, first=picture())


def test_same_seed_gives_the_same_frames() -> None:
    """And another one gives others."""
    assert torch.equal(frames(), frames())
    assert not torch.equal(frames(), frames(seed=6))


@pytest.mark.parametrize(
    "other",
    [{"prompt": "a blue cube"}, {"first": picture(2)}, {"final": picture(3)}],
    ids=["prompt", "picture", "final picture"],
)
def test_everything_shown_matters(other: dict[str, Any]) -> None:
    """Nothing is dropped silently."""
    assert not torch.equal(frames(), frames(**other))


@pytest.mark.parametrize(
    "other",
    [
        replace(QUICK, fps=15),
        replace(QUICK, eta=0.0),
        replace(QUICK, negative_prompt="blurred"),
        replace(QUICK, spacing="uniform"),
        replace(QUICK, guidance=Guidance(scale=7.5)),
        replace(QUICK, guidance=Guidance(scale=1.0)),
        replace(QUICK, guidance=Guidance(scale=7.5, rescale=0.7, image_scale=2.0)),
    ],
    ids=["fps", "eta", "negative", "spacing", "rescale", "scale", "image scale"],
)
def test_every_setting_matters(other: Settings) -> None:
    """Each option reaches the numbers."""
    assert not torch.equal(frames(), frames(other))


def test_no_guidance_encodes_nothing_against_it() -> None:
    """One text and one picture; what only guidance looks at changes nothing."""
    model, off, seen = pipeline(), replace(QUICK, guidance=Guidance(scale=1.0)), []
    fresh = CrafterPipeline(model.parts, model.config, device="cpu", dtype=torch.float32)
    encoders = [model.parts.vision, model.parts.text]
    hooks = [part.register_forward_hook(lambda part, *_: seen.append(part)) for part in encoders]
    drawn = fresh("a red ball", off, seed=5, size=SIZE, first=picture())
    for hook in hooks:
        hook.remove()
    assert seen == encoders
    other = Guidance(scale=1.0, rescale=0.7, batched=True)
    assert torch.equal(drawn, frames(replace(off, negative_prompt="blurred", guidance=other)))


def close(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """The same but for rounding, which may move a byte by one here and there."""
    off = (ours.int() - theirs.int()).abs()
    return bool(off.max() <= 1) and bool(off.float().mean() < 0.01)


@pytest.mark.parametrize("image_scale", [None, 2.0])
def test_batched_questions_have_the_same_answers(image_scale: float | None) -> None:
    """Two or three branches at once, or one after the other."""
    one = Guidance(scale=7.5, rescale=0.7, image_scale=image_scale)
    assert close(frames(replace(QUICK, guidance=one)), frames(replace(QUICK, guidance=replace(one, batched=True))))


def test_frames_are_decoded_alike_together() -> None:
    """Memory is all that it changes."""
    assert close(frames(), frames(replace(QUICK, frame_by_frame=False)))


def test_equal_scales_are_one_scale() -> None:
    """Two-scale guidance with both scales alike is the usual one."""
    assert close(frames(), frames(replace(QUICK, guidance=Guidance(scale=7.5, rescale=0.7, image_scale=7.5))))


def test_parts_that_wait_elsewhere_draw_the_same() -> None:
    """The low step of memory."""
    model = pipeline()
    waiting = CrafterPipeline(model.parts, model.config, device="cpu", dtype=torch.float32, offload=True)
    assert torch.equal(waiting("a red ball", QUICK, seed=5, size=SIZE, first=picture()), frames())


def test_texts_can_be_encoded_before() -> None:
    """The text encoder may have left the memory by then."""
    model = pipeline()
    texts = {text: encoded(model.parts.text, text) for text in ("a red ball", "")}
    without = CrafterPipeline(replace(model.parts, text=None), model.config, device="cpu", dtype=torch.float32)
    assert torch.equal(without("a red ball", QUICK, seed=5, size=SIZE, first=picture(), texts=texts), frames())


@pytest.mark.parametrize("steps", [7, 20, 25])
def test_counts_that_were_nan_give_frames(steps: int) -> None:
    """The original's video is NaN there."""
    assert frames(replace(QUICK, steps=steps)).float().std() > 1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_short_numbers_draw_nearly_the_same(dtype: Any) -> None:
    """Half the memory; the sampler itself stays in float32."""
    asked: Any = {"settings": replace(QUICK, steps=2), "seed": 5, "size": (64, 64), "first": picture()[..., :64]}
    short, whole = (pipeline(dtype=one, quick=True)("a red ball", **asked) for one in (dtype, torch.float32))
    off = (short.int() - whole.int()).abs().float()
    assert 0 < off.mean() < 12


def test_overflow_is_found_before_decoding() -> None:
    """It says at which step."""
    config = tiny("dynamicrafter-512")
    modules = build(config)
    for part, tensors in tiny_tensors(config).items():
        fill(modules[part], tensors, lambda module: module)
    modules["unet"].out[2].weight.fill_(float("inf"))
    model = CrafterPipeline(Parts(**modules), config, device="cpu", dtype=torch.float32)
    with pytest.raises(NotFinite, match="after step 1 of 3"):
        model("a ball", QUICK, seed=1, size=SIZE, first=picture())


def test_progress_counts_the_steps() -> None:
    """Each once, with their number."""
    told: list[tuple[int, int]] = []
    frames(progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_progress_can_end_a_video() -> None:
    """What it raises comes through."""
    with pytest.raises(KeyboardInterrupt):
        frames(progress=_stop)


def _stop(done: int, total: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ({"size": (64, 100)}, "multiples of 64"),
        ({"size": (128, 128)}, "instead of"),
        ({"first": None}, "is shown a picture"),
        ({"final": numbers(1, 3, 64, 64)}, "instead of"),
    ],
    ids=["odd size", "other size", "no picture", "other final"],
)
def test_impossible_requests_are_refused(shown: dict[str, Any], says: str) -> None:
    """Before anything is computed."""
    with pytest.raises(ValueError, match=says):
        pipeline()("a ball", QUICK, **{"seed": 1, "size": SIZE, "first": picture(), **shown})


def test_one_picture_is_beside_every_frame() -> None:
    """Two are beside the first and the last one."""
    first, last = numbers(1, 1, 4, 2, 2), numbers(2, 1, 4, 2, 2)
    assert torch.equal(beside(first, 3), torch.stack([first] * 3, dim=2))
    assert torch.equal(beside(first, 3, final=last), torch.stack([first, torch.zeros_like(first), last], dim=2))
