"""Less memory for the records of runs in flight, of which there are thousands."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from pydantic import BaseModel


class _AllGiven(set[str]):
    """The names of all fields of a class, in place of those that were given: one for all its records, never changed."""

    __slots__ = ()

    def __copy__(self) -> _AllGiven:
        return self

    def add(self, name: str, /) -> None:
        """It is in."""

    def update(self, *names: Iterable[str]) -> None:
        """They are in."""


@cache
def _all_of(kind: type[BaseModel]) -> _AllGiven:
    return _AllGiven(kind.model_fields)


def count_as_given(record: BaseModel) -> None:
    """Forget which fields of a record, and of those in it, were given: all count as such, in its copies as well.

    A set for each record takes as much room as what the record says.
    """
    object.__setattr__(record, "__pydantic_fields_set__", _all_of(type(record)))
    for value in record.__dict__.values():
        if isinstance(value, BaseModel):
            count_as_given(value)
