"""What can be asked of each model: the authors' defaults, and the ranges that they recommend.

Of DynamiCrafter they are in `scripts/run.sh`, `scripts/run_application.sh` and `gradio_app.py`
(Doubiiu/DynamiCrafter at c453369), of VideoCrafter in `scripts/run_image2video.sh` and `scripts/run_text2video.sh`
(AILab-CVC/VideoCrafter at 11bcd76).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from vmevalkit_core import ClipRule, LocalOptions, PictureOptions, Unit

FRAMES = 16
"""What every model draws; of the interpolating one, the last frame is the final picture."""
TEXT_TOKENS = 77

Frames = Annotated[int, Unit("frames")]
Rate = Annotated[float, Unit("frames/s")]
ToldRate = Annotated[int, Unit("frames/s")]


def _rule(size: tuple[int, int], fps: float, first_frame: Literal["generated", "weak", "none"]) -> ClipRule:
    """One size and one length: others than those of the training give poor motion, or none."""
    return ClipRule(
        sizes=(size,),
        frame_base=FRAMES,
        frame_step=FRAMES,
        most_frames=FRAMES,
        fps=fps,
        first_frame=first_frame,
        text_tokens=TEXT_TOKENS,
    )


class CrafterOptions(LocalOptions):
    """The options that all crafters share."""

    without_effect: ClassVar[frozenset[str]] = LocalOptions.without_effect | {"frame_by_frame"}
    told: ClassVar[str] = "motion_fps"
    """The option that is the number which the network is told."""

    size: str | None = Field(None, pattern=r"^[1-9]\d{0,4}x[1-9]\d{0,4}$")
    """Pixels of the clip; each model has one size, and no other is taken."""
    weights: str | None = None
    """A model file, a folder, or a hub id whose files are in the local cache; VMEVAL_WEIGHTS where none."""
    frames: Frames = Field(FRAMES, ge=1, le=FRAMES)
    """Frames of the clip; the model always draws 16, and what was not asked for is cut off."""
    steps: Annotated[int, Unit("steps")] = Field(50, ge=2, le=200)
    """Denoising steps; with spacing `uniform` it may be a few more, such as 31 for 30."""
    eta: float = Field(1.0, ge=0.0, le=1.0)
    """Fresh noise in each step, from none to as much as the training noise has."""
    guidance: float = Field(7.5, ge=1.0, le=30.0)
    """How strongly the prompt and the picture are followed; 1 is without guidance, and twice as fast."""
    guidance_rescale: float = Field(0.0, ge=0.0, le=1.0)
    """Share of the correction of over-exposure by strong guidance; without effect where there is none."""
    spacing: Literal["uniform", "uniform_trailing"] = "uniform"
    """Which of the 1000 training steps are visited: from 1 upwards, or from 999 downwards."""
    negative_prompt: str = ""
    """What guidance leads away from, without effect where there is none; the authors have nothing here."""
    batched: bool = False
    """Ask for all branches of guidance, where there is any, at once: less time on a large device, and more memory."""
    frame_by_frame: bool = True
    """Decode one frame at a time; false is a little faster, and needs many times the memory for it."""

    @property
    def is_guided(self) -> bool:
        """Whether anything is led away from."""
        return self.guidance != 1 or getattr(self, "image_guidance", None) is not None

    @property
    def told_number(self) -> int:
        """The frame rate or stride that the network is told."""
        return int(getattr(self, self.told))


class DynamiCrafterOptions(CrafterOptions):
    """The options that the DynamiCrafters share."""

    fps: Rate = Field(8.0, ge=1, le=120)
    """Frames per second of the file; the model is told another number."""
    image_guidance: float | None = Field(None, ge=0.0, le=30.0)
    """How strongly the picture is followed, apart from the prompt; costs half as much time again."""


class DynamiCrafter256Options(DynamiCrafterOptions):
    """Options of dynamicrafter-256, which is told a frame stride."""

    rule: ClassVar[ClipRule] = _rule((256, 256), 8, "generated")
    told: ClassVar[str] = "frame_stride"

    frame_stride: Annotated[int, Unit("frames")] = Field(3, ge=1, le=6)
    """Frames of the film from one frame of the clip to the next: more means more motion."""


class DynamiCrafter512Options(DynamiCrafterOptions):
    """Options of dynamicrafter-512."""

    rule: ClassVar[ClipRule] = _rule((512, 320), 8, "generated")

    motion_fps: ToldRate = Field(24, ge=15, le=30)
    """The frame rate that the network is told: less means more motion."""
    guidance_rescale: float = Field(0.7, ge=0.0, le=1.0)
    """Share of the correction of over-exposure by strong guidance; without effect where there is none."""
    spacing: Literal["uniform", "uniform_trailing"] = "uniform_trailing"
    """Which of the 1000 training steps are visited: from 1 upwards, or from 999 downwards."""


class DynamiCrafter1024Options(DynamiCrafter512Options):
    """Options of dynamicrafter-1024."""

    rule: ClassVar[ClipRule] = _rule((1024, 576), 8, "generated")

    motion_fps: ToldRate = Field(10, ge=5, le=15)
    """The frame rate that the network is told: less means more motion."""


class DynamiCrafterInterpOptions(DynamiCrafter512Options):
    """Options of dynamicrafter-512-interp."""

    rule: ClassVar[ClipRule] = _rule((512, 320), 8, "generated")

    motion_fps: ToldRate = Field(5, ge=5, le=30)
    """The frame rate that the network is told: less means more motion."""


class VideoCrafterOptions(CrafterOptions):
    """The options that the VideoCrafters share."""

    fps: Rate = Field(10.0, ge=1, le=120)
    """Frames per second of the file; the model is told another number."""
    guidance: float = Field(12.0, ge=1.0, le=30.0)
    """How strongly the prompt is followed; 1 is without guidance, and twice as fast."""


class VideoCrafter1Options(VideoCrafterOptions):
    """Options of videocrafter1-i2v-512."""

    rule: ClassVar[ClipRule] = _rule((512, 320), 10, "weak")

    motion_fps: ToldRate = Field(8, ge=1, le=30)
    """The frame rate that the network is told; the authors give no range."""


class VideoCrafter2Options(VideoCrafterOptions):
    """Options of videocrafter2-512, which is shown no picture."""

    rule: ClassVar[ClipRule] = _rule((512, 320), 10, "none")

    @model_validator(mode="after")
    def _has_no_picture(self) -> Self:
        # Said now, since an option without any effect would be a promise.
        for name in PictureOptions.model_fields:
            if getattr(self, name) != PictureOptions.model_fields[name].default:
                raise ValueError(f"{name} is of no use: this model has no input for a picture")
        return self

    motion_fps: ToldRate = Field(28, ge=1, le=30)
    """The frame rate that the network is told; the authors give no range."""
