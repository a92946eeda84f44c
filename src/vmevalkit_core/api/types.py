"""Arguments of a wrong type, refused by their names before anything is done with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from vmevalkit_core.errors import UsageError

V = TypeVar("V")


def whole_number(name: str, value: int) -> int:
    """The value of an argument that counts; UsageError where it is no int."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _wrong(name, value, "no whole number", f"such as {name}=2")


def mapping(name: str, value: Mapping[str, V] | None, example: str) -> Mapping[str, V]:
    """The value of an argument that maps names, empty for None; UsageError for anything else."""
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise _wrong(name, value, "no dict", f"such as {name}={example}")


def names(name: str, value: str | Iterable[str], example: str) -> Sequence[str]:
    """One name or several as several; UsageError where one is no text."""
    if not isinstance(value, str | Iterable):
        raise _wrong(name, value, "neither a text nor a list of texts", f'such as {name}="{example}"')
    found = [value] if isinstance(value, str) else list(value)
    for one in found:
        if not isinstance(one, str):
            raise _wrong(name, one, "no text", f'such as {name}="{example}"')
    return found


def _wrong(name: str, value: Any, what: str, hint: str) -> UsageError:
    return UsageError(f"{name} is {value!r:.60}, which is {what}", hint=hint)
