"""An image rule as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from vmevalkit_core.rules import ImageRule

_FITS = {
    "letterbox": "whole, with {bars} bars",
    "crop": "the middle of it, without bars",
    "stretch": "whole and distorted",
    "exact": "refused unless it is of that size already",
}


def in_words(rule: ImageRule) -> list[str]:
    """What becomes of a question's picture: its size and fit, then its file."""
    fit = "" if rule.keeps_size else f"; {_FITS[rule.fit].format(bars=rule.bars)}"
    kinds = _listed([kind.removeprefix("image/").upper().replace("WEBP", "WebP") for kind in rule.formats])
    limit = f", at most {_bytes(rule.max_bytes)}" if rule.max_bytes else ""
    return [f"{_sizes(rule)}{fit}", f"{kinds}{limit}; transparent pixels become {rule.background}"]


def _sizes(rule: ImageRule) -> str:
    if rule.sizes:
        return f"{_listed([f'{width} x {height}' for width, height in rule.sizes])} pixels"
    multiple = f", sides multiples of {rule.multiple}" if rule.multiple > 1 else ""
    if rule.ratios:
        return f"{_listed([f'{across}:{down}' for across, down in rule.ratios])}{multiple}"
    if rule.area:
        return f"scaled to {rule.area:,} pixels at most{multiple}"
    return f"in its own scale{multiple}" if multiple else "in its own size"


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _bytes(size: int) -> str:
    for unit, name in ((2**20, "MiB"), (10**6, "MB"), (2**10, "KiB"), (10**3, "kB")):
        if size % unit == 0:
            return f"{size // unit:,} {name}"
    return f"{size:,} bytes"
