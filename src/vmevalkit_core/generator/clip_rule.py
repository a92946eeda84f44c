"""Which clips a local model can draw, declared as data, and the pure arithmetic that makes a request legal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vmevalkit_core.geometry import Size
from vmevalkit_core.rules import ImageRule

FirstFrame = Literal["copy", "generated", "weak", "none"]
"""What frame 0 of a clip is: `copy`, the picture through the model's own codec; `generated`, drawn to look like it;
`weak`, only guided by it; `none`, drawn without having been shown it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRule:
    """What a model was made for. Sizes follow from it by an `ImageRule`, numbers of frames by `legal_frames`."""

    multiple: int = 1
    """What both sides have to be a multiple of."""
    area: int | None = None
    """Pixels of the pictures that it was trained on; a question's picture is scaled to at most so many."""
    sizes: tuple[Size, ...] = ()
    """The only sizes that it knows, for a model whose size is fixed; `area` then means nothing."""
    most_pixels: int | None = None
    """Pixels above which its authors promise nothing; a larger `size` is refused."""
    frame_step: int = 1
    """Legal numbers of frames are `frame_step * k + frame_base`."""
    frame_base: int = 1
    """The smallest legal number of frames."""
    most_frames: int = 1001
    """The largest number of frames that may be asked for."""
    fps: float
    """Frames for each second that it was trained on."""
    first_frame: FirstFrame
    """What frame 0 of its clips is."""
    text_tokens: int | None = None
    """Tokens of a prompt that it reads; the rest is cut off. None: it reads no text, or all of it."""

    def legal_frames(self, asked: int) -> int:
        """The smallest legal number of frames that holds those asked for; what is too many is cut afterwards."""
        steps = -(-max(0, asked - self.frame_base) // self.frame_step)
        return self.frame_base + steps * self.frame_step

    def legal_size(self, source: Size) -> Size:
        """The size in which a picture of that size is drawn where nothing else is asked."""
        return self.image_rule().target(source)

    def fault(self, size: Size) -> str:
        """Why a clip of that size cannot be drawn, as the end of a sentence; empty when it can."""
        if self.sizes:
            known = " or ".join(f"{width}x{height}" for width, height in self.sizes)
            return "" if size in self.sizes else f"has to be {known}"
        if size[0] % self.multiple or size[1] % self.multiple:
            near = "x".join(str(max(1, round(side / self.multiple)) * self.multiple) for side in size)
            return f"has to be a multiple of {self.multiple} on both sides; the nearest is {near}"
        if self.most_pixels and size[0] * size[1] > self.most_pixels:
            return f"has more than {self.most_pixels:,} pixels"
        return ""

    def image_rule(self, size: Size | None = None, **picture: Any) -> ImageRule:
        """What its pictures have to be like; with a `size`, just that one. `picture`: more fields of ImageRule."""
        fields: Mapping[str, Any] = {"formats": ("image/png",), **picture}
        if size or self.sizes:
            return ImageRule(sizes=(size,) if size else self.sizes, **fields)
        return ImageRule(area=self.area, multiple=self.multiple, **fields)
