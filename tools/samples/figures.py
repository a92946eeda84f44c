"""The small figures in a Raven matrix: one to three shapes with a colour, a filling and a turn."""

import math
from collections.abc import Callable, Sequence

from .drawing import BLUE, CARD, CORAL, GOLD, GREEN, VIOLET, Canvas, Colour, Point, disc, mixed, regular, smooth, star

Value = str | int
Figure = dict[str, Value]

COLOURS = {"blue": BLUE, "coral": CORAL, "gold": GOLD, "green": GREEN, "violet": VIOLET}

# Shapes fit a circle of radius 1; those in POINTERS also show which way they are turned.
SHAPES: dict[str, list[Point]] = {
    "circle": disc((0, 0), 0.86),
    "square": regular((0, 0), 1.08, 4, 45),
    "triangle": regular((0, 0.18), 1.08, 3),
    "star": star((0, 0.05), (1.1, 0.5), 10),
    "diamond": star((0, 0), (1.1, 0.8), 4),
    "hexagon": regular((0, 0), 0.96, 6),
}
DROP_BELLY = [(0.66, 0.25), (0.5, 0.75), (0, 0.95), (-0.5, 0.75), (-0.66, 0.25)]
POINTERS: dict[str, list[Point]] = {
    "arrow": [(0, -1), (0.85, -0.05), (0.36, -0.05), (0.36, 0.95), (-0.36, 0.95), (-0.36, -0.05), (-0.85, -0.05)],
    "drop": [(0, -1.1), *smooth([(0.4, -0.35), *DROP_BELLY, (-0.4, -0.35)])],
    "flag": [(-0.55, -1), (0.75, -0.5), (-0.3, 0.0), (-0.3, 1), (-0.55, 1)],
    "house": [(0, -1), (0.8, -0.2), (0.8, 0.85), (-0.8, 0.85), (-0.8, -0.2)],
}
FILLS: dict[str, Callable[[Colour], Colour]] = {
    "solid": lambda colour: colour,
    "pale": lambda colour: mixed(CARD, colour, 0.35),
    "empty": lambda colour: CARD,
}

# Where the shapes of a figure stand and how large they are, in shares of its cell's side.
PLACES: dict[int, Sequence[Point]] = {
    1: [(0, 0)],
    2: [(-0.2, 0), (0.2, 0)],
    3: [(0, -0.19), (-0.2, 0.17), (0.2, 0.17)],
}
RADII = {1: 0.29, 2: 0.165, 3: 0.165}


def draw_figure(canvas: Canvas, figure: Figure, centre: Point, side: float) -> None:
    """Draw a figure in the middle of a cell of this side."""
    count, turn = int(figure.get("count", 1)), int(figure.get("turn", 0))
    colour = COLOURS[str(figure.get("colour", "blue"))]
    fill = FILLS[str(figure.get("fill", "solid"))](colour)
    shape = (SHAPES | POINTERS)[str(figure["shape"])]
    for x, y in PLACES[count]:
        middle = (centre[0] + x * side, centre[1] + y * side)
        outline = [_moved(_turned(point, turn), middle, RADII[count] * side) for point in shape]
        canvas.polygon(outline, fill, mixed(colour, "#000000", 0.12), side * 0.022)


def _turned(point: Point, degrees: float) -> Point:
    """The point turned clockwise, as seen on the picture, around the origin."""
    (x, y), angle = point, math.radians(degrees)
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def _moved(point: Point, middle: Point, radius: float) -> Point:
    return middle[0] + point[0] * radius, middle[1] + point[1] * radius
