"""Whether videos can be written and read here, and SVG be drawn, by doing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from vmevalkit_core.checks.check import Check, Surroundings

FRAMES = 4


def codec(around: Surroundings) -> Iterator[Check]:
    """A tiny clip, encoded and decoded to its last frame."""
    from PIL import Image

    from vmevalkit_core.media.clips import check_clip, encode_clip

    with TemporaryDirectory(prefix="vmeval-doctor-") as folder:
        path = Path(folder, "clip.mp4")
        encode_clip((Image.new("RGB", (64, 64), (60 * shade, 80, 120)) for shade in range(FRAMES)), path, fps=8)
        facts, build = check_clip(path), _encoder(path.read_bytes())
    wrote = f"a clip of {facts.frames} frames was written and read back: {facts.codec} by {build}, av {version('av')}"
    if facts.frames == FRAMES:
        yield Check("video", "ok", wrote)
    else:
        yield Check("video", "problem", f"{wrote}; {FRAMES} were written", "pip install -U --force-reinstall av")


def svg(around: Surroundings) -> Iterator[Check]:
    """Which renderer draws questions that are SVG, found by drawing one pixel."""
    from vmevalkit_core.media.svg import svg_renderer

    if found := svg_renderer():
        yield Check("svg", "ok", f"drawn by {found}")
    else:
        yield Check("svg", "problem", "neither cairosvg nor resvg-py can draw", "pip install -U resvg-py")


def _encoder(clip: bytes) -> str:
    """The build that wrote the clip, as x264 signs each stream."""
    found = re.search(rb"x264 - (core \d+)", clip)
    return f"libx264 {found[1].decode()}" if found else "libx264"
