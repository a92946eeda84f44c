"""What hostile pictures cost through the real loaders, each in a fresh process: CPU time and memory at the most."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.common import table
from tests.hostile.measure import measured
from tests.hostile.pictures import PIXELS, SVGS, Picture

RENDERERS = ("cairosvg", "resvg")


def rows(folder: Path, picture: Picture, suffix: str, renderer: str | None) -> Iterator[tuple[str, ...]]:
    """One line of the table."""
    path = folder / f"picture.{suffix}"
    path.write_bytes(picture.build())
    found = measured(path, renderer)
    sentence = found["sentence"].replace(f"{folder}/", "").replace("|", "\\|")
    figures = f"{found['seconds']:.2f}", f"{found['mb']:.0f}"
    yield picture.name, renderer or "Pillow", found["outcome"], *figures, sentence


def main() -> None:
    """Every sample once, SVG with each renderer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renderer", choices=RENDERERS, action="append", help="both unless told otherwise")
    renderers = parser.parse_args().renderer or RENDERERS
    cases = [(picture, "svg", renderer) for picture in SVGS for renderer in renderers]
    cases += [(picture, "png", None) for picture in PIXELS]
    with tempfile.TemporaryDirectory() as folder:
        lines = [line for case in cases for line in rows(Path(folder), *case)]
    table(("sample", "by", "outcome", "CPU s", "MB", "sentence"), lines)


if __name__ == "__main__":
    main()
