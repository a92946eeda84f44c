"""Results go to stdout, all else to stderr; tables and paragraphs fit the terminal."""

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
from vmevalkit_core.terminal.tables import display_width, layout, wrapped

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
LONGEST = 300
"""Characters of an error that a line shows."""
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
    """Columns under their heads; on a terminal, or with `width`, no line is longer than that."""
    cells = [[_in_one_line(str(cell)) for cell in row] for row in (head, *rows)]
    return layout(cells[0], cells[1:], width or terminal_width())


def paragraph(text: str, *, first: str = "", rest: str = "") -> str:
    """A line of result that begins with `first`; on a terminal it is wrapped, each further line after `rest`."""
    text, width = _in_one_line(text), terminal_width()
    if width is None:
        return first + text
    lines = wrapped(text, max(1, width - max(display_width(first), display_width(rest))))
    return "\n".join((rest if number else first) + line for number, line in enumerate(lines))


def short(text: str) -> str:
    """The first line of an error, cut where it is very long; the record holds all of it."""
    line = text.partition("\n")[0]
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def terminal_width() -> int | None:
    """Columns of the terminal that results go to; None where they go into a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


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


def _in_one_line(text: str) -> str:
    """The text as `say` shows it, so that its width is known; an end of line in it is spelled out too."""
    return clean(text).replace("\n", "\\n").replace("\t", "\\t")
