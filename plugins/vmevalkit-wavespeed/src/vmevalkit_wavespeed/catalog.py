"""The words in which a model is described: its sizes, lengths, prices and what its request may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Size = tuple[int, int]
Shape = Literal["size", "aspect", "picture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One resolution of a model, and the pixels of clip and picture in it."""

    name: str
    """WaveSpeed's word, such as `720p`."""
    sizes: tuple[Size, ...] = ()
    """The legal sizes; empty where the clip follows the shape of the picture."""
    area: int = 0
    """Pixels of the picture, where there are no such sizes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of `POST /api/v3/{id}`."""

    name: str
    """The name that users type."""
    id: str
    """WaveSpeed's name of it, which is its path."""
    title: str
    """Its name in prose."""
    tiers: tuple[Tier, ...]
    """The first is the default. Where there is one, users have nothing to choose."""
    shape: Shape
    """How the body says the size: `size`, 1280*720; `aspect`, aspect_ratio 16:9 and resolution 720p; `picture`, not at
    all, for the picture and the model's name say it."""
    lengths: tuple[int, ...] = ()
    """The legal lengths in seconds; empty where the model has one of its own, which is not sent."""
    length: int | None = None
    """The default length; None where there are no lengths."""
    prices: tuple[tuple[int, str], ...] = ()
    """US dollars for a clip, by its seconds; what is not here is unknown."""
    rough: bool = False
    """Whether WaveSpeed calls these prices "about"."""
    extras: tuple[str, ...] = ()
    """Further options, by the names of `options.EXTRAS`."""
    gone: str = ""
    """ISO date on which the model ended."""

    @property
    def class_name(self) -> str:
        """The name of its class in `options`."""
        parts = re.split(r"[-.]", self.name.removeprefix("wavespeed-"))
        return "".join(part[:1].upper() + part[1:] for part in parts)

    def tier(self, name: str | None) -> Tier:
        """The resolution of that name, or the default."""
        return next((tier for tier in self.tiers if tier.name == name), self.tiers[0])

    def price(self, seconds: int | None) -> Decimal | None:
        """US dollars at most for a clip of that length; None is unknown."""
        known = dict(self.prices).get(seconds or 0)
        return None if known is None else Decimal(known)
