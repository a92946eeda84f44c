"""Maze questions: walk the only path through a perfect maze."""

import random
from itertools import pairwise

from .drawing import BLUE, CARD, GOLD, GREEN, INK, LINE, Canvas, Point, mixed, star
from .question import Question

DOMAIN = "maze"
SEEDS = (3, 4)
SIDES = (7, 10)
DIFFICULTIES = ("easy", "medium")
BOARD = 448
MARGIN = 32

Cell = tuple[int, int]
Grid = list[list[str]]

STEPS = {"N": (-1, 0), "E": (0, 1), "S": (1, 0), "W": (0, -1)}
OPPOSITE = {"N": "S", "E": "W", "S": "N", "W": "E"}

PROMPT = (
    "A green ball stands in a maze, and a gold star marks its goal. Roll the ball smoothly along the corridors to the "
    "star by the only path, never crossing a wall, while it leaves a blue line behind on its way. "
    "Keep the camera fixed and everything else unchanged."
)


def question(index: int) -> Question:
    """The maze question with this index."""
    side, seed = SIDES[index], SEEDS[index]
    grid = carve(side, random.Random(seed))
    start = (0, 0)
    path = max(paths_from(start, grid), key=len)
    return Question(
        domain=DOMAIN,
        index=index,
        seed=seed,
        difficulty=DIFFICULTIES[index],
        prompt=PROMPT,
        data={
            "rows": side,
            "columns": side,
            "open_sides": [" ".join(cell or "-" for cell in row) for row in grid],
            "start": start,
            "goal": path[-1],
            "path": "".join(_direction(a, b) for a, b in pairwise(path)),
        },
        first_frame=draw_maze(grid, path[:1], goal=path[-1]).finished(),
        final_frame=draw_maze(grid, path, goal=path[-1]).finished(),
    )


def carve(side: int, rng: random.Random) -> Grid:
    """A square perfect maze made by a random depth-first walk; each cell lists the sides that are open."""
    grid = [["" for _ in range(side)] for _ in range(side)]
    trail = [(rng.randrange(side), rng.randrange(side))]
    while trail:
        here = trail[-1]
        ways = [way for way in STEPS if _is_untouched(_moved(here, way), grid, trail)]
        if not ways:
            trail.pop()
            continue
        way = rng.choice(ways)
        _open(grid, here, way)
        trail.append(_moved(here, way))
    return [["".join(sorted(cell, key="NESW".index)) for cell in row] for row in grid]


def _is_untouched(cell: Cell, grid: Grid, trail: list[Cell]) -> bool:
    row, column = cell
    inside = 0 <= row < len(grid) and 0 <= column < len(grid)
    return inside and not grid[row][column] and cell not in trail


def _open(grid: Grid, cell: Cell, way: str) -> None:
    row, column = cell
    next_row, next_column = _moved(cell, way)
    grid[row][column] += way
    grid[next_row][next_column] += OPPOSITE[way]


def _moved(cell: Cell, way: str) -> Cell:
    return cell[0] + STEPS[way][0], cell[1] + STEPS[way][1]


def _direction(first: Cell, second: Cell) -> str:
    return next(way for way in STEPS if _moved(first, way) == second)


def paths_from(start: Cell, grid: Grid) -> list[list[Cell]]:
    """The path from the start to each cell, nearest cells first."""
    paths = [[start]]
    for path in paths:
        row, column = path[-1]
        ahead = [_moved(path[-1], way) for way in grid[row][column]]
        # The list grows while it is walked, as a queue does.
        paths.extend([*path, cell] for cell in ahead if cell not in path)
    return paths


def draw_maze(grid: Grid, path: list[Cell], goal: Cell) -> Canvas:
    """The maze with the ball at the end of the path that it has rolled so far."""
    canvas, pitch = Canvas(), BOARD / len(grid)
    canvas.box((MARGIN - 10, MARGIN - 10, 522 - MARGIN, 522 - MARGIN), CARD, 12, LINE, 1)
    start = _centre(path[0], pitch)
    canvas.circle(start, pitch * 0.33, mixed(CARD, GREEN, 0.25))
    canvas.line([_centre(cell, pitch) for cell in path], mixed(CARD, BLUE, 0.75), pitch * 0.14)
    canvas.polygon(star(_centre(goal, pitch), (pitch * 0.4, pitch * 0.19), 10), GOLD, mixed(GOLD, INK, 0.3), 1.5)
    _draw_walls(canvas, grid, pitch)
    _draw_ball(canvas, _centre(path[-1], pitch), pitch * 0.25)
    return canvas


def _centre(cell: Cell, pitch: float) -> Point:
    return MARGIN + (cell[1] + 0.5) * pitch, MARGIN + (cell[0] + 0.5) * pitch


def _draw_walls(canvas: Canvas, grid: Grid, pitch: float) -> None:
    far, width = MARGIN + BOARD, pitch * 0.1
    canvas.line([(MARGIN, MARGIN), (far, MARGIN), (far, far), (MARGIN, far), (MARGIN, MARGIN)], INK, width)
    for row, cells in enumerate(grid):
        for column, sides in enumerate(cells):
            left, top = MARGIN + column * pitch, MARGIN + row * pitch
            if "E" not in sides:
                canvas.line([(left + pitch, top), (left + pitch, top + pitch)], INK, width)
            if "S" not in sides:
                canvas.line([(left, top + pitch), (left + pitch, top + pitch)], INK, width)


def _draw_ball(canvas: Canvas, centre: Point, radius: float) -> None:
    canvas.circle(centre, radius, GREEN, mixed(GREEN, INK, 0.45), 1.5)
    shine = (centre[0] - radius * 0.3, centre[1] - radius * 0.35)
    canvas.circle(shine, radius * 0.22, mixed(GREEN, CARD, 0.6))
