"""The options of each model: typed, bounded, documented, priced."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from vmevalkit_core import ImageRule, PictureOptions, Unit
from vmevalkit_veo.catalog import LINES, MODELS, Model, Size

Aspect = Literal["16:9", "9:16"]
PICTURE_BYTES = 14_000_000
"""Bytes of a picture at most: in base64, with the rest of the request, it stays below Google's 20 MB."""
FORMATS: tuple[Literal["image/png", "image/jpeg"], ...] = ("image/png", "image/jpeg")


class GoogleOptions(PictureOptions):
    """What every model has in common; the classes of the models add their own fields."""

    about: ClassVar[Model]
    """The row of the model."""

    aspect_ratio: Aspect | None = None
    """Shape of clip and picture; the nearest to the question's picture where none."""

    def price(self) -> Decimal | None:
        """US dollars at most, by the second and rounded up to a cent; None where no price is known."""
        rate = self.about.rate(self.tier())
        seconds = int(getattr(self, "duration"))  # noqa: B009 - each model has its own type of it
        return None if rate is None else (seconds * Decimal(rate)).quantize(Decimal("0.01"), ROUND_UP)

    def tier(self) -> str:
        """The resolution that is asked for."""
        return str(getattr(self, "resolution", "720p"))

    def image_rule(self) -> ImageRule:
        """The exact pixels of the clip, wide or high."""
        sizes = [frame_size(self.tier(), aspect) for aspect in self._aspects()]
        return ImageRule(sizes=tuple(sizes), formats=FORMATS, max_bytes=PICTURE_BYTES, **self.picture())

    def _aspects(self) -> tuple[Aspect, ...]:
        return (self.aspect_ratio,) if self.aspect_ratio else ("16:9", "9:16")


def frame_size(tier: str, aspect: str) -> Size:
    """Pixels of a clip: (720, 1280) for 720p and 9:16."""
    across, down = LINES[tier]
    return (across, down) if aspect == "16:9" else (down, across)


def aspect_of(size: Size) -> Aspect:
    """The shape of a prepared picture, in Google's words."""
    return "16:9" if size[0] >= size[1] else "9:16"


class VeoOptions(GoogleOptions):
    """What every Veo has in common."""

    negative_prompt: str | None = Field(None, min_length=1)
    """What the clip must not show."""
    person_generation: Literal["allow_all", "allow_adult", "dont_allow"] | None = None
    """Whether people may appear; Google's own choice where none, and it refuses some values in some countries."""


class Veo3Options(VeoOptions):
    """What every Veo 3 has in common."""

    duration: Annotated[Literal[4, 6, 8], Unit("s")] = 8
    """Length of the clip; 1080p and 4k need 8."""
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    """Resolution of the clip."""

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.resolution != "720p" and self.duration != 8:
            raise ValueError(f"duration has to be 8 where resolution is {self.resolution}")
        return self


class VertexOptions(Veo3Options):
    """What Vertex AI adds."""

    generate_audio: bool = False
    """Whether the clip gets sound."""
    enhance_prompt: bool | None = None
    """Whether Google rewrites the prompt; its own choice where none."""
    compression_quality: Literal["optimized", "lossless"] | None = None
    """How strongly the clip is compressed; Google's own choice where none."""
    storage_uri: str | None = Field(None, pattern=r"^gs://[a-z0-9][a-z0-9._-]+[a-z0-9](/[^\s?#]*)?$")
    """A folder of yours in Cloud Storage for the clip, `gs://BUCKET/FOLDER`; where none, the answer holds it."""


class Veo31Vertex(VertexOptions):
    """Options of Veo 3.1 on Vertex AI."""

    about = MODELS["veo-3.1-vertex"]


class Veo31FastVertex(VertexOptions):
    """Options of Veo 3.1 Fast on Vertex AI."""

    about = MODELS["veo-3.1-fast-vertex"]


class OmniOptions(GoogleOptions):
    """What every Gemini Omni has in common."""

    resolution: Literal["360p", "720p", "1080p", "4k"] = "720p"
    """Resolution of the clip."""


class GeminiOmni11Flash(OmniOptions):
    """Options of Gemini Omni 1.1 Flash."""

    about = MODELS["gemini-omni-1.1-flash"]
    duration: Annotated[int, Unit("s")] = Field(5, ge=3, le=10)
    """Length of the clip."""


class GeminiOmni12Flash(OmniOptions):
    """Options of Gemini Omni 1.2 Flash."""

    about = MODELS["gemini-omni-1.2-flash"]
    duration: Annotated[int, Unit("s")] = Field(5, ge=3, le=15)
    """Length of the clip."""


class Veo2(VeoOptions):
    """Options that Veo 2 had."""

    about = MODELS["veo-2"]
    duration: Annotated[Literal[5, 6, 7, 8], Unit("s")] = 8
    """Length of the clip."""


class Veo2Generate(Veo2):
    """Options that Veo 2 had, under its other name."""

    about = MODELS["veo-2.0-generate"]


class Veo30(Veo3Options):
    """Options that Veo 3 had."""

    about = MODELS["veo-3.0-generate"]
    resolution: Literal["720p", "1080p"] = "720p"
    """Resolution of the clip."""


class Veo30Fast(Veo30):
    """Options that Veo 3 Fast had."""

    about = MODELS["veo-3.0-fast-generate"]


class Veo31(Veo3Options):
    """Options that Veo 3.1 had with a key."""

    about = MODELS["veo-3.1-generate"]
