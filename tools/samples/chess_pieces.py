"""The six chess pieces as our own drawings: outlines in a box of 100 by 100 units, y pointing down."""

from collections.abc import Sequence

from .drawing import Canvas, Point, disc, smooth

Shape = list[Point]

WHITE_FILL, WHITE_EDGE = "#fffaf0", "#2c313d"
BLACK_FILL, BLACK_EDGE = "#454c5c", "#1d212a"
EDGE_WIDTH = 0.032


def _mirrored(right: Sequence[Point]) -> Shape:
    """The closed outline whose right half, from top to bottom, is given."""
    left = [(100 - x, y) for x, y in reversed(right)]
    return [*right, *left]


def _slab(half_width: float, top: float, bottom: float) -> Shape:
    """A level bar with round ends around the middle axis."""
    bend = (bottom - top) / 2
    end = [(50 + half_width - bend, top), (50 + half_width, top + bend), (50 + half_width - bend, bottom)]
    return _mirrored(smooth(end))


def _foot() -> list[Shape]:
    return [_slab(25, 74, 82), _slab(31, 81, 92)]


def _stem(top: float, neck: float) -> Shape:
    """A body that widens in a curve from its neck down to the foot."""
    return _mirrored(smooth([(50 + neck, top), (50 + neck + 2, (top + 76) / 2 + 4), (71, 77)]))


def _pawn() -> list[Shape]:
    return [_stem(46, 7), _slab(15, 43, 50), disc((50, 31), 14), *_foot()]


def _rook() -> list[Shape]:
    top = [(54.5, 26), (54.5, 19), (63, 19), (63, 26), (66, 26), (66, 19), (75, 19), (75, 33), (68, 40)]
    battlement = _mirrored([(50, 26), *top])
    return [_mirrored(smooth([(66, 38), (67, 60), (72, 77)])), battlement, *_foot()]


def _bishop() -> list[Shape]:
    mitre = _mirrored(smooth([(50, 16), (61, 29), (66, 41), (59, 53)]))
    return [_stem(54, 8), mitre, _slab(17, 51, 58), disc((50, 14), 5), *_foot()]


def _queen() -> list[Shape]:
    spikes = [(50, 24), (57, 44), (68, 22), (70, 45), (86, 29), (73, 60)]
    jewels = [disc((x, y), 4.6) for x, y in [(14, 26), (32, 18), (50, 16), (68, 18), (86, 26)]]
    return [_mirrored([*spikes, *smooth([(73, 60), (69, 68), (72, 77)])]), *jewels, *_foot()]


def _king() -> list[Shape]:
    cross = _mirrored([(54, 5), (54, 11), (61, 11), (61, 18), (54, 18), (54, 32)])
    waist = smooth([(72, 62), (69, 69), (72, 77)])
    crown = _mirrored([*smooth([(50, 38), (62, 30), (79, 33), (81, 47), (72, 62)]), *waist])
    jewel = _mirrored(smooth([(50, 23), (57, 31), (50, 50)]))
    return [cross, crown, jewel, *_foot()]


def _knight() -> list[Shape]:
    back = smooth([(50, 15), (66, 22), (76, 40), (77, 58), (72, 78)])
    front = smooth([(30, 78), (33, 66), (45, 56), (51, 47)])
    jaw = smooth([(51, 47), (40, 52), (33, 57), (27, 58), (21, 53), (24, 44), (31, 35), (34, 25), (40, 20)])
    ears = [(40, 20), (40, 10), (47, 17), (50, 9), (53, 16)]
    return [[*back, *front, *jaw, *ears], *_foot()]


SHAPES = {"p": _pawn(), "r": _rook(), "b": _bishop(), "q": _queen(), "k": _king(), "n": _knight()}

DETAILS: dict[str, list[Shape]] = {
    "p": [],
    "r": [[(33, 40), (67, 40)]],
    "b": [[(50, 30), (50, 44)], [(44, 37), (56, 37)]],
    "q": [smooth([(28, 61), (50, 57), (72, 61)])],
    "k": [smooth([(29, 63), (50, 59), (71, 63)])],
    "n": [smooth([(58, 24), (67, 38), (68, 54)]), [(38, 33), (39, 32)], [(26, 51), (27, 50)]],
}


def draw_piece(canvas: Canvas, symbol: str, corner: Point, side: float) -> None:
    """Draw the piece with this FEN symbol, upper case for White, into the square with this top left corner."""
    fill, edge = (WHITE_FILL, WHITE_EDGE) if symbol.isupper() else (BLACK_FILL, BLACK_EDGE)
    detail = WHITE_EDGE if symbol.isupper() else "#c9cfdb"
    for shape in SHAPES[symbol.lower()]:
        canvas.polygon(_placed(shape, corner, side), fill, edge, EDGE_WIDTH * side)
    for stroke in DETAILS[symbol.lower()]:
        canvas.line(_placed(stroke, corner, side), detail, EDGE_WIDTH * side)


def _placed(shape: Shape, corner: Point, side: float) -> Shape:
    return [(corner[0] + x * side / 100, corner[1] + y * side / 100) for x, y in shape]
