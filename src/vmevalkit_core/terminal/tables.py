"""Columns and paragraphs that fit a terminal, measured as a terminal shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

NARROWEST = 20
"""Columns that a wrapped cell has at least."""
GAP, INDENT = "  ", "    "
Cells: TypeAlias = Sequence[str]


def display_width(text: str) -> int:
    """Columns that a text takes: letters of East Asia and emoji take two, marks on other letters none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    wide = sum(east_asian_width(letter) in ("W", "F") for letter in text)
    return len(text) + wide - sum(category(letter) in ("Mn", "Me", "Cf") for letter in text)


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of that many columns at most, broken between words and, where a word is longer, in it."""
    lines, line = [], ""
    for space, word in re.findall(r"(\s*)(\S+)", text):
        if line and display_width(line + space + word) > width:
            lines.append(line)
            line = word
        else:
            line += space + word
        *full, line = _pieces(line, width)
        lines += full
    return [*lines, line]


def layout(head: Cells, rows: Sequence[Cells], width: int | None) -> str:
    """Columns under their heads; no line is wider than `width` where that is given.

    The last column is wrapped under itself. One that would have too little room goes below its row.
    """
    table = [head, *rows]
    widths = [max(display_width(row[column]) for row in table) for column in range(len(head))]
    if width is None:
        return "\n".join(_padded(row, widths) for row in table)
    beside = _beside(table, widths, width)
    below = len(head) - beside
    heads = [f"{name}{GAP}" if below > 1 else "" for name in head[beside:]]
    shown = [head if below < 2 else head[:beside], *rows]
    return "\n".join(line for row in shown for line in _row(row, widths, beside, width, heads))


def _beside(table: Sequence[Cells], widths: Sequence[int], width: int) -> int:
    """How many columns stand side by side, so that the last of them has room and none of its words is cut."""
    for count in range(len(widths), 1, -1):
        longest = max(display_width(word) for row in table for word in row[count - 1].split() or [""])
        room = width - _left(widths, count)
        if room >= min(widths[count - 1], max(NARROWEST, longest)):
            return count
    return 1


def _row(row: Cells, widths: Sequence[int], beside: int, width: int, heads: Cells) -> Iterator[str]:
    left = _left(widths, beside)
    first, *more = wrapped(row[beside - 1], width - left)
    yield _padded([*row[: beside - 1], first], widths)
    yield from (" " * left + line for line in more)
    for name, cell in zip(heads, row[beside:], strict=False):
        if cell not in ("", "-"):
            yield from (INDENT + line for line in wrapped(name + cell, width - len(INDENT)))


def _left(widths: Sequence[int], count: int) -> int:
    """The column at which the last of `count` columns begins."""
    return sum(widths[: count - 1]) + len(GAP) * (count - 1)


def _padded(row: Cells, widths: Sequence[int]) -> str:
    pairs = zip(row, widths, strict=False)
    return GAP.join(cell + " " * (width - display_width(cell)) for cell, width in pairs).rstrip()


def _pieces(text: str, width: int) -> list[str]:
    """The text cut where it is wider than a line."""
    pieces, piece, used = [], "", 0
    for letter in text:
        size = display_width(letter)
        if used + size > width and piece:
            pieces.append(piece)
            piece, used = "", 0
        piece, used = piece + letter, used + size
    return [*pieces, piece]
