"""The words in which a model is described: its sizes, prices, lengths and what its request may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Size = tuple[int, int]
Shape = Literal["pixels", "auto", "resolution", "aspect", "picture"]

HD = 1280 * 720
FULL_HD = 1920 * 1080


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One resolution of a model, and what a second of it costs."""

    name: str
    """Runway's word, such as `720p`."""
    credits: int | None = None
    """Credits a second, silent; None is unknown."""
    with_audio: int | None = None
    """Credits a second with sound, where that costs more."""
    sizes: tuple[Size, ...] = ()
    """The legal sizes of clip and picture; empty where the clip follows the shape of the picture."""
    area: int = HD
    """Pixels of the picture, where there are no such sizes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a clip may be, in whole seconds."""

    least: int = 1
    most: int | None = None
    """None: Runway does not say."""
    choices: tuple[int, ...] = ()
    """The legal lengths, where they are not a range."""
    auto: bool = False
    """Whether the model may choose the length itself."""

    @property
    def default(self) -> int:
        """Five seconds, or the shortest legal length."""
        return self.choices[0] if self.choices and 5 not in self.choices else 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of `POST /v1/image_to_video`."""

    id: str
    """Runway's name of it."""
    title: str
    """Its name in prose."""
    tiers: tuple[Tier, ...]
    shape: Shape
    """How the body says the size: `pixels`, ratio 1280:720; `auto`, ratio auto_720p; `resolution`, resolution 720p;
    `aspect`, resolution and a ratio such as 16:9; `picture`, not at all."""
    length: Length
    aspects: tuple[Size, ...] = ()
    """The true aspect ratios of `aspect`."""
    shy: tuple[Size, ...] = ()
    """Sizes that are taken only when they are asked for."""
    bare: bool = False
    """Whether the picture is sent as a string; else as a list that says it is the first frame."""
    prompt_required: bool = False
    prompt_limit: int | None = None
    """UTF-16 code units of the prompt at most; None: Runway does not say."""
    seeds: bool = False
    """Whether it takes a seed."""
    extras: tuple[str, ...] = ()
    """Further options, by the names of `options.EXTRAS`."""
    gone: str = ""
    """ISO date on which Runway dropped it."""
    successor: str = ""
    """The name, in this package, of the model to use instead; empty where none truly replaces it."""

    @property
    def name(self) -> str:
        """The name that users type."""
        return "runway-gen45" if self.id == "gen4.5" else f"runway-{self.id.lower().replace('_', '-')}"

    @property
    def class_name(self) -> str:
        """The name of its class in `options`."""
        parts = self.id.replace(".", "").split("_")
        return "".join(part[:1].upper() + part[1:] for part in parts)

    @property
    def default_tier(self) -> Tier:
        """That of about 720 lines, where there is one, so that clips of different models can be compared."""
        return next((tier for tier in self.tiers if tier.name in ("720p", "768p")), self.tiers[0])

    def tier(self, name: str) -> Tier:
        """The tier of that name."""
        return next(tier for tier in self.tiers if tier.name == name)

    def tier_of(self, size: Size) -> Tier:
        """The tier that has that size."""
        return next(tier for tier in self.tiers if size in tier.sizes)
