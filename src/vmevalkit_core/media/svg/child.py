"""The program of the drawing process: SVG on its stdin, the renderer's name and a PNG on its stdout.

It is run as a file, not imported as a module, so it depends on nothing of ours and starts as bare as Python can.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

BROKEN, NO_MEMORY, NO_RENDERER = 3, 4, 5
"""How the process ends when there is no picture; a reason in one line is on its stdout."""
ADDRESS_BYTES = 400_000_000
"""With the process that waits for the picture it stays below 500 MB."""
OPEN_FILES = 64
Draw = Callable[[bytes, int, int], bytes]
_EMBEDDED = ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/jpg;base64,")


def main() -> NoReturn:
    """Draw one picture within the limits; the request is the one argument, in JSON."""
    request = json.loads(sys.argv[1])
    _limit_time(request["seconds"])
    stdout = _taken_stdout()
    try:
        code, output = 0, _picture(request)
    except _End as end:
        code, output = end.code, str(end).encode(errors="replace")
    with open(stdout, "wb") as handle:
        handle.write(output)
    # Not `sys.exit`: taking down the libraries costs time and can crash after a good picture.
    os._exit(code)


def _picture(request: dict[str, Any]) -> bytes:
    # Whatever finds the renderers for the parent finds them here: a user's own folder, an editable install.
    sys.path += [folder for folder in request["path"] if folder not in sys.path]
    name, draw = _renderer(request["renderer"])
    # Not before: the search for the library cairo may write a file and start a linker.
    _limit_space()
    return name.encode() + b"\n" + _drawn(draw, *request["size"])


def _taken_stdout() -> int:
    """Stdout for us alone: whatever libraries print there is dropped."""
    stdout = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return stdout


def _limit_time(seconds: float) -> None:
    # What the parent ignores or blocks, a child would ignore as well.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # A timer ends the process within fractions of a second, where the limit of the system counts whole ones.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    _limit((resource.RLIMIT_CPU, int(seconds) + 1), (resource.RLIMIT_CORE, 0))


def _limit_space() -> None:
    _limit((resource.RLIMIT_AS, ADDRESS_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, OPEN_FILES))


def _limit(*limits: tuple[int, int]) -> None:
    """Limits that no library can lift again; a system that lacks one keeps the others."""
    for limit, value in limits:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


class _End(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(" ".join(reason.split())[:300])
        self.code = code


def _drawn(draw: Draw, width: int, height: int) -> bytes:
    try:
        return draw(sys.stdin.buffer.read(), width, height)
    except MemoryError:
        raise _End(NO_MEMORY, "memory") from None
    except RecursionError:
        raise _End(BROKEN, "it is nested too deeply") from None
    except Exception as error:
        raise _End(BROKEN, f"{type(error).__name__}: {error}") from error


def _renderer(wanted: str | None) -> tuple[str, Draw]:
    """The first renderer that works here, or the wanted one, with its name and version."""
    reasons = []
    for name, load in RENDERERS.items():
        if wanted not in (None, name):
            continue
        try:
            return load()
        # cairosvg without the library cairo raises OSError.
        except (ImportError, OSError) as error:
            reasons.append(f"{name}: {error}")
    raise _End(NO_RENDERER, "; ".join(reasons))


def _cairosvg() -> tuple[str, Draw]:
    import cairosvg  # type: ignore[import-untyped]

    def draw(svg: bytes, width: int, height: int) -> bytes:
        # The public `svg2png` offers no `url_fetcher`.
        png: bytes = cairosvg.surface.PNGSurface.convert(
            svg, unsafe=False, url_fetcher=_embedded_only, output_width=width, output_height=height
        )
        return png

    return f"cairosvg {cairosvg.__version__}", draw


def _resvg() -> tuple[str, Draw]:
    import resvg_py

    def draw(svg: bytes, width: int, height: int) -> bytes:
        # Without width and height it aborts on a huge size; 96 dpi is what CSS calls an inch.
        return resvg_py.svg_to_bytes(svg_string=svg.decode(), width=width, height=height, dpi=96)

    return f"resvg {resvg_py.__version__}", draw


RENDERERS: dict[str, Callable[[], tuple[str, Draw]]] = {"cairosvg": _cairosvg, "resvg": _resvg}


def _embedded_only(url: str, resource_type: str) -> bytes:
    """What cairosvg is given for a link; our check found none but these, and this is the second door."""
    if not url.startswith(_EMBEDDED):
        raise ValueError("it refers to something outside the file")
    return base64.b64decode(url.partition(",")[2])


if __name__ == "__main__":
    main()
