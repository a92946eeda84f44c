"""A canvas measured in final pixels that draws large and shrinks, so that every edge comes out smooth."""

import math
from collections.abc import Sequence

from PIL import Image, ImageColor, ImageDraw, ImageFont

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Rgb = tuple[int, int, int]
Colour = str | Rgb

SIZE = 512
OVERSAMPLING = 4

PAPER = "#f4f1ea"
CARD = "#fffdf8"
INK = "#2d3443"
MUTED = "#8d93a1"
LINE = "#d5d0c4"
BLUE = "#3f78b5"
CORAL = "#e0705a"
GOLD = "#efb643"
GREEN = "#3f9c78"
VIOLET = "#8468b3"


class Canvas:
    """A square picture to draw on; coordinates and widths are in pixels of the finished picture."""

    def __init__(self, background: Colour = PAPER) -> None:
        side = SIZE * OVERSAMPLING
        self._image = Image.new("RGB", (side, side), background)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Sequence[Point], fill: Colour, outline: Colour | None = None, width: float = 0) -> None:
        """Fill a polygon and, where an outline is given, stroke its edge with round corners."""
        self._draw.polygon(_enlarged(points), fill=fill)
        if outline is not None:
            self.line([*points, points[0]], outline, width)

    def circle(
        self, centre: Point, radius: float, fill: Colour, outline: Colour | None = None, width: float = 0
    ) -> None:
        """Fill a disc; the outline, if any, lies inside its radius."""
        x, y = centre
        box = [(x - radius, y - radius), (x + radius, y + radius)]
        self._draw.ellipse(_enlarged(box), fill=fill, outline=outline, width=round(width * OVERSAMPLING))

    def ellipse(self, centre: Point, radii: Point, fill: Colour) -> None:
        """Fill an upright ellipse."""
        (x, y), (rx, ry) = centre, radii
        self._draw.ellipse(_enlarged([(x - rx, y - ry), (x + rx, y + ry)]), fill=fill)

    def box(self, box: Box, fill: Colour, radius: float = 0, outline: Colour | None = None, width: float = 0) -> None:
        """Fill a rectangle, given as left, top, right, bottom; the outline, if any, lies inside it."""
        left, top, right, bottom = (round(value * OVERSAMPLING) for value in box)
        self._draw.rounded_rectangle(
            (left, top, right - 1, bottom - 1),
            radius=radius * OVERSAMPLING,
            fill=fill,
            outline=outline,
            width=round(width * OVERSAMPLING),
        )

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw connected segments with round joints and round ends."""
        # Pillow centres only lines of odd width; round joints would show on the others as bumps.
        reach = round(width * OVERSAMPLING / 2)
        spots = [(round(x), round(y)) for x, y in _enlarged(points)]
        self._draw.line(spots, fill=colour, width=2 * reach + 1)
        for x, y in spots:
            self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)

    def text(self, centre: Point, text: str, size: float, colour: Colour, weight: float = 0) -> None:
        """Write text around a centre; the weight thickens its strokes by that many pixels."""
        font = ImageFont.load_default(size * OVERSAMPLING)
        (x, y), stroke = _enlarged([centre])[0], round(weight * OVERSAMPLING)
        left, _, right, _ = self._draw.textbbox((0, 0), text, font=font)
        # Centring the height of a capital, not of the text, keeps "a" and "g" on one baseline.
        _, top, _, bottom = self._draw.textbbox((0, 0), "H", font=font)
        corner = (x - (left + right) / 2, y - (top + bottom) / 2)
        self._draw.text(corner, text, fill=colour, font=font, stroke_width=stroke, stroke_fill=colour)

    def finished(self) -> Image.Image:
        """The picture at its final size."""
        # Hamming leaves no halos around edges, unlike Lanczos, and files a third smaller.
        return self._image.resize((SIZE, SIZE), Image.Resampling.HAMMING)


def _enlarged(points: Sequence[Point]) -> list[Point]:
    return [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points]


def disc(centre: Point, radius: float, steps: int = 40) -> list[Point]:
    """The corners of a polygon that passes for a circle."""
    return regular(centre, radius, steps)


def regular(centre: Point, radius: float, corners: int, turn: float = 0) -> list[Point]:
    """The corners of a regular polygon, the first one straight up and then turned clockwise by `turn` degrees."""
    return star(centre, (radius,), corners, turn)


def star(centre: Point, radii: Sequence[float], corners: int, turn: float = 0) -> list[Point]:
    """The corners of a regular polygon whose corners take the given radii by turns."""
    x, y = centre
    angles = [math.radians(turn + 360 * corner / corners) for corner in range(corners)]
    lengths = [radii[corner % len(radii)] for corner in range(corners)]
    return [(x + r * math.sin(a), y - r * math.cos(a)) for r, a in zip(lengths, angles, strict=True)]


def mixed(first: Colour, second: Colour, share: float) -> Rgb:
    """The colour between two colours, `share` of the way from the first to the second."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    red, green, blue = (round(a + (b - a) * share) for a, b in pairs)
    return red, green, blue


def _channels(colour: Colour) -> Rgb:
    if isinstance(colour, tuple):
        return colour
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue


def smooth(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """An open Catmull-Rom curve through the points, as a polyline."""
    padded = [points[0], *points, points[-1]]
    curve = [
        _catmull_rom(padded[start : start + 4], step / steps)
        for start in range(len(points) - 1)
        for step in range(steps)
    ]
    return [*curve, points[-1]]


def _catmull_rom(knots: Sequence[Point], t: float) -> Point:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = knots
    return _cubic(ax, bx, cx, dx, t), _cubic(ay, by, cy, dy, t)


def _cubic(a: float, b: float, c: float, d: float, t: float) -> float:
    return (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3) / 2
