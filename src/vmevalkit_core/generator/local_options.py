"""The options that every local model has: size, length, weights, memory, number type."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

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

    size: str | None = Field(None, pattern=r"^[1-9]\d{0,4}x[1-9]\d{0,4}$")
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

    @model_validator(mode="after")
    def _is_legal(self) -> Self:
        if self.clip_size and (fault := self.rule.fault(self.clip_size)):
            raise ValueError(f"size {self.size} {fault}")
        if self.frames > self.rule.most_frames:
            raise ValueError(f"{self.frames} frames are more than {self.rule.most_frames}")
        return self

    @property
    def clip_size(self) -> Size | None:
        """The size that was asked for, as numbers."""
        if self.size is None:
            return None
        width, height = map(int, self.size.split("x"))
        return width, height

    @property
    def legal_frames(self) -> int:
        """How many frames the model has to draw."""
        return self.rule.legal_frames(self.frames)

    def image_rule(self) -> ImageRule:
        """The size asked for, or the model's own way to one."""
        return self.rule.image_rule(self.clip_size, **self.picture())
