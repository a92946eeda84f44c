"""The options of the models, with the defaults of their authors."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from vmevalkit_core import ClipRule, LocalOptions, Unit

TEXT_TOKENS, TEXT_TOKENS_15 = 256, 1000


def _rule(area: int, most_frames: int, **facts: object) -> ClipRule:
    return ClipRule(multiple=16, area=area, frame_step=4, most_frames=most_frames, fps=24, **facts)  # type: ignore[arg-type]


class HunyuanOptions(LocalOptions):
    """What all models of the family can be asked for."""

    loading: ClassVar[frozenset[str]] = LocalOptions.loading | {"compile"}

    steps: int = Field(50, ge=1, le=200)
    """Denoising steps."""
    guidance: float = Field(6.0, ge=1.0, le=20.0)
    """How closely it follows the prompt."""
    negative_prompt: str = ""
    """What the clip should not be; without effect where there is no guidance against it."""
    tiling: bool = True
    """Decodes in blended tiles: a card of 80 GB has no room for the authors' size otherwise."""
    compile: bool = False
    """Compiles the repeated blocks: a minute for each shape, then faster steps, and pixels that differ a little."""


class I2vOptions(HunyuanOptions):
    """Of the 13B model; 129 frames of 1280 x 720 at 24 per second, 50 steps, guidance 6, shift 7: its README."""

    rule: ClassVar[ClipRule] = _rule(
        1280 * 720, 257, most_pixels=1280 * 720, first_frame="copy", text_tokens=TEXT_TOKENS
    )

    frames: Annotated[int, Unit("frames")] = Field(129, ge=1)
    """Frames of the clip; the model draws the next of 1, 5, 9, ... and what is too many is cut off."""
    guidance: float = Field(6.0, ge=1.0, le=20.0)
    """How closely it follows the prompt; built into the model, so that it costs nothing."""
    true_guidance: float = Field(1.0, ge=1.0, le=20.0)
    """Guidance away from `negative_prompt`; above 1 it doubles the work."""
    shift: float = Field(7.0, gt=0.0, le=50.0)
    """How much of the way is gone at high noise: 7 is stable, 17 brings more motion."""

    @model_validator(mode="after")
    def _is_heard(self) -> Self:
        if self.negative_prompt and self.true_guidance == 1:
            raise ValueError("negative_prompt has no effect while true_guidance is 1")
        return self


class I2v33ChannelsOptions(I2vOptions):
    """Of the first release, which was run without the guidance that is built in."""

    rule: ClassVar[ClipRule] = _rule(
        1280 * 720, 257, most_pixels=1280 * 720, first_frame="generated", text_tokens=TEXT_TOKENS
    )

    guidance: float = Field(1.0, ge=1.0, le=20.0)
    """How closely it follows the prompt, refused where the folder's transformer has no place for it."""


class I2v15Options(HunyuanOptions):
    """Of version 1.5; 121 frames at 24 per second, 50 steps, guidance 6: the defaults of its pipeline."""

    frames: Annotated[int, Unit("frames")] = Field(121, ge=1)
    """Frames of the clip; the model draws the next of 1, 5, 9, ... and what is too many is cut off."""
    guidance: float = Field(6.0, ge=1.0, le=20.0)
    """How closely it follows the prompt; 1 switches guidance, and half of the work, off."""
    shift: float | None = Field(None, gt=0.0, le=50.0)
    """How much of the way is gone at high noise; where none, what the folder's scheduler says."""


class I2v15At480pOptions(I2v15Options):
    """Of version 1.5 at 480p, whose sizes have the area of 640 x 640."""

    rule: ClassVar[ClipRule] = _rule(
        640 * 640, 241, most_pixels=1280 * 720, first_frame="generated", text_tokens=TEXT_TOKENS_15
    )


class I2v15At720pOptions(I2v15Options):
    """Of version 1.5 at 720p, whose sizes have the area of 960 x 960."""

    rule: ClassVar[ClipRule] = _rule(
        960 * 960, 241, most_pixels=1280 * 720, first_frame="generated", text_tokens=TEXT_TOKENS_15
    )
