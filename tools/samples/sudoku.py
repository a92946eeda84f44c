"""Sudoku questions: fill in a grid that has exactly one solution."""

import random
from collections.abc import Iterator

from .drawing import BLUE, CARD, INK, LINE, Canvas, mixed
from .question import Question

DOMAIN = "sudoku"
SEEDS = (5, 6)
GIVENS = (50, 42)
DIFFICULTIES = ("easy", "medium")
CELL = 52
MARGIN = 22

Grid = tuple[int, ...]

PROMPT = (
    "Complete this sudoku: write the missing digits in blue, one after another, so that every row, every column and "
    "every 3x3 box holds each digit from 1 to 9 once. Keep the camera fixed and the printed digits unchanged."
)


def question(index: int) -> Question:
    """The sudoku question with this index."""
    seed = SEEDS[index]
    givens, solution = make_puzzle(GIVENS[index], random.Random(seed))
    return Question(
        domain=DOMAIN,
        index=index,
        seed=seed,
        difficulty=DIFFICULTIES[index],
        prompt=PROMPT,
        data={"given_count": GIVENS[index], "givens": _rows(givens), "solution": _rows(solution)},
        first_frame=draw_grid(givens, givens).finished(),
        final_frame=draw_grid(givens, solution).finished(),
    )


def _rows(grid: Grid) -> list[str]:
    """The grid as nine strings of nine digits, with a dot for an empty cell."""
    text = "".join(str(digit or ".") for digit in grid)
    return [text[start : start + 9] for start in range(0, 81, 9)]


def make_puzzle(given_count: int, rng: random.Random) -> tuple[Grid, Grid]:
    """A puzzle with that many givens and exactly one solution, and this solution."""
    solution = next(solutions((0,) * 81, rng))
    givens, spare = solution, 81 - given_count
    for cell in rng.sample(range(81), 81):
        fewer = _with(givens, cell, 0)
        if spare > 0 and _has_one_solution(fewer, rng):
            givens, spare = fewer, spare - 1
    return givens, solution


def _has_one_solution(grid: Grid, rng: random.Random) -> bool:
    found = solutions(grid, rng)
    return next(found, None) is not None and next(found, None) is None


def solutions(grid: Grid, rng: random.Random) -> Iterator[Grid]:
    """Every completion of the grid, in random order."""
    choices = {cell: _candidates(grid, cell) for cell in range(81) if grid[cell] == 0}
    if not choices:
        yield grid
        return
    # The cell with the fewest candidates first: without this the search takes ages.
    cell = min(choices, key=lambda cell: len(choices[cell]))
    for digit in rng.sample(choices[cell], len(choices[cell])):
        yield from solutions(_with(grid, cell, digit), rng)


def _candidates(grid: Grid, cell: int) -> list[int]:
    taken = {grid[other] for other in range(81) if _share_a_unit(cell, other)}
    return [digit for digit in range(1, 10) if digit not in taken]


def _share_a_unit(cell: int, other: int) -> bool:
    row, column, other_row, other_column = *divmod(cell, 9), *divmod(other, 9)
    same_box = (row // 3, column // 3) == (other_row // 3, other_column // 3)
    return row == other_row or column == other_column or same_box


def _with(grid: Grid, cell: int, digit: int) -> Grid:
    return (*grid[:cell], digit, *grid[cell + 1 :])


def draw_grid(givens: Grid, shown: Grid) -> Canvas:
    """The grid with all shown digits, those that were not given in blue."""
    canvas, side = Canvas(), 9 * CELL
    canvas.box((MARGIN - 8, MARGIN - 8, MARGIN + side + 8, MARGIN + side + 8), CARD, 10, LINE, 1)
    _draw_box_tints(canvas)
    _draw_lines(canvas, side)
    for cell, digit in enumerate(shown):
        row, column = divmod(cell, 9)
        middle = (MARGIN + (column + 0.5) * CELL, MARGIN + (row + 0.5) * CELL)
        if digit:
            canvas.text(middle, str(digit), 30, INK if givens[cell] else BLUE, 0.5 if givens[cell] else 0.25)
    return canvas


def _draw_box_tints(canvas: Canvas) -> None:
    for box in range(1, 9, 2):
        left, top = MARGIN + box % 3 * 3 * CELL, MARGIN + box // 3 * 3 * CELL
        canvas.box((left, top, left + 3 * CELL, top + 3 * CELL), mixed(CARD, BLUE, 0.07))


def _draw_lines(canvas: Canvas, side: int) -> None:
    near, far = MARGIN, MARGIN + side
    # Thick lines last, so that no thin one crosses them.
    for step in sorted(range(10), key=lambda step: step % 3 == 0):
        place = MARGIN + step * CELL
        colour, width = (INK, 2.5) if step % 3 == 0 else (mixed(LINE, INK, 0.15), 1)
        canvas.line([(near, place), (far, place)], colour, width)
        canvas.line([(place, near), (place, far)], colour, width)
