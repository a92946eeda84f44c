"""The options of each model: typed, bounded, documented, priced."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ValidationInfo, field_validator

from vmevalkit_core import ImageRule, PictureOptions, Unit

AREAS = {
    "360p": 640 * 360,
    "540p": 960 * 540,
    "720p": 1280 * 720,
    "1080p": 1920 * 1080,
    "4k": 3840 * 2160,
}
"""Pixels of a picture, so that the model need not scale it."""
FORMATS: tuple[Literal["image/png"], Literal["image/jpeg"]] = ("image/png", "image/jpeg")
"""What Luma is known to read."""
PICTURE_BYTES = 37_500_000
"""Luma refuses more than 50 MB, and base64 makes four bytes of three."""
USD_SDR = {"540p": Decimal("0.15"), "720p": Decimal("0.30"), "1080p": Decimal("1.20")}
USD_HDR = {"720p": Decimal("0.60"), "1080p": Decimal("2.40")}
"""US dollars for five seconds, by Luma's price page in November 2026."""
LONG = 3
"""Ten seconds cost three times as much as five, not twice."""
AGENTS_RATIOS = ("9:16", "3:4", "1:1", "4:3", "16:9", "21:9")
DREAM_RATIOS = (*AGENTS_RATIOS, "9:21")


class LumaOptions(PictureOptions):
    """What both APIs have in common."""

    def image_rule(self) -> ImageRule:
        """One of Luma's shapes, with the pixels of the resolution."""
        chosen, every, resolution = self.shape()
        ratios = tuple(pair(one) for one in ((chosen,) if chosen else every))
        return ImageRule(
            ratios=ratios,
            area=AREAS[resolution],
            multiple=2,
            formats=FORMATS,
            max_bytes=PICTURE_BYTES,
            **self.picture(),
        )

    def shape(self) -> tuple[str | None, tuple[str, ...], str]:
        """The shape that was asked for, those that there are, and the resolution."""
        raise NotImplementedError


class Ray32(LumaOptions):
    """Options of Ray 3.2."""

    duration: Annotated[Literal[5, 10], Unit("s")] = 5
    """Length of the clip; ten seconds cost three times as much as five."""
    resolution: Literal["360p", "540p", "720p", "1080p"] = "720p"
    """Resolution of the clip; 360p is a draft, whose price is not known."""
    aspect_ratio: Literal[AGENTS_RATIOS] | None = None  # type: ignore[valid-type]
    """Shape of clip and picture; the nearest to the question's picture where none."""
    loop: bool = False
    """Whether the clip ends as it began; 5 s only."""
    hdr: bool = False
    """Whether the clip has a high dynamic range; 720p or 1080p and 5 s only, without loop, at twice the price."""

    @field_validator("loop", "hdr")
    @classmethod
    def _short(cls, wanted: bool, info: ValidationInfo) -> bool:
        if wanted and info.data.get("duration", 5) != 5:
            raise ValueError("only clips of 5 s can have it")
        return wanted

    @field_validator("hdr")
    @classmethod
    def _fine(cls, wanted: bool, info: ValidationInfo) -> bool:
        if wanted and info.data.get("resolution", "720p") not in USD_HDR:
            raise ValueError("only clips in 720p and 1080p can have it")
        if wanted and info.data.get("loop"):
            raise ValueError("a clip that loops cannot have it")
        return wanted

    def price(self) -> Decimal | None:
        """US dollars; None for drafts in 360p, whose price is not on Luma's page."""
        five = (USD_HDR if self.hdr else USD_SDR).get(self.resolution)
        return None if five is None else five * (LONG if self.duration == 10 else 1)

    def shape(self) -> tuple[str | None, tuple[str, ...], str]:
        """The shape that was asked for, those that there are, and the resolution."""
        return self.aspect_ratio, AGENTS_RATIOS, self.resolution


class DreamOptions(LumaOptions):
    """Options of the models of Dream Machine."""

    duration: Annotated[Literal[5, 9], Unit("s")] = 5
    """Length of the clip."""
    resolution: Literal["540p", "720p", "1080p", "4k"] = "720p"
    """Resolution of the clip."""
    aspect_ratio: Literal[DREAM_RATIOS] | None = None  # type: ignore[valid-type]
    """Shape of clip and picture; the nearest to the question's picture where none."""
    loop: bool = False
    """Whether the clip ends as it began."""

    def price(self) -> Decimal | None:
        """Unknown: Luma charges by the pixel, and no page tells how much."""
        return None

    def shape(self) -> tuple[str | None, tuple[str, ...], str]:
        """The shape that was asked for, those that there are, and the resolution."""
        return self.aspect_ratio, DREAM_RATIOS, self.resolution


class Ray2(DreamOptions):
    """Options of Ray 2."""


class RayFlash2(DreamOptions):
    """Options of Ray Flash 2."""


def pair(text: str) -> tuple[int, int]:
    """The two numbers of `16:9`."""
    across, down = text.split(":")
    return int(across), int(down)
