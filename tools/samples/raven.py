"""Raven questions: find the option that completes a 3x3 matrix of figures."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from .drawing import CARD, INK, LINE, MUTED, Canvas, mixed
from .figures import COLOURS, FILLS, POINTERS, SHAPES, Figure, Value, draw_figure
from .question import Question

DOMAIN = "raven"
SEEDS = (1, 2)
DIFFICULTIES = ("easy", "medium")
LETTERS = "ABCDEF"

CELL, GAP, LEFT, TOP = 106, 7, 90, 24
OPTION, OPTION_GAP, OPTION_LEFT, OPTION_TOP = 68, 10, 27, 392

PROMPT = (
    "The figures in this 3x3 matrix change by fixed rules along the rows and columns, and the last cell is missing. "
    "Slide a copy of the one option from A to F that completes the pattern into the cell with the question mark, "
    "where it grows to the size of the other figures. Keep the camera fixed and everything else unchanged."
)


@dataclass(frozen=True)
class Rule:
    """One attribute's way through the matrix: so many steps along its cycle for each cell to the right or down."""

    attribute: str
    cycle: list[Value]
    steps_right: int
    steps_down: int

    def value(self, row: int, column: int) -> Value:
        """The attribute's value in one cell."""
        return self.cycle[(row * self.steps_down + column * self.steps_right) % len(self.cycle)]

    def description(self) -> dict[str, object]:
        """The rule as the metadata tell it."""
        return {"cycle": self.cycle, "steps_right": self.steps_right, "steps_down": self.steps_down}


def question(index: int) -> Question:
    """The Raven question with this index."""
    rng = random.Random(SEEDS[index])
    rules = _rules(index, rng)
    cells = [[_figure(rules, row, column) for column in range(3)] for row in range(3)]
    answer = cells[2][2]
    options = make_options(answer, rules, rng)
    return Question(
        domain=DOMAIN,
        index=index,
        seed=SEEDS[index],
        difficulty=DIFFICULTIES[index],
        prompt=PROMPT,
        data={
            "rules": {rule.attribute: rule.description() for rule in rules},
            "cells": cells,
            "options": dict(zip(LETTERS, options, strict=True)),
            "answer": LETTERS[options.index(answer)],
        },
        first_frame=draw_matrix(cells, options, solved=False).finished(),
        final_frame=draw_matrix(cells, options, solved=True).finished(),
    )


def _rules(index: int, rng: random.Random) -> list[Rule]:
    latin = rng.choice([(1, 1), (1, 2), (2, 1), (2, 2)])
    if index == 0:
        return [
            Rule("shape", _three_of(SHAPES, rng), *latin),
            Rule("count", [1, 2, 3], 1, 0),
            Rule("colour", _three_of(COLOURS, rng), 0, 1),
        ]
    return [
        Rule("shape", _three_of(POINTERS, rng), 0, 1),
        Rule("turn", [0, 90, 180, 270], 1, rng.choice([1, 2, 3])),
        Rule("fill", _three_of(FILLS, rng), *latin),
    ]


def _three_of(names: Iterable[str], rng: random.Random) -> list[Value]:
    return list(rng.sample(sorted(names), 3))


def _figure(rules: list[Rule], row: int, column: int) -> Figure:
    return {rule.attribute: rule.value(row, column) for rule in rules}


def make_options(answer: Figure, rules: list[Rule], rng: random.Random) -> list[Figure]:
    """Six options in random order: the answer, and figures that differ from it in one to three attributes.

    Each attribute takes two values, three times each, so that the options alone do not give the answer away.
    """
    others = {rule.attribute: rng.choice([v for v in rule.cycle if v != answer[rule.attribute]]) for rule in rules}
    changes = list(product([False, True], repeat=len(rules)))
    left_out = rng.choice([change for change in changes if sum(change) == 1])
    opposite = tuple(not changed for changed in left_out)
    kept = [change for change in changes if change not in (left_out, opposite)]
    options = [_changed(answer, others, change) for change in kept]
    return rng.sample(options, len(options))


def _changed(answer: Figure, others: Figure, change: tuple[bool, ...]) -> Figure:
    pairs = zip(answer, change, strict=True)
    return {name: others[name] if changed else answer[name] for name, changed in pairs}


def draw_matrix(cells: list[list[Figure]], options: list[Figure], solved: bool) -> Canvas:
    """The matrix above its options; its last cell holds a question mark until it is solved."""
    canvas = Canvas()
    for row, column in product(range(3), repeat=2):
        is_open = (row, column) == (2, 2) and not solved
        left, top = LEFT + column * (CELL + GAP), TOP + row * (CELL + GAP)
        middle = (left + CELL / 2, top + CELL / 2)
        canvas.box((left, top, left + CELL, top + CELL), CARD, 10, MUTED if is_open else LINE, 2 if is_open else 1.2)
        if is_open:
            canvas.text(middle, "?", 52, MUTED, 0.6)
        else:
            draw_figure(canvas, cells[row][column], middle, CELL)
    _draw_options(canvas, options)
    return canvas


def _draw_options(canvas: Canvas, options: list[Figure]) -> None:
    for position, option in enumerate(options):
        left, top = OPTION_LEFT + position * (OPTION + OPTION_GAP), OPTION_TOP
        canvas.box((left, top, left + OPTION, top + OPTION), CARD, 8, LINE, 1.2)
        draw_figure(canvas, option, (left + OPTION / 2, top + OPTION / 2), OPTION)
        canvas.text((left + OPTION / 2, top + OPTION + 17), LETTERS[position], 16, mixed(MUTED, INK, 0.4), 0.3)
