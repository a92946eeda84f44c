"""How much an SVG draws once each reference is followed: a few lines can ask for billions of elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vmevalkit_core.media.svg.refusal import Refusal

MAX_DRAWN = 200_000
"""Elements, each counted as often as it is drawn."""
MAX_LEVELS = 100
"""Elements inside each other, references followed."""


@dataclass(slots=True, eq=False)
class Element:
    """An element, as far as its cost is concerned."""

    links: list[str] = field(default_factory=list)
    """Ids of the elements that are drawn where this one is."""
    children: list[Element] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """The elements of a file."""

    root: Element = field(default_factory=Element)
    ids: dict[str, list[Element]] = field(default_factory=dict)
    """All elements of each id: renderers disagree on which of two counts."""


def check_expansion(document: Document) -> None:
    """Refusal when references form a circle, or when following them takes too many elements or levels."""
    _Scale(document.ids).weigh(document.root, 0)


@dataclass(slots=True, frozen=True)
class _Cost:
    drawn: int
    levels: int


class _Scale:
    def __init__(self, ids: dict[str, list[Element]]) -> None:
        self._ids = ids
        # None marks what is being weighed: to meet it again is a circle.
        self._known: dict[Element | str, _Cost | None] = {}

    def weigh(self, thing: Element | str, level: int) -> _Cost:
        """The cost of an element with all below it, or of what an id names; each is worked out once."""
        if thing not in self._known:
            self._known[thing] = None
            self._known[thing] = self._sum(thing, level)
        cost = self._known[thing]
        if cost is None:
            raise Refusal("contains elements that refer to each other in a circle")
        if level + cost.levels > MAX_LEVELS:
            raise Refusal(f"is more than {MAX_LEVELS} levels deep once its references are followed")
        return cost

    def _sum(self, thing: Element | str, level: int) -> _Cost:
        own = 0 if isinstance(thing, str) else 1
        drawn, levels = own, 0
        # Deeper recursion than MAX_LEVELS would end in Python's own limit; `weigh` refuses then.
        for part in self._parts(thing) if level <= MAX_LEVELS else ():
            cost = self.weigh(part, level + own)
            drawn += cost.drawn
            levels = max(levels, cost.levels)
            if drawn > MAX_DRAWN:
                raise Refusal(f"draws more than {MAX_DRAWN:,} elements once its references are followed")
        return _Cost(drawn, levels + own)

    def _parts(self, thing: Element | str) -> Sequence[Element | str]:
        if isinstance(thing, str):
            return self._ids.get(thing, [])
        return [*thing.children, *thing.links]
