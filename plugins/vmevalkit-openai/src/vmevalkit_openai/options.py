"""The options of a video server's models: what is sent, in which form, and how the picture has to be."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from vmevalkit_core import ImageRule, PictureOptions, Unit
from vmevalkit_openai.servers import SIZE

PICTURE_BYTES = 15_000_000
"""Bytes of a picture whose base64 stays below the 20,971,520 characters that the API documents."""
RESERVED = {"prompt", "model", "size", "seconds", "seed", "input_reference", "metadata", "user", "extra_body"}
"""Fields that have an option, or a meaning, of their own."""
EXTRAS = ("num_inference_steps", "guidance_scale", "num_frames", "fps", "negative_prompt")
"""Options that are fields under their own names, and no part of OpenAI's own API."""
SEVERAL = {"n", "num_outputs", "num_videos", "num_outputs_per_prompt", "num_videos_per_prompt"}
"""Fields by which servers make several clips, all of them billed."""
HARMLESS = {"flow_shift", "guidance_scale_2", "boundary_ratio", "true_cfg_scale", "max_sequence_length"}
"""Further fields that surely say nothing about the length of a clip."""


def _as_text(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return format(value, "g") if number else value


def _not_reserved(fields: dict[str, Any]) -> dict[str, Any]:
    taken = sorted((RESERVED | set(EXTRAS)) & set(fields))
    if taken:
        raise ValueError(f"{taken[0]} is sent by the kit, or has an option of its own")
    if several := sorted(SEVERAL & set(fields)):
        raise ValueError(f"{several[0]} asks for several clips, and every run is one")
    return fields


Pixels = Annotated[str, Field(pattern=rf"^{SIZE.pattern}$")]
Seconds = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[0-9]{1,4}(\.[0-9]+)?$"), Unit("s")]
Scalar = str | int | float | bool


class SizedOptions(PictureOptions):
    """What every model has in common: a size, a length, and a price where somebody knows it."""

    sizes: ClassVar[tuple[tuple[int, int], ...]] = ((1280, 720), (720, 1280))
    """Sizes of which the nearest to the question's picture is taken where the user names none."""
    usd_per_second: ClassVar[Decimal | None] = None
    usd_per_clip: ClassVar[Decimal | None] = None

    size: Pixels | None = None
    """Pixels of clip and picture, such as 832x480; the nearest of the model's sizes to the picture where none."""
    seconds: Seconds | None = None
    """Length of the clip. The server's own choice where none."""

    def price(self) -> Decimal | None:
        """US dollars at most; None where the server's prices, or the length that it draws, are not known."""
        if self.usd_per_clip is not None:
            return self.usd_per_clip
        if not self.usd_per_second:
            return self.usd_per_second
        # Which of two lengths counts is the server's choice.
        unknown = not self.seconds or getattr(self, "num_frames", None) or self._may_carry_a_length()
        return None if unknown else self.usd_per_second * Decimal(self.seconds or 0)

    def image_rule(self) -> ImageRule:
        """Exactly the pixels of the clip: these servers refuse other pictures, or distort them."""
        sizes = (pixels(self.size),) if self.size else self.sizes
        return ImageRule(sizes=sizes, max_bytes=PICTURE_BYTES, **self.picture())

    def _may_carry_a_length(self) -> bool:
        """Whether a further field may be a length in the server's own words; a yes or no is none."""
        fields: dict[str, Scalar] = getattr(self, "extra_fields", {})
        return any(name not in HARMLESS and not isinstance(value, bool) for name, value in fields.items())


class VideoOptions(SizedOptions):
    """What can be asked of a server that may be any."""

    num_inference_steps: Annotated[int, Field(ge=1)] | None = None
    """Steps of the sampler. The server's own choice where none."""
    guidance_scale: Annotated[float, Field(ge=0)] | None = None
    """How strictly it follows the prompt. The server's own choice where none."""
    num_frames: Annotated[int, Field(ge=1)] | None = None
    """Frames of the clip, for servers that count them. The server's own choice where none."""
    fps: Annotated[int, Field(ge=1), Unit("fps")] | None = None
    """Frames a second. The server's own choice where none."""
    negative_prompt: Annotated[str, Field(min_length=1)] | None = None
    """What the clip must not show."""
    send_seed: bool = True
    """Whether the seed of the sample is sent; false for a server that refuses the field."""
    create: Literal["multipart", "json"] = "multipart"
    """The form of the create request: the picture as a file, or as a data URL in JSON."""
    extras_in: Literal["fields", "extra_body"] = "fields"
    """Where fields go that OpenAI's own API does not have: beside the others, or into one field extra_body."""
    extra_fields: Annotated[dict[str, Scalar], AfterValidator(_not_reserved)] = Field(default_factory=dict)
    """More fields that the server knows, as JSON: `{"flow_shift": 12}`."""
    token_in: Literal["metadata", "user"] | None = None
    """A field that the server returns in its list: the run's token goes into it, and finds a job that was lost."""
    download: Literal["auto", "content"] = "auto"
    """`auto` follows a link where the finished job has one; `content` always asks the server itself."""


class AnyVideos(VideoOptions):
    """Options of whatever model the server has."""

    model: Annotated[str, Field(min_length=1)]
    """The server's name of the model, such as Wan-AI/Wan2.2-I2V-A14B-Diffusers."""


class Sora2(SizedOptions):
    """Options that sora-2 had."""

    usd_per_second: ClassVar[Decimal | None] = Decimal("0.10")
    size: Literal["1280x720", "720x1280"] | None = None
    """Pixels of clip and picture; the nearest to the picture where none."""
    seconds: Annotated[Literal["4", "8", "12"], BeforeValidator(_as_text), Unit("s")] = "8"
    """Length of the clip."""


class Sora2Pro(SizedOptions):
    """Options that sora-2-pro had."""

    sizes: ClassVar[tuple[tuple[int, int], ...]] = ((1280, 720), (720, 1280), (1792, 1024), (1024, 1792))
    size: Literal["1280x720", "720x1280", "1792x1024", "1024x1792"] | None = None
    """Pixels of clip and picture; the nearest to the picture where none."""
    seconds: Annotated[Literal["4", "8", "12"], BeforeValidator(_as_text), Unit("s")] = "8"
    """Length of the clip."""

    def price(self) -> Decimal | None:
        """0.30 USD a second at 720p, 0.50 at the larger sizes, which a picture may choose where none is named."""
        rate = Decimal("0.30") if self.size in ("1280x720", "720x1280") else Decimal("0.50")
        return rate * Decimal(self.seconds)


def pixels(size: str) -> tuple[int, int]:
    """The two numbers of `1280x720`."""
    width, height = size.split("x")
    return int(width), int(height)
