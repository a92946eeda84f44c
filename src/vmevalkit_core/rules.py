"""What a model wants its pictures to be like, and the size that a picture gets by it: plain arithmetic."""

from __future__ import annotations

from math import gcd, log, sqrt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt

from vmevalkit_core.geometry import Geometry, Size

Fit = Literal["letterbox", "crop", "stretch", "exact"]
MediaType = Literal["image/png", "image/jpeg", "image/webp"]


def _colour(text: str) -> str:
    from PIL import ImageColor

    ImageColor.getrgb(text)  # its ValueError names the text
    return text


Colour = Annotated[str, AfterValidator(_colour)]
"""A name such as `white`, or `#rrggbb`."""


class ImageRule(BaseModel):
    """Which pictures a model takes; `media` turns any question's picture into one of them.

    Where several sizes are given, the one nearest in shape is taken, then the one nearest in area. Without `sizes`,
    `ratios` and `area` a picture keeps its scale.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    fit: Fit = "letterbox"
    """`letterbox`: whole, with bars; `crop`: the middle of it, without bars; `stretch`: whole and distorted;
    `exact`: refused unless it has a legal size already."""
    sizes: tuple[tuple[PositiveInt, PositiveInt], ...] = ()
    """The legal sizes, in pixels."""
    ratios: tuple[tuple[PositiveInt, PositiveInt], ...] = ()
    """The legal shapes, as width to height, such as (16, 9)."""
    area: int | None = Field(default=None, gt=0)
    """Pixels to which a picture is scaled, at most."""
    multiple: int = Field(default=1, ge=1)
    """What both sides have to be a multiple of."""
    formats: tuple[MediaType, ...] = Field(default=("image/png", "image/jpeg", "image/webp"), min_length=1)
    """What the model reads; what has to be written anew is written in the first of these that is small enough."""
    max_bytes: int | None = Field(default=None, gt=0)
    """Bytes of the file at most."""
    background: Colour = "white"
    """The colour on which transparent pixels are laid."""
    bars: Colour = "black"
    """The colour of the bars of a letterbox."""

    @property
    def keeps_size(self) -> bool:
        """Whether any size is legal, so that `fit` means nothing."""
        return not (self.sizes or self.ratios or self.area) and self.multiple == 1

    def geometry(self, source: Size) -> Geometry:
        """Where a picture of that size goes; ValueError when `exact` refuses it."""
        if self.keeps_size:
            return Geometry(source=source, sent=source)
        target = self.target(source)
        if self.fit == "exact" and target != source:
            raise ValueError(
                f"it is {source[0]} x {source[1]}, and {target[0]} x {target[1]} is the nearest legal size"
            )
        if self.fit == "letterbox":
            return _letterboxed(source, target, enlarge=bool(self.sizes or self.area))
        if self.fit == "crop":
            return _cropped(source, target)
        return Geometry(fit=self.fit, source=source, sent=target)

    def target(self, source: Size) -> Size:
        """The legal size for a picture of that size."""
        if self.sizes:
            return min(self.sizes, key=lambda size: (_distance(size, source), abs(log(_area(size) / _area(source)))))
        if self.ratios:
            return self._of_ratio(source, min(self.ratios, key=lambda ratio: _distance(ratio, source)))
        if self.area:
            return self._of_area(source, self.area)
        return self._stepped(source, self.fit)

    def _of_ratio(self, source: Size, ratio: Size) -> Size:
        """The multiple of a ratio that holds the picture, that it holds, or that has its area."""
        across, down = (side // gcd(*ratio) for side in ratio)
        # Both sides of step * (across, down) are then multiples of `multiple`.
        step = max(self.multiple // gcd(self.multiple, side) for side in (across, down))
        while across * step % self.multiple or down * step % self.multiple:
            step += 1
        unit = (across * step, down * step)
        fits = (source[0] / unit[0], source[1] / unit[1])
        wanted = {"letterbox": max(fits), "crop": min(fits)}.get(self.fit, sqrt(fits[0] * fits[1]))
        count = _whole(wanted, self.fit) if self.area is None else int(sqrt(self.area / _area(unit)))
        return unit[0] * max(1, count), unit[1] * max(1, count)

    def _of_area(self, source: Size, area: int) -> Size:
        scale = sqrt(area / _area(source))
        width, height = self._stepped((source[0] * scale, source[1] * scale), "crop")
        # A side that cannot be shorter than one step takes its room from the other one.
        width = min(width, self._floor(area / height))
        return width, min(height, self._floor(area / width))

    def _floor(self, side: float) -> int:
        return max(1, int(side / self.multiple)) * self.multiple

    def _stepped(self, size: tuple[float, float], fit: str) -> Size:
        width, height = (max(1, _whole(side / self.multiple, fit)) * self.multiple for side in size)
        return width, height


def _whole(value: float, fit: str) -> int:
    """Up for bars, down for a crop, to the nearest else; what is whole but for rounding stays."""
    nearest = round(value)
    if abs(value - nearest) < 1e-9 or fit not in ("letterbox", "crop"):
        return nearest
    return int(value) + (fit == "letterbox")


def _letterboxed(source: Size, target: Size, *, enlarge: bool) -> Geometry:
    scale = min(target[0] / source[0], target[1] / source[1])
    scale = scale if enlarge else min(1.0, scale)
    width, height = (min(whole, max(1, round(side * scale))) for side, whole in zip(source, target, strict=True))
    # Even offsets: the colours of H.264 have half the resolution, and an odd edge would mix with its bar.
    left, top = (round((whole - side) / 4) * 2 for side, whole in zip((width, height), target, strict=True))
    return Geometry(fit="letterbox", source=source, sent=target, placed=(left, top, left + width, top + height))


def _cropped(source: Size, target: Size) -> Geometry:
    scale = max(target[0] / source[0], target[1] / source[1])
    width, height = (min(float(side), whole / scale) for side, whole in zip(source, target, strict=True))
    left, top = (source[0] - width) / 2, (source[1] - height) / 2
    if scale == 1:  # whole pixels, so that nothing is resampled
        left, top = float(int(left)), float(int(top))
    return Geometry(fit="crop", source=source, sent=target, shown=(left, top, left + width, top + height))


def _distance(one: Size, other: Size) -> float:
    """How far two shapes are apart, the same for twice as wide and twice as high."""
    return round(abs(log(one[0] * other[1] / (one[1] * other[0]))), 9)


def _area(size: Size) -> int:
    return size[0] * size[1]
