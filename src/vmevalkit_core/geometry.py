"""How the picture that a model was sent lies in the question's own picture, and the way back."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels, from the upper left corner; a whole picture is (0, 0, width, height)."""

SAME_SHAPE = 0.02
"""Share by which the shape of a clip may differ from that of the picture sent, and still show all of it: vendors
round sides to multiples of 8 or 16, which moves a shape by at most this much at the sizes they serve."""


class Geometry(BaseModel):
    """Where each pixel of the question's picture went in what the model was sent.

    The part `shown` of the question's picture lies at `placed` in the picture sent. Boxes map both ways exactly,
    also where they reach beyond what was shown.
    """

    # It stands in records, whose readers keep what a newer version wrote.
    model_config = ConfigDict(frozen=True, extra="allow")

    fit: str = "original"
    """`original`: sent in its own size; `letterbox`, `crop`, `stretch` or `exact`: by the rule of that name."""
    source: Size
    """Of the question's picture, upright."""
    sent: Size
    """Of what the model was sent."""
    shown: Box | None = None
    """The part of the question's picture that was sent; all of it where null."""
    placed: Box | None = None
    """Where that part lies in the picture sent; everywhere where null."""

    @property
    def shown_box(self) -> Box:
        """The part of the question's picture that was sent, in its pixels."""
        return self.shown or (0, 0, *self.source)

    @property
    def placed_box(self) -> Box:
        """Where that part lies, in pixels of the picture sent."""
        return self.placed or (0, 0, *self.sent)

    @property
    def is_identity(self) -> bool:
        """Whether every pixel stayed where it was."""
        return self.source == self.sent and self.shown_box == self.placed_box

    def to_sent(self, box: Box) -> Box:
        """A box of the question's picture, in pixels of the picture sent."""
        return _mapped(box, self.shown_box, self.placed_box)

    def to_source(self, box: Box) -> Box:
        """A box of the picture sent, in pixels of the question's picture."""
        return _mapped(box, self.placed_box, self.shown_box)

    def in_clip(self, size: Size) -> Geometry:
        """The same for a clip of that size, `sent` being the clip; ValueError when it has another shape.

        A clip is taken to show the whole picture, scaled to its own size. One column or row more than were sent is
        taken for padding, since H.264 has no odd sides.
        """
        (width, height), (wide, high) = self.sent, size
        if (wide, high) == (width + width % 2, height + height % 2):
            return self.model_copy(update={"sent": size, "placed": self.placed_box})
        if abs(wide * height / (high * width) - 1) > SAME_SHAPE:
            raise ValueError(f"the clip is {wide} x {high}, another shape than the {width} x {height} that were sent")
        placed = _mapped(self.placed_box, (0, 0, *self.sent), (0, 0, *size))
        return self.model_copy(update={"sent": size, "placed": placed})


def _mapped(box: Box, here: Box, there: Box) -> Box:
    across, down = ((there[at + 2] - there[at]) / (here[at + 2] - here[at]) for at in (0, 1))
    left, top, right, bottom = box
    return (
        there[0] + (left - here[0]) * across,
        there[1] + (top - here[1]) * down,
        there[0] + (right - here[0]) * across,
        there[1] + (bottom - here[1]) * down,
    )
