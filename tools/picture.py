"""Draws the README's picture of results: what each model was shown, and its clip frame by frame.

`python -m tools.picture FOLDER`, where FOLDER is an experiment that ran both built-in models on the samples.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from vmevalkit_core import read_frames

SIDE, GAP, MARGIN, COLUMNS = 150, 12, 24, 5
INK, FAINT, PAPER = "#22303c", "#7a8794", "#ffffff"
ROWS = (("baseline-oracle", "maze"), ("baseline-oracle", "chess"), ("baseline-hold", "raven"))


def run_folder(experiment: Path, model: str, domain: str) -> Path:
    """The first run of a model in a domain."""
    return next((experiment / model / f"{domain}_task").rglob("metadata.json")).parent


def thumbnails(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """What the model was shown, then frames spread over its clip."""
    with Image.open(folder / "question" / "first_frame.png") as first:
        yield "first frame", first.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    frames = list(read_frames(folder / "video" / "generated_video.mp4"))
    fps = json.loads((folder / "metadata.json").read_text())["provenance"]["clip"]["fps"]
    for step in range(COLUMNS - 1):
        index = step * (len(frames) - 1) // (COLUMNS - 2)
        yield f"clip, {index / fps:.1f} s", frames[index].resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def draw(experiment: Path) -> Image.Image:
    """A row for each model and domain of `ROWS`."""
    width = 2 * MARGIN + COLUMNS * SIDE + (COLUMNS - 1) * GAP
    row = SIDE + 58
    sheet = Image.new("RGB", (width, 2 * MARGIN + len(ROWS) * row - 20), PAPER)
    pen, title, small = ImageDraw.Draw(sheet), ImageFont.load_default(15), ImageFont.load_default(12)
    for number, (model, domain) in enumerate(ROWS):
        top = MARGIN + number * row
        pen.text((MARGIN, top), f"{model} on {domain}", fill=INK, font=title)
        for column, (label, picture) in enumerate(thumbnails(run_folder(experiment, model, domain))):
            left = MARGIN + column * (SIDE + GAP)
            sheet.paste(picture, (left, top + 22))
            pen.rectangle((left, top + 22, left + SIDE - 1, top + 21 + SIDE), outline=FAINT)
            pen.text((left, top + 25 + SIDE), label, fill=FAINT, font=small)
    return sheet


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/result.png"))
    args = parser.parse_args()
    draw(args.experiment).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
