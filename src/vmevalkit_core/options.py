"""The base of the options classes of plugins: typed, bounded, documented, priced."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler

from vmevalkit_core.rules import Colour, Fit, ImageRule


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of an option, shown to users: `seconds: Annotated[float, Unit("s")] = 5.0`."""

    name: str
    """Such as `s`, `px` or `USD`."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema of the field, with its unit."""
        return {**handler(schema), "unit": self.name}


class Options(BaseModel):
    """Base of the options classes of plugins: one typed, bounded, documented field per option."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    without_effect: ClassVar[frozenset[str]] = frozenset()
    """Options that change no clip, so that a finished run is not asked differently when they change."""

    def price(self) -> Decimal | None:
        """US dollars at most for one clip with these options; 0 is free, None is unknown."""
        return None

    def image_rule(self) -> ImageRule:
        """What the model's pictures have to be like with these options; any size and format where not overridden."""
        return ImageRule()


class FreeOptions(Options):
    """Options of a model that costs nothing to run."""

    def price(self) -> Decimal | None:
        """Nothing."""
        return Decimal(0)


class PictureOptions(Options):
    """The options of a model that has sizes of its own: how a question's picture is brought to one of them.

    A plugin's `image_rule` passes them on: `ImageRule(sizes=..., **self.picture())`.
    """

    fit: Fit = "letterbox"
    """How a picture of another shape is sent: whole with bars, its middle, distorted, or not at all."""
    background: Colour = "white"
    """The colour on which transparent pixels are laid: a name or #rrggbb."""
    bars: Colour = "black"
    """The colour of the bars of a letterbox."""

    def picture(self) -> dict[str, Any]:
        """These options, as the fields of an ImageRule."""
        return {name: getattr(self, name) for name in PictureOptions.model_fields}
