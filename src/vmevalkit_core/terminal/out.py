"""Results go to stdout, all else to stderr; tables fit the terminal."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from vmevalkit_core.redact import RedactingFormatter, Redactor

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_hidden = Redactor()


def hide(redactor: Redactor) -> None:
    """Keep what `redactor` knows out of every line from now on, log lines of the kit included."""
    global _hidden  # noqa: PLW0603 (a process has one stderr, and one set of secrets to keep out of it)
    _hidden = redactor
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(redactor, "%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("vmevalkit_core")
    logger.handlers, logger.propagate = [handler], False


def say(text: str = "") -> None:
    """A line of result."""
    print(clean(text))  # noqa: T201


def note(text: str) -> None:
    """A line that is no result: progress, warnings, what to do next."""
    print(clean(text), file=sys.stderr)  # noqa: T201


def clean(text: str) -> str:
    """The text without secrets, its control characters spelled out: a file's name must not drive the terminal."""
    return _CONTROL.sub(lambda match: repr(match.group())[1:-1], _hidden.text(text))


def dump(value: Any) -> None:
    """A result for programs."""
    say(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(head: Sequence[str], rows: Sequence[Sequence[Any]], *, width: int | None = None) -> str:
    """Columns under their heads; the last one is cut where the terminal ends."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    total = width or (shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000)
    return "\n".join(_row(row, widths, total) for row in cells)


def money(amount: Decimal | None) -> str:
    """US dollars as people write them; an unknown price says so."""
    if amount is None:
        return "unknown"
    return f"${amount:.2f}" if amount == round(amount, 2) else f"${amount.normalize():f}"


def count(number: int, thing: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """`4.2 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _row(cells: Sequence[str], widths: Sequence[int], total: int) -> str:
    line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
    return line if len(line) <= total else line[: total - 1] + "…"
