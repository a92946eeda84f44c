"""Moves pixels by a geometry: a question's frame to what a model is sent, and a frame of the clip back."""

from __future__ import annotations

from math import ceil, floor

from PIL import Image

from vmevalkit_core.geometry import Box, Geometry, Size

NEARLY = 1e-6
"""Pixels; what is nearer to a whole number than this is one."""


def fit_frame(frame: Image.Image, geometry: Geometry, *, bars: str = "black") -> Image.Image:
    """A frame of the question's size as the model is sent it, in mode RGB."""
    _check(frame, geometry.source, "the question's picture")
    return _moved(frame, geometry.shown_box, geometry.placed_box, geometry.sent, bars)


def unfit_frame(frame: Image.Image, geometry: Geometry, *, beyond: str = "black") -> Image.Image:
    """A frame of the clip, cut back to the question's own size; what a crop left out is filled with `beyond`.

    `geometry.in_clip(size)` is the geometry for a clip of another size than what was sent. ValueError for a frame
    of another size than `geometry.sent`.
    """
    _check(frame, geometry.sent, "the geometry's picture")
    # Whole pixels of the question's picture: those that a crop showed in part are not known.
    left, top, right, bottom = geometry.shown_box
    whole = (ceil(left - NEARLY), ceil(top - NEARLY), floor(right + NEARLY), floor(bottom + NEARLY))
    return _moved(frame, geometry.to_sent(whole), whole, geometry.source, beyond)


def _check(frame: Image.Image, size: Size, what: str) -> None:
    if frame.size != size:
        raise ValueError(f"the frame is {frame.width} x {frame.height}, {what} is {size[0]} x {size[1]}")


def _moved(frame: Image.Image, here: Box, there: Box, size: Size, colour: str) -> Image.Image:
    """The part `here` of a frame at the place `there` of a canvas."""
    left, top, right, bottom = (round(edge) for edge in there)
    part = _resized(frame, here, (right - left, bottom - top))
    if part.size == size:
        return part
    canvas = Image.new("RGB", size, colour)
    canvas.paste(part, (left, top))
    return canvas


def _resized(frame: Image.Image, box: Box, size: Size) -> Image.Image:
    left, top, right, bottom = (round(edge) for edge in box)
    moved = max(abs(edge - near) for edge, near in zip(box, (left, top, right, bottom), strict=True))
    if (right - left, bottom - top) == size and moved < NEARLY:
        return frame.crop((left, top, right, bottom))  # not one pixel is resampled
    # Rounding may put an edge a hair outside, which Pillow refuses.
    inside = (max(0.0, box[0]), max(0.0, box[1]), min(frame.width, box[2]), min(frame.height, box[3]))
    return frame.resize(size, Image.Resampling.LANCZOS, box=inside)
