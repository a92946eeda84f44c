"""Text embeddings: each distinct text of a plan is encoded once, then the encoder makes room for the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

AT_ONCE = 256
"""Texts encoded before the encoder is freed. The embedding of one text is about 2 MB for a T5-XXL of 256 tokens."""


class Keeper(Protocol):
    """Where embeddings outlive the process."""

    def get(self, name: str) -> Any:
        """None where there is none."""

    def put(self, name: str, value: Any) -> None:
        """Keep it."""


class Texts:
    """The embeddings that are kept, and the texts that are still to come."""

    def __init__(
        self,
        load: Callable[[], None],
        encode: Callable[[str], Any],
        free: Callable[[], None],
        at_once: int = AT_ONCE,
        keeper: Keeper | None = None,
    ) -> None:
        self._load, self._encode, self._free = load, encode, free
        self._at_once = at_once
        self.keeper = keeper
        self._kept: dict[str, Any] = {}
        self._coming: dict[str, None] = {}
        self.loads = 0
        """How often the encoder was loaded."""
        self.encoded = 0
        """How many texts were encoded."""
        self.found = 0
        """How many an earlier process had encoded."""

    def expect(self, texts: Iterable[str]) -> None:
        """Say which texts will be asked for, in this order."""
        self._coming.update(dict.fromkeys(texts))

    def of(self, texts: Sequence[str]) -> dict[str, Any]:
        """The embeddings of these texts; where one is new, those that are coming are encoded with it."""
        if any(text not in self._kept for text in texts):
            self._renew(texts)
        return {text: self._kept[text] for text in texts}

    def forget(self) -> None:
        """Drop all embeddings: they were another model's."""
        self._kept.clear()

    def _renew(self, needed: Sequence[str]) -> None:
        for text in needed:
            self._coming.pop(text, None)
        batch = dict.fromkeys([*needed, *self._coming])
        wanted = [text for text in list(batch)[: max(self._at_once, len(needed))] if text not in self._kept]
        if len(self._kept) + len(wanted) > self._at_once:
            self._kept = {text: self._kept[text] for text in needed if text in self._kept}
        wanted = [text for text in wanted if not self._is_found(text)]
        if not wanted:
            return
        self._load()
        self.loads += 1
        try:
            # One by one: in a batch, the padding of the others moves the last digits of a text.
            for text in wanted:
                self._kept[text] = self._encode(text)
                self._coming.pop(text, None)
                self.encoded += 1
                if self.keeper:
                    self.keeper.put(text, self._kept[text])
        finally:
            self._free()

    def _is_found(self, text: str) -> bool:
        known = self.keeper.get(text) if self.keeper else None
        if known is not None:
            self._kept[text] = known
            self._coming.pop(text, None)
            self.found += 1
        return known is not None
