"""How near the first frame of a clip is to the puzzle: before it is encoded, and after.

On flat-coloured puzzles, in grey levels of 255, over all pixels and over those at edges. `held` is a model that gives
the picture back untouched, so what is left is the codec's. With `--weights` LTX-Video draws as well; random weights
show that the chain is whole and nothing else, real ones show the model.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.common import table
from vmevalkit_core import encode_clip, fit_frame, open_rgb, read_frames
from vmevalkit_core.rules import ImageRule

SAMPLES = Path(__file__).resolve().parent.parent / "src" / "vmevalkit_core" / "samples"
PUZZLES = ("maze_task/maze_sample_0", "sudoku_task/sudoku_sample_0", "chess_task/chess_sample_0")
RULE = ImageRule(area=704 * 480, multiple=32)


def pictures(rule: ImageRule) -> Iterator[tuple[str, Image.Image]]:
    """Each puzzle as it would be sent."""
    for name in PUZZLES:
        picture = open_rgb(SAMPLES / name / "first_frame.png")
        yield name.rpartition("/")[2], fit_frame(picture, rule.geometry(picture.size))


def numbers(one: Any, other: Any) -> tuple[str, ...]:
    """Mean, mean at edges, and largest difference."""
    ours, theirs = (np.asarray(picture).astype(int) for picture in (one, other))
    apart = np.abs(ours - theirs)
    grey = ours.mean(axis=2)
    edges = (np.abs(np.diff(grey, axis=0, prepend=grey[:1])) + np.abs(np.diff(grey, axis=1, prepend=grey[:, :1]))) > 16
    return f"{apart.mean():.2f}", f"{apart[edges].mean():.2f}" if edges.any() else "-", str(apart.max())


def after_encoding(frames: Any, folder: Path) -> Image.Image:
    """The first frame as a player shows it."""
    encode_clip(frames, folder / "clip.mp4", fps=24)
    return next(iter(read_frames(folder / "clip.mp4")))


def held(folder: Path) -> Iterator[tuple[str, ...]]:
    """A model that changes nothing."""
    for name, picture in pictures(RULE):
        shown = after_encoding([picture] * 9, folder)
        yield name, "held", *numbers(picture, picture), *numbers(picture, shown), *numbers(picture, shown)


def drawn(folder: Path, weights: Path, options: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """LTX-Video with these weights."""
    from vmevalkit_core.testing.studio import Studio

    studio = Studio("ltx-video", weights, options, folder)
    for name, picture in pictures(studio.options_class(**studio.options).image_rule()):
        request = studio.request("hold still", picture=picture)
        clip = studio.clips([request])[0]
        size = (clip.extras["local"]["frames_kept"], picture.height, picture.width, 3)
        first = np.frombuffer(studio.frames(clip), np.uint8)[: picture.width * picture.height * 3].reshape(size[1:])
        shown = next(iter(read_frames(clip.path)))
        yield name, "ltx-video", *numbers(picture, first), *numbers(picture, shown), *numbers(first, shown)


def main() -> None:
    """Measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, help="a folder with weights of ltx-video")
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--steps", type=int, default=8)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows = list(held(folder))
        if args.weights:
            rows += drawn(folder, args.weights.absolute(), {"frames": args.frames, "steps": args.steps})
    parts = ("before encoding", "after encoding", "by encoding alone")
    head = [f"{part}: {what}" for part in parts for what in ("mean", "at edges", "largest")]
    table(("puzzle", "model", *head), rows)


if __name__ == "__main__":
    main()
