"""The sudoku samples have exactly one solution."""

import random
from typing import Any

from PIL import Image

from tools.samples.sudoku import CELL, MARGIN, make_puzzle

DOMAIN = "sudoku"
DIGITS = set("123456789")


def count_solutions(cells: list[str], limit: int = 2) -> int:
    """How many ways there are to complete the cells, counted no further than the limit."""
    choices = {at: DIGITS - seen_from(at, cells) for at, digit in enumerate(cells) if digit == "."}
    if not choices:
        return 1
    at, found = min(choices, key=lambda cell: len(choices[cell])), 0
    for digit in choices[at]:
        found += count_solutions([*cells[:at], digit, *cells[at + 1 :]], limit - found)
        if found >= limit:
            break
    return found


def seen_from(at: int, cells: list[str]) -> set[str]:
    """The digits in the row, the column and the box of a cell."""
    row, column = divmod(at, 9)
    corner = row // 3 * 27 + column // 3 * 3
    box = [cells[corner + 9 * down + right] for down in range(3) for right in range(3)]
    return {*cells[row * 9 : row * 9 + 9], *cells[column::9], *box}


def test_solution_is_the_only_one(facts: dict[str, Any]) -> None:
    """A solver that knows nothing of the recorded solution finds one, and no second."""
    cells = list("".join(facts["givens"]))
    assert len(cells) == 81
    assert count_solutions(cells) == 1


def test_solver_can_count_to_two(facts: dict[str, Any]) -> None:
    """Taking a whole band of givens away leaves more than one solution, and the solver says so."""
    cells = [*"." * 27, *"".join(facts["givens"])[27:]]
    assert count_solutions(cells) == 2


def test_sparse_puzzles_keep_one_solution() -> None:
    """Where taking another digit away would allow a second solution, the program leaves it in."""
    givens, solution = make_puzzle(28, random.Random(0))
    cells = [str(digit or ".") for digit in givens]
    assert cells.count(".") > 45
    assert count_solutions(cells) == 1
    assert all(given in (0, digit) for given, digit in zip(givens, solution, strict=True))


def test_solution_completes_the_givens(facts: dict[str, Any]) -> None:
    """The solution keeps all givens, and each row, column and box of it holds nine digits."""
    givens, solution = "".join(facts["givens"]), "".join(facts["solution"])
    assert all(given in (".", digit) for given, digit in zip(givens, solution, strict=True))
    assert 81 - givens.count(".") == facts["given_count"]
    for at in range(81):
        assert seen_from(at, list(solution)) == DIGITS
    rows = facts["solution"]
    assert all(len(set(line)) == 9 for line in [*rows, *map("".join, zip(*rows, strict=True))])


def test_pictures_show_the_digits(facts: dict[str, Any], first: Image.Image, final: Image.Image) -> None:
    """The first picture has ink in the given cells only, and the final one has blue in all others."""
    for at, given in enumerate("".join(facts["givens"])):
        left, top = MARGIN + at % 9 * CELL + 6, MARGIN + at // 9 * CELL + 6
        spot = (left, top, left + CELL - 12, top + CELL - 12)
        has_ink = [min(picture.crop(spot).convert("L").tobytes()) < 150 for picture in (first, final)]
        assert has_ink == [given != ".", True]
        blues = zip(*(channel.tobytes() for channel in final.crop(spot).split()), strict=True)
        assert any(blue > red + 90 for red, _, blue in blues) == (given == ".")
