"""The options of each model, made from its row in the catalog: typed, bounded, documented, priced."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from vmevalkit_core import ImageRule, PictureOptions, Unit
from vmevalkit_wavespeed.catalog import Model, Tier
from vmevalkit_wavespeed.models import MODELS

PICTURE_BYTES = 20_000_000
"""Bytes of a picture that every one of WaveSpeed's uploads takes, the oldest too."""
STEP = 16
"""What both sides of a picture are a multiple of, where the clip follows its shape."""
SAFETY = "Whether WaveSpeed looks for content that is not allowed; its refusals may cost money."


class Lora(BaseModel):
    """One LoRA: where it is, and how much it counts."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: str = Field(min_length=1)
    """A link to its weights, or `owner/name` of a public repository."""
    scale: float = Field(1.0, ge=0, le=4)
    """How much it counts."""


EXTRAS: dict[str, tuple[Any, Any]] = {
    "enable_safety_checker": (bool, Field(True, description=SAFETY)),
    "flow_shift": (
        float | None,
        Field(None, ge=1, le=10, description="Shift of the noise schedule; WaveSpeed's own 3 (480p) or 5 where none."),
    ),
    "generate_audio": (bool, Field(False, description="Whether the clip gets sound, which costs more.")),
    "guidance_scale": (
        float | None,
        Field(None, ge=1.01, le=10, description="How strictly it follows the prompt; WaveSpeed's own 5 where none."),
    ),
    "loras": (
        tuple[Lora, ...],
        Field((), max_length=3, description='LoRAs, as JSON: `[{"path": "https://...", "scale": 1}]`.'),
    ),
    "negative_prompt": (str | None, Field(None, min_length=1, description="What the clip must not show.")),
    "num_inference_steps": (
        int | None,
        Field(None, ge=1, le=40, description="Steps of the sampler; WaveSpeed's own 30 where none."),
    ),
}
"""Type and description of the options that only some models have."""


class WaveSpeedOptions(PictureOptions):
    """What every model has in common; the classes of the models add their own fields."""

    about: ClassVar[Model]
    """The row of the model."""

    def price(self) -> Decimal | None:
        """US dollars at most; None where WaveSpeed's pages name no price."""
        return self.about.price(getattr(self, "duration", None))

    def tier(self) -> Tier:
        """The resolution that is asked for; a size counts for more."""
        size = getattr(self, "size", None)
        if size:
            return next(tier for tier in self.about.tiers if size in map(spelt, tier.sizes))
        return self.about.tier(getattr(self, "resolution", None))

    def image_rule(self) -> ImageRule:
        """The exact pixels of the clip, or, where the clip follows the picture, its shape at the model's resolution."""
        tier = self.tier()
        if not tier.sizes:
            return ImageRule(area=tier.area, multiple=STEP, max_bytes=PICTURE_BYTES, **self.picture())
        wanted = getattr(self, "size", None) or getattr(self, "aspect_ratio", None)
        sizes = tuple(size for size in tier.sizes if wanted in (None, spelt(size), aspect(size)))
        return ImageRule(sizes=sizes, max_bytes=PICTURE_BYTES, **self.picture())


def spelt(size: tuple[int, int]) -> str:
    """A size as users write it, with an x: a shell would take WaveSpeed's own asterisk for a pattern of files."""
    return f"{size[0]}x{size[1]}"


def aspect(size: tuple[int, int]) -> str:
    """The shape of one of the sizes that have one of two shapes."""
    return "16:9" if size[0] > size[1] else "9:16"


def options_class(model: Model) -> type[WaveSpeedOptions]:
    """The options class of a model."""
    fields = {**dict(_length(model)), **dict(_shape(model)), **{name: EXTRAS[name] for name in model.extras}}
    made: type[WaveSpeedOptions] = create_model(
        model.class_name, __base__=WaveSpeedOptions, __module__=__name__, __doc__=f"Options of {model.title}.", **fields
    )
    made.about = model
    return made


