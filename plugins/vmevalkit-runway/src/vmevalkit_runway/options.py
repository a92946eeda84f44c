"""The options of each model, made from its row in the catalog: typed, bounded, documented, priced."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, create_model

from vmevalkit_core import ImageRule, PictureOptions, Unit
from vmevalkit_runway.catalog import Length, Model, Size, Tier
from vmevalkit_runway.models import MODELS

USD_PER_CREDIT = Decimal("0.01")
UPLOAD_BYTES = 200_000_000
"""Bytes of a picture that Runway takes as an upload, at most."""
SHAPES = ((2, 1), (16, 9), (3, 2), (4, 3), (5, 4), (1, 1), (4, 5), (3, 4), (2, 3), (9, 16), (1, 2))
"""Shapes of pictures for models that follow the picture: all of them within the limits that any model documents."""
DEEP = ("sdr_rec709_10bit", "hdr10", "hlg")
"""Output formats of 10 bits, which cost more."""
DEEP_CREDITS = 20
"""Credits a second that these cost more, for a clip of up to 4 megapixels."""

EXTRAS: dict[str, tuple[Any, Any]] = {
    "audio": (bool, Field(False, description="Whether the clip gets sound, which costs more with some models.")),
    "cfg_scale": (
        float | None,
        Field(None, ge=0, le=1, description="How strictly it follows the prompt; Runway's own 0.5 where none."),
    ),
    "draft": (bool, Field(False, description="A cheap preview of 480p instead of the whole quality.")),
    "negative_prompt": (str | None, Field(None, min_length=1, description="What the clip must not show.")),
    "output_format": (
        Literal[("mp4", *DEEP)],
        Field("mp4", description="`mp4` is H.264, the others HEVC of 10 bits for 20 credits a second more."),
    ),
    "prompt_expansion_mode": (
        Literal["disabled", "balanced", "quality"],
        Field("balanced", description="How the model rewrites the prompt; seeds repeat a clip only when `disabled`."),
    ),
    "public_figure_threshold": (
        Literal["auto", "low"] | None,
        Field(None, description="`low` is less strict about public figures; Runway's own choice where none."),
    ),
}
"""Type and description of the options that only some models have."""


class RunwayOptions(PictureOptions):
    """What every model has in common; the classes of the models add their own fields."""

    about: ClassVar[Model]
    """The row of the model."""

    def price(self) -> Decimal | None:
        """US dollars at most, from credits a second; None where that is unknown, or the length is."""
        seconds, rate = self._get("duration"), self.rate()
        return None if rate is None or seconds == "auto" else seconds * rate * USD_PER_CREDIT

    def rate(self) -> int | None:
        """Credits a second with these options; None is unknown."""
        tier = self.tier()
        rate = tier.with_audio if tier.with_audio and self._get("audio") else tier.credits
        return None if rate is None else rate + DEEP_CREDITS * (self._get("output_format") in DEEP)

    def tier(self) -> Tier:
        """The resolution that is asked for; a ratio in pixels counts for more than a resolution."""
        ratio = self._get("ratio")
        if ratio and self.about.shape == "pixels":
            return self.about.tier_of(pair(ratio))
        name = self._get("resolution")
        return self.about.tier(name) if name else self.about.default_tier

    def image_rule(self) -> ImageRule:
        """The exact pixels of the clip where Runway lets one choose them, else one of a few shapes."""
        tier, ratio = self.tier(), self._get("ratio")
        chosen = (pair(ratio),) if ratio else ()
        if tier.sizes:
            free = tuple(size for size in tier.sizes if size not in self.about.shy)
            return ImageRule(sizes=chosen or free, max_bytes=UPLOAD_BYTES, **self.picture())
        ratios = chosen or self.about.aspects or SHAPES
        return ImageRule(ratios=ratios, area=tier.area, multiple=2, max_bytes=UPLOAD_BYTES, **self.picture())

    def _get(self, name: str) -> Any:
        return getattr(self, name, None)


def pair(text: str) -> Size:
    """The two numbers of `1280:720`."""
    width, height = text.split(":")
    return int(width), int(height)


def options_class(model: Model) -> type[RunwayOptions]:
    """The options class of a model."""
    fields: dict[str, Any] = {"duration": _duration(model.length), **dict(_shape(model))}
    fields |= {name: EXTRAS[name] for name in model.extras}
    made: type[RunwayOptions] = create_model(
        model.class_name, __base__=RunwayOptions, __module__=__name__, __doc__=f"Options of {model.title}.", **fields
    )
    made.about = model
    return made


def _duration(length: Length) -> tuple[Any, Any]:
    kind: Any = Literal[length.choices] if length.choices else Annotated[int, Field(ge=length.least, le=length.most)]
    words = "Length of the clip."
    if length.auto:
        kind, words = kind | Literal["auto"], f"{words[:-1]}; with `auto` the model chooses, at a price unknown before."
    return Annotated[kind, Unit("s")], Field(length.default, description=words)


def _shape(model: Model) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """The options that choose the size of the clip."""
    sizes = model.aspects or [size for tier in model.tiers for size in tier.sizes]
    if sizes:
        kind = "Shape" if model.aspects else "Pixels"
        words = f"{kind} of clip and picture; the nearest to the question's picture where none."
        if model.shy:
            words += f" {_joined(model.shy)} only on demand: Runway wants pictures at most twice as wide as high."
        names = tuple(f"{width}:{height}" for width, height in sizes)
        yield "ratio", (Literal[names] | None, Field(None, description=words))
    if len(model.tiers) > 1:
        names = tuple(tier.name for tier in model.tiers)
        words = "Resolution of the clip" + (", unless a ratio is given." if model.shape == "pixels" else ".")
        yield "resolution", (Literal[names], Field(model.default_tier.name, description=words))


def _joined(sizes: tuple[Size, ...]) -> str:
    return ", ".join(f"{width}:{height}" for width, height in sizes)


Gen4Turbo = options_class(MODELS["gen4_turbo"])
Gen45 = options_class(MODELS["gen4.5"])
Veo31 = options_class(MODELS["veo3.1"])
Veo31Fast = options_class(MODELS["veo3.1_fast"])
GeminiOmniFlash = options_class(MODELS["gemini_omni_flash"])
GeminiOmniFlash11 = options_class(MODELS["gemini_omni_flash_1.1"])
Kling25TurboPro = options_class(MODELS["kling2.5_turbo_pro"])
Kling30Standard = options_class(MODELS["kling3.0_standard"])
Kling30Pro = options_class(MODELS["kling3.0_pro"])
Kling304k = options_class(MODELS["kling3.0_4k"])
KlingO3Standard = options_class(MODELS["klingO3_standard"])
KlingO3Pro = options_class(MODELS["klingO3_pro"])
KlingO34k = options_class(MODELS["klingO3_4k"])
Kling4 = options_class(MODELS["kling_4"])
Seedance2 = options_class(MODELS["seedance2"])
Seedance2Fast = options_class(MODELS["seedance2_fast"])
Seedance2Mini = options_class(MODELS["seedance2_mini"])
Seedance25 = options_class(MODELS["seedance2_5"])
Hailuo3 = options_class(MODELS["hailuo3"])
H3Max = options_class(MODELS["h3_max"])
Happyhorse10 = options_class(MODELS["happyhorse_1_0"])
GrokImagine15 = options_class(MODELS["grok_imagine_1_5"])
GrokImagine15Lite = options_class(MODELS["grok_imagine_1_5_lite"])
Wan3 = options_class(MODELS["wan3"])
Wan3Prime = options_class(MODELS["wan3_prime"])
Gen4Aleph = options_class(MODELS["gen4_aleph"])
Gen3aTurbo = options_class(MODELS["gen3a_turbo"])
Veo3 = options_class(MODELS["veo3"])
