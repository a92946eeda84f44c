"""The options of the models, with the defaults of their authors."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from vmevalkit_core import ClipRule, LocalOptions, Unit

NEGATIVE = (
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，"  # noqa: RUF001
    "JPEG压缩残留，丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，"  # noqa: RUF001
    "手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走"  # noqa: RUF001
)
"""The authors' own, from `wan/configs/shared_config.py` of Wan 2.1 and 2.2; an empty one gives another clip."""
TEXT_TOKENS = 512
MOST_PIXELS = 1280 * 720


class WanOptions(LocalOptions):
    """What all models of the family can be asked for."""

    loading: ClassVar[frozenset[str]] = LocalOptions.loading | {"compile"}

    frames: Annotated[int, Unit("frames")] = Field(81, ge=1)
    """Frames of the clip; the model draws the next of 1, 5, 9, ... and what is too many is cut off."""
    fps: Annotated[float, Unit("frames/s")] = Field(16.0, ge=1, le=120)
    """Frames per second."""
    steps: int = Field(40, ge=1, le=200)
    """Denoising steps."""
    shift: float = Field(5.0, gt=0.0, le=50.0)
    """How much of the way is gone at high noise: the authors' own, which the folders of the hub often lack."""
    negative_prompt: str = NEGATIVE
    """What the clip should not be; without effect where there is no guidance."""
    tiling: bool = False
    """Decodes in tiles: less memory, and pixels that differ a little at their seams."""
    compile: bool = False
    """Compiles the repeated blocks: a minute for each shape, then faster steps, and pixels that differ a little."""

    @property
    def guidances(self) -> tuple[float, float | None]:
        """Guidance at high and at low noise; the second is None for a model of one expert."""
        raise NotImplementedError


class OneExpertOptions(WanOptions):
    """Of models with one transformer."""

    guidance: float = Field(5.0, ge=1.0, le=20.0)
    """How closely it follows the prompt; 1 switches guidance, and half of the work, off."""

    @property
    def guidances(self) -> tuple[float, float | None]:
        """The same all the way."""
        return self.guidance, None


class A14BOptions(WanOptions):
    """Of Wan 2.2 A14B, whose two experts share the way; `wan_i2v_A14B.py` has 40 steps, shift 5, 3.5 and 3.5, 0.9."""

    rule: ClassVar[ClipRule] = ClipRule(
        multiple=16,
        area=1280 * 720,
        most_pixels=MOST_PIXELS,
        frame_step=4,
        most_frames=161,
        fps=16,
        first_frame="generated",
        text_tokens=TEXT_TOKENS,
    )

    # The authors' configuration writes them as (low noise, high noise), diffusers the other way round.
    guidance_high: float = Field(3.5, ge=1.0, le=20.0)
    """How closely the expert for high noise follows the prompt; 1 switches all guidance off."""
    guidance_low: float = Field(3.5, ge=1.0, le=20.0)
    """The same for the expert for low noise."""
    boundary: float = Field(0.9, ge=0.0, le=1.0)
    """The noise level at which the second expert takes over; the first one draws what is at or above it."""

    @property
    def guidances(self) -> tuple[float, float | None]:
        """One for each expert."""
        return self.guidance_high, self.guidance_low

    @model_validator(mode="after")
    def _is_heard(self) -> Self:
        if self.guidance_high == 1 and self.guidance_low > 1:
            raise ValueError("guidance_high=1 switches guidance off for both experts; say guidance_low=1 as well")
        return self


class Ti2v5BOptions(OneExpertOptions):
    """Of Wan 2.2 TI2V 5B; `wan_ti2v_5B.py` has 121 frames at 24 per second, 50 steps, shift 5, guidance 5."""

    rule: ClassVar[ClipRule] = ClipRule(
        multiple=32,
        area=1280 * 704,
        most_pixels=MOST_PIXELS,
        frame_step=4,
        most_frames=241,
        fps=24,
        first_frame="copy",
        text_tokens=TEXT_TOKENS,
    )

    frames: Annotated[int, Unit("frames")] = Field(121, ge=1)
    """Frames of the clip; the model draws the next of 1, 5, 9, ... and what is too many is cut off."""
    fps: Annotated[float, Unit("frames/s")] = Field(24.0, ge=1, le=120)
    """Frames per second."""
    steps: int = Field(50, ge=1, le=200)
    """Denoising steps."""


def _of_2_1(area: int) -> ClipRule:
    return ClipRule(
        multiple=16,
        area=area,
        most_pixels=MOST_PIXELS,
        frame_step=4,
        most_frames=161,
        fps=16,
        first_frame="generated",
        text_tokens=TEXT_TOKENS,
    )


class I2v480Options(OneExpertOptions):
    """Of Wan 2.1 I2V 14B 480P; the authors' `generate.py` has 40 steps, guidance 5, and shift 3 for this size."""

    rule: ClassVar[ClipRule] = _of_2_1(832 * 480)

    shift: float = Field(3.0, gt=0.0, le=50.0)
    """How much of the way is gone at high noise: the authors' own, which the folders of the hub often lack."""


class I2v720Options(OneExpertOptions):
    """Of Wan 2.1 I2V 14B 720P; the authors' `generate.py` has 40 steps, guidance 5, shift 5."""

    rule: ClassVar[ClipRule] = _of_2_1(1280 * 720)


class Flf2v720Options(OneExpertOptions):
    """Of Wan 2.1 FLF2V 14B 720P; its `first_last_frame2video.py` has 50 steps, guidance 5.5, shift 16."""

    rule: ClassVar[ClipRule] = _of_2_1(1280 * 720)

    steps: int = Field(50, ge=1, le=200)
    """Denoising steps."""
    shift: float = Field(16.0, gt=0.0, le=50.0)
    """How much of the way is gone at high noise: the authors' own, which the folders of the hub often lack."""
    guidance: float = Field(5.5, ge=1.0, le=20.0)
    """How closely it follows the prompt; 1 switches guidance, and half of the work, off."""
