"""The options that every local model has: size, length, weights, memory, number type."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from vmevalkit_core.generator.clip_rule import ClipRule
from vmevalkit_core.geometry import Size
from vmevalkit_core.options import FreeOptions, PictureOptions, Unit
from vmevalkit_core.rules import ImageRule

Memory = Literal["auto", "full", "offload", "layers"]
NumberType = Literal["auto", "bfloat16", "float16", "float32"]


class LocalOptions(PictureOptions, FreeOptions):
    """Base of the options of local models. A subclass sets `rule`, and other defaults where its authors say so."""

    rule: ClassVar[ClipRule]
    """What the model was made for."""
    without_effect: ClassVar[frozenset[str]] = frozenset({"memory"})
    """Options that change no clip, so that a finished run stays finished when they change."""
    loading: ClassVar[frozenset[str]] = frozenset({"weights", "dtype"})
    """Options that need the weights to be loaded anew when they change."""

    size: str | None = None
    """Pixels of the clip, such as 768x512; where none, the question's own shape at the area of the training."""
    frames: Annotated[int, Unit("frames")] = Field(1, ge=1)
    """Frames of the clip; the model draws the next legal number of them, and what is too many is cut off."""
    fps: Annotated[float, Unit("frames/s")] = Field(24.0, ge=1, le=120)
    """Frames per second."""
    weights: str | None = None
    """A folder, or a hub id whose files are in the local cache; VMEVAL_WEIGHTS where none, then the model's own id."""
    memory: Memory = "auto"
    """`full`: all on the device; `offload`: parts take turns on it; `layers`: even layers do, where the model can;
    `auto`: the first that does not run out."""
    dtype: NumberType = "auto"
    """The type of the numbers; `auto`: the authors' on an accelerator, float32 on a CPU."""

    @field_validator("size")
    @classmethod
    def _is_legal_size(cls, text: str | None) -> str | None:
        if text is not None and (fault := cls.rule.fault(_size(text))):
            raise ValueError(f"it {fault}")
        return text

    @field_validator("frames")
    @classmethod
    def _are_not_too_many(cls, frames: int) -> int:
        if frames > cls.rule.most_frames:
            raise ValueError(f"the model draws {cls.rule.most_frames} at most")
        return frames

    @property
    def clip_size(self) -> Size | None:
        """The size that was asked for, as numbers."""
        return None if self.size is None else _size(self.size)

    @property
    def legal_frames(self) -> int:
        """How many frames the model has to draw."""
        return self.rule.legal_frames(self.frames)

    def image_rule(self) -> ImageRule:
        """The size asked for, or the model's own way to one."""
        return self.rule.image_rule(self.clip_size, **self.picture())


def _size(text: str) -> Size:
    sides = text.split("x")
    if len(sides) != 2 or not all(side.isdecimal() and 0 < int(side) <= 9999 for side in sides):
        raise ValueError("a size is like 768x512")
    return int(sides[0]), int(sides[1])
