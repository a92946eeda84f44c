"""How many pixels an SVG asks for, by its own width and height or its viewBox."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vmevalkit_core.media.svg.refusal import Refusal, quoted

MAX_SIDE = 4096
"""Pixels; a wider or higher SVG is refused rather than made smaller behind the user's back."""
# CSS pixels: 96 to the inch.
_UNITS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*([a-zA-Z%]*)\s*", re.ASCII)
_BOX = re.compile(
    rf"\s*{_NUMBER}(?:\s*,\s*|\s+){_NUMBER}(?:\s*,\s*|\s+)({_NUMBER})(?:\s*,\s*|\s+)({_NUMBER})\s*", re.ASCII
)
# A pattern may take quadratic time on millions of digits.
_LONGEST = 200
_NO_SIZE = "has neither a width and a height nor a viewBox"
_HINT = 'give the svg element a size in pixels, such as width="512" height="512"'


def pixel_size(attributes: Mapping[str, str]) -> tuple[int, int]:
    """Width and height in pixels, from 1 to MAX_SIDE, by the attributes of the svg element; else Refusal.

    A width or height that is missing or in percent follows from the viewBox. Without a viewBox the file is refused:
    programs that show SVG disagree on what such a file means.
    """
    width = _length("width", attributes.get("width", ""))
    height = _length("height", attributes.get("height", ""))
    if width is None or height is None:
        width, height = _completed(width, height, _view_box(attributes.get("viewBox", "")))
    if max(width, height) >= MAX_SIDE + 0.5:
        raise Refusal(
            f"asks for {width:.6g} x {height:.6g} pixels", f"give it a width and a height of at most {MAX_SIDE}"
        )
    if min(width, height) < 1:
        raise Refusal(f"asks for {width:.6g} x {height:.6g} pixels, less than one", _HINT)
    return int(width + 0.5), int(height + 0.5)


def _completed(width: float | None, height: float | None, box: tuple[float, float] | None) -> tuple[float, float]:
    if box is None:
        raise Refusal(_NO_SIZE, _HINT)
    if width is not None:
        return width, width * box[1] / box[0]
    if height is not None:
        return height * box[0] / box[1], height
    return box


def _length(name: str, text: str) -> float | None:
    """Pixels; None where the length depends on something else."""
    if text.strip() in ("", "auto"):
        return None
    found = _LENGTH.fullmatch(text) if len(text) <= _LONGEST else None
    if found and found[2] == "%":
        return None
    if not found or found[2] not in _UNITS:
        raise Refusal(f"has the {name} {quoted(text)}, which is no length", _HINT)
    return float(found[1]) * _UNITS[found[2]]


def _view_box(text: str) -> tuple[float, float] | None:
    if not text.strip():
        return None
    found = _BOX.fullmatch(text) if len(text) <= _LONGEST else None
    sides = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    if min(sides) <= 0:
        raise Refusal(f"has the viewBox {quoted(text)}, which is no area", _HINT)
    return sides