def _length(model: Model) -> Iterator[tuple[str, Any]]:
    if model.lengths:
        kind: Any = Literal[model.lengths]
        yield "duration", (Annotated[kind, Unit("s")], Field(model.length, description="Length of the clip."))


def _shape(model: Model) -> Iterator[tuple[str, Any]]:
    """The options that choose the size of the clip; a model whose name says it has none."""
    several = len(model.tiers) > 1
    if several:
        kind: Any = Literal[tuple(tier.name for tier in model.tiers)]
        words = "Resolution of the clip" + (", unless a size is given." if model.shape == "size" else ".")
        yield "resolution", (kind, Field(model.tiers[0].name, description=words))
    if model.shape == "size":
        sizes: Any = Literal[tuple(spelt(size) for tier in model.tiers for size in tier.sizes)]
        words = "Pixels of clip and picture; the nearest to the question's picture where none."
        yield "size", (sizes | None, Field(None, description=words))
    if model.shape == "aspect":
        words = "Shape of clip and picture; the nearest to the question's picture where none."
        yield "aspect_ratio", (Literal["16:9", "9:16"] | None, Field(None, description=words))


Veo31 = options_class(MODELS["veo-3.1"])
Veo31720p = options_class(MODELS["veo-3.1-720p"])
Veo31Fast = options_class(MODELS["veo-3.1-fast"])
Veo31Fast720p = options_class(MODELS["veo-3.1-fast-720p"])
Veo31Lite = options_class(MODELS["wavespeed-veo-3.1-lite"])
Wan21I2v480p = options_class(MODELS["wavespeed-wan-2.1-i2v-480p"])
Wan21I2v480pUltraFast = options_class(MODELS["wavespeed-wan-2.1-i2v-480p-ultra-fast"])
Wan21I2v480pLora = options_class(MODELS["wavespeed-wan-2.1-i2v-480p-lora"])
Wan21I2v480pLoraUltraFast = options_class(MODELS["wavespeed-wan-2.1-i2v-480p-lora-ultra-fast"])
Wan21I2v720p = options_class(MODELS["wavespeed-wan-2.1-i2v-720p"])
Wan21I2v720pUltraFast = options_class(MODELS["wavespeed-wan-2.1-i2v-720p-ultra-fast"])
Wan21I2v720pLora = options_class(MODELS["wavespeed-wan-2.1-i2v-720p-lora"])
Wan21I2v720pLoraUltraFast = options_class(MODELS["wavespeed-wan-2.1-i2v-720p-lora-ultra-fast"])
Wan22I2v480p = options_class(MODELS["wavespeed-wan-2.2-i2v-480p"])
Wan22I2v480pUltraFast = options_class(MODELS["wavespeed-wan-2.2-i2v-480p-ultra-fast"])
Wan22I2v480pLora = options_class(MODELS["wavespeed-wan-2.2-i2v-480p-lora"])
Wan22I2v480pLoraUltraFast = options_class(MODELS["wavespeed-wan-2.2-i2v-480p-lora-ultra-fast"])
Wan22I2v720p = options_class(MODELS["wavespeed-wan-2.2-i2v-720p"])
Wan22I2v720pUltraFast = options_class(MODELS["wavespeed-wan-2.2-i2v-720p-ultra-fast"])
Wan22I2v720pLora = options_class(MODELS["wavespeed-wan-2.2-i2v-720p-lora"])
Wan22I2v720pLoraUltraFast = options_class(MODELS["wavespeed-wan-2.2-i2v-720p-lora-ultra-fast"])
Wan22I2v5b720p = options_class(MODELS["wavespeed-wan-2.2-i2v-5b-720p"])
Wan22I2v5b720pLora = options_class(MODELS["wavespeed-wan-2.2-i2v-5b-720p-lora"])
Wan22ImageToVideo = options_class(MODELS["wavespeed-wan-2.2-image-to-video"])
Sora2Wavespeed = options_class(MODELS["sora-2-wavespeed"])
Sora2ProWavespeed = options_class(MODELS["sora-2-pro-wavespeed"])
