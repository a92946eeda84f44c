"""Requests as a vendor's own client sends them, and how another one differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


class Anything:
    """Equals everything: for what differs from run to run, such as a picture or a token."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ANYTHING"


ANYTHING = Anything()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBody:
    """A body that the vendor is known to take, and the run that has to make just that."""

    body: Any
    """JSON, or a list of multipart parts as `Simulator.requests` shows them; ANYTHING stands for any value."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The options of the run."""
    prompt: str = "Solve the maze."
    """What the question says."""
    size: tuple[int, int] = (640, 640)
    """Width and height of the question's picture."""
    seed: int = 0
    """The seed of the run."""


def differences(wanted: Any, sent: Any, where: str = "body") -> Iterator[str]:
    """Every place at which what was sent is not what was recorded, in words."""
    if isinstance(wanted, Mapping) and isinstance(sent, Mapping):
        for name in sorted(wanted.keys() | sent.keys(), key=str):
            if name not in sent:
                yield f"{where}.{name} is missing"
            elif name not in wanted:
                yield f"{where}.{name} is too much: {sent[name]!r:.80}"
            else:
                yield from differences(wanted[name], sent[name], f"{where}.{name}")
    elif isinstance(wanted, list) and isinstance(sent, list) and len(wanted) == len(sent):
        for number, (one, other) in enumerate(zip(wanted, sent, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif wanted != sent or (isinstance(sent, bool) and wanted in (0, 1) and not isinstance(wanted, bool)):
        yield f"{where} is {sent!r:.80} instead of {wanted!r:.80}"
