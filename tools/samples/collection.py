"""All sample questions together."""

from collections.abc import Iterator
from pathlib import Path

from . import chess, maze, raven, rotation, sudoku
from .question import Question

DOMAINS = (chess, maze, raven, rotation, sudoku)


def all_questions() -> Iterator[Question]:
    """Draw the questions one by one, two for each domain."""
    for domain in DOMAINS:
        for index in range(len(domain.SEEDS)):
            yield domain.question(index)


def write_all(out: Path) -> list[Path]:
    """Draw all questions, write them below `out`, and return their folders."""
    return [question.write(out) for question in all_questions()]
