"""The environment of a command: the process's own, then what a file .env adds."""

from __future__ import annotations

import io
import logging
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from vmevalkit_core.errors import ConfigError

if TYPE_CHECKING:
    from dotenv.parser import Binding

ENV_FILE = Path(".env")
LINE_HINT = "write each line as NAME=VALUE, or begin it with #"
_HINT = "it holds lines NAME=VALUE in UTF-8"
_LOG = logging.getLogger(__name__)


def environment() -> dict[str, str]:
    """Names and values; a .env never enters the process's environment, so children do not inherit its keys.

    A variable that is set but empty counts as not set. A line of .env that sets nothing is warned about once.
    """
    if not ENV_FILE.is_file():
        return dict(os.environ)
    from dotenv import dotenv_values

    lines = _lines()
    for number in _odd(lines):
        _warn(ENV_FILE.absolute(), number)
    good = "".join(one.original.string for one in lines if not _is_odd(one))
    found = dotenv_values(stream=io.StringIO(good))
    added = {name: value for name, value in found.items() if value is not None}
    return added | {name: value for name, value in os.environ.items() if value or name not in added}


def odd_lines() -> list[int]:
    """The numbers of the lines in .env that set nothing and are no comment."""
    return _odd(_lines())


def _lines() -> list[Binding]:
    from dotenv.parser import parse_stream

    try:
        with ENV_FILE.open(encoding="utf-8") as file:
            return list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file {ENV_FILE} in this folder cannot be read: {error}", hint=_HINT) from error


def _odd(lines: list[Binding]) -> list[int]:
    return [_start(one) for one in lines if _is_odd(one)]


def _start(line: Binding) -> int:
    """The number of a line; a statement of the parser begins with the empty lines before it."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _is_odd(line: Binding) -> bool:
    return line.error or (line.key is not None and line.value is None)


@cache
def _warn(path: Path, number: int) -> None:
    _LOG.warning("Warning: %s, line %d is no NAME=VALUE; it is ignored", path.name, number)
