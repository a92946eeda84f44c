"""A table in the user's file: its values, each held to what it has to be; no error ever quotes a value."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


class Wrong(ValueError):
    """What is wrong, and where in the file."""


@dataclass(frozen=True, slots=True)
class Table:
    """Names and values, and where they stand; `Wrong` for a value that cannot be.

    Values are never shown: somebody may have put a key into a wrong place.
    """

    values: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, value: Any, where: str, allowed: Collection[str] | None = None) -> Table:
        """The table that a value is, with no other names than are allowed."""
        if not isinstance(value, Mapping):
            raise Wrong(f"{where} is missing, or is no table")
        unknown = sorted(set(value) - set(allowed)) if allowed is not None else []
        if unknown:
            raise Wrong(f"{where} has no {unknown[0]!r}; there are {', '.join(sorted(allowed or ()))}")
        return cls(value, where)

    def inner(self, name: str, allowed: Collection[str] | None = None) -> Table:
        """A table inside this one, which has to be there."""
        return Table.of(self.values.get(name), f"{self.where}.{name}" if self.where else name, allowed)

    def text(self, name: str, default: str) -> str:
        """Any text."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], what: str, *, optional: bool = False) -> str:
        """A text of a form; empty where it is optional and missing."""
        value = self.values.get(name)
        if value is None and optional:
            return ""
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._wrong(name, what)
        return value

    def all_matching(self, name: str, pattern: re.Pattern[str], what: str) -> list[str]:
        """Texts of a form; none where the list is missing."""
        values = self.values.get(name, [])
        if not isinstance(values, list) or not all(isinstance(one, str) and pattern.fullmatch(one) for one in values):
            raise self._wrong(name, f"a list of {what}")
        return values

    def money(self, name: str) -> str | None:
        """US dollars as a decimal; None where they are missing."""
        value = self.values.get(name)
        if value is None:
            return None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        amount = Decimal(str(value)) if number else Decimal(-1)
        if not amount.is_finite() or amount < 0:
            raise self._wrong(name, "a number of US dollars, 0 for what is free")
        return format(amount, "f")

    def seeds(self, name: str, usual: tuple[int, int]) -> tuple[int, int] | None:
        """Lowest and highest seed; the usual ones for true, and where they are missing."""
        value = self.values.get(name, True)
        if isinstance(value, bool):
            return usual if value else None
        bounds = value if isinstance(value, list) else []
        if [type(one) for one in bounds] != [int, int] or bounds[0] > bounds[1]:
            raise self._wrong(name, "true, false, or a lowest and a highest seed")
        return bounds[0], bounds[1]

    def _wrong(self, name: str, what: str) -> Wrong:
        return Wrong(f"{self.where}.{name} has to be {what}")
