"""Draws an SVG in a process of its own and says in one sentence why another cannot be drawn."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from vmevalkit_core.errors import MissingFrame, QuestionError
from vmevalkit_core.media.svg import child
from vmevalkit_core.media.svg.check import check_svg
from vmevalkit_core.media.svg.process import Ended, run_limited
from vmevalkit_core.media.svg.refusal import SAVE_HINT, Refusal
from vmevalkit_core.media.svg.text import svg_text

MAX_BYTES = 5_000_000
CPU_SECONDS = 1.5
"""For one picture, so that two are enough with the start of the drawing process on a busy machine; what our own check
leaves of them is the renderer's."""
WALL_SECONDS = 10.0
# Where libraries and fonts are found; keys and all else of the environment stay here.
_PASSED_ON = (
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH"),
)
# To load a renderer takes half of this.
_LEAST_SECONDS = 0.6
_PNG_START = b"\x89PNG\r\n\x1a\n"
_SMALL = "give it a smaller width and height, simplify it, or export it as a PNG"
_TINY = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><path d="M0 0h1v1z"/></svg>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture that a renderer made of an SVG."""

    png: bytes
    """With an alpha channel wherever it is not opaque; nothing was flattened."""
    by: str
    """The renderer and its version, such as "cairosvg 2.9.1"."""
    size: tuple[int, int]
    """Width and height in pixels."""


def draw_svg(path: str | Path, *, data: bytes | None = None, renderer: str | None = None) -> Drawn:
    """Draw an SVG at its own size; MissingFrame, or QuestionError when it is refused, broken or takes too much.

    `data` is the content of the file where it was read already; `renderer` is "cairosvg" or "resvg", without it the
    first of them that works on this machine.
    """
    path = Path(path)
    begun = time.thread_time()
    try:
        text = svg_text(_content(path) if data is None else _sized(data))
        size = check_svg(text)
        seconds = CPU_SECONDS - (time.thread_time() - begun)
        return _draw(text.encode(), size, renderer, seconds=max(seconds, _LEAST_SECONDS))
    except Refusal as refusal:
        raise QuestionError(f"{path} {refusal.cause}", hint=refusal.hint) from refusal


def svg_renderer() -> str | None:
    """The renderer that `draw_svg` uses, with its version, found by drawing one pixel; None where none works."""
    try:
        return _draw(_TINY, (1, 1), None, seconds=CPU_SECONDS).by
    except Refusal:
        return None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise MissingFrame(f"there is no image {path}", hint="check the name of the file") from error
    except OSError as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}", hint="it has to be a readable file") from error
    return _sized(data)


def _sized(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise Refusal(f"has more than {MAX_BYTES // 1_000_000} MB", "simplify it, or export it as a PNG")
    return data


def _draw(svg: bytes, size: tuple[int, int], renderer: str | None, *, seconds: float) -> Drawn:
    # No PNG is larger than its pixels by more than this.
    most = 5 * size[0] * size[1] + 100_000
    try:
        command = _command({"size": size, "renderer": renderer, "seconds": seconds})
        ended = run_limited(command, svg, env=_environment(), seconds=WALL_SECONDS, most=most)
    except OSError as error:
        raise Refusal(f"cannot be drawn: {error}", "close other programs, then try again") from error
    by, _, png = ended.output.partition(b"\n")
    if len(ended.output) > most:
        raise Refusal("cannot be drawn: the renderer gives more than a picture")
    if ended.code or ended.late:
        raise _refusal(ended)
    if not png.startswith(_PNG_START) or _png_size(png) != size:
        raise Refusal(f"cannot be drawn: {by.decode(errors='replace')} made no picture of {size[0]} x {size[1]} of it")
    return Drawn(png=png, by=by.decode(), size=size)


def _command(request: dict[str, object]) -> list[str]:
    # Bare: no environment, no folder of the user, no site hooks; what can be imported is told explicitly.
    bare = [sys.executable, "-I", "-S", "-B", os.path.abspath(child.__file__)]
    path = [os.path.abspath(folder) for folder in sys.path if folder]
    return [*bare, json.dumps(request | {"path": path})]


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _png_size(png: bytes) -> tuple[int, int]:
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _refusal(ended: Ended) -> Refusal:
    reason = ended.output[:300].decode(errors="replace")
    if ended.late or ended.code in (-signal.SIGPROF, -signal.SIGXCPU):
        return Refusal("takes too long to draw", _SMALL)
    # Rust ends a program that gets no memory by a signal, but says so first; the system kills outright.
    if ended.code in (child.NO_MEMORY, -signal.SIGKILL) or "memory allocation" in ended.said:
        return Refusal("needs too much memory to draw", _SMALL)
    if ended.code < 0:
        return Refusal(f"crashes the renderer ({signal.Signals(-ended.code).name})")
    if ended.code == child.NO_RENDERER:
        return Refusal(f"cannot be drawn, no SVG renderer works here: {reason}", "pip install resvg-py")
    return Refusal(f"cannot be drawn: {reason or ended.said.strip()[-300:]}", SAVE_HINT)
