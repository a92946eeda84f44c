"""How exactly a picture comes back: boxes by arithmetic, real puzzles through letterbox, codec and cut."""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import REPOSITORY, table
from vmevalkit_core import ImageRule, encode_clip, fit_frame, open_rgb, read_frames, unfit_clip, unfit_frame

SAMPLES = REPOSITORY / "src" / "vmevalkit_core" / "samples"
FITS = ("letterbox", "crop", "stretch")
RULES = {
    "sizes of a vendor": {"sizes": ((1280, 720), (720, 1280), (1104, 832), (960, 960), (832, 1104), (1584, 672))},
    "one size": {"sizes": ((832, 480),)},
    "ratios, multiple of 8": {"ratios": ((16, 9), (9, 16), (1, 1)), "multiple": 8},
    "area, multiple of 16": {"area": 832 * 480, "multiple": 16},
    "multiple of 32": {"multiple": 32},
}


def main() -> None:
    """A thousand random sizes for each fit and rule, then every first frame below a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="?", type=Path, default=SAMPLES, help="default: the packaged samples")
    parser.add_argument("--sizes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(f"seed {args.seed}; largest error of a box there and back, in pixels of the question")
    table(("rule", *FITS), [(name, *_errors(name, args.sizes, args.seed)) for name in RULES])
    print()
    print("difference of a clip's middle frame from the question, grey levels on average / at the 99th percentile")
    head = ("question", "size", "codec alone", "bars, codec, cut", "1280x720 without codec", "1280x720, codec, cut")
    frames = sorted(args.questions.rglob("first_frame.png"))
    with tempfile.TemporaryDirectory() as folder:
        table(head, [_row(path, Path(folder)) for path in frames])


def _errors(name: str, count: int, seed: int) -> Iterator[str]:
    for fit in FITS:
        chance = random.Random(seed)
        rule = ImageRule.model_validate({"fit": fit, **RULES[name]})
        yield f"{max(_error(rule, chance) for _ in range(count)):.1e}"


def _error(rule: ImageRule, chance: random.Random) -> float:
    width, height = chance.randint(1, 4096), chance.randint(1, 4096)
    geometry = rule.geometry((width, height))
    xs, ys = (sorted(chance.uniform(0, side) for _ in "ab") for side in (width, height))
    box = (xs[0], ys[0], xs[1], ys[1])
    back = geometry.to_source(geometry.to_sent(box))
    return max(abs(one - other) for one, other in zip(box, back, strict=True))


def _row(path: Path, folder: Path) -> tuple[object, ...]:
    question = open_rgb(path)
    bars = ImageRule(ratios=((16, 9),), multiple=8)
    sized = ImageRule(sizes=((1280, 720),))
    geometry = sized.geometry(question.size)
    return (
        path.parent.name,
        f"{question.width}x{question.height}",
        _difference(question, _coded(question, folder)),
        _difference(question, _there_and_back(question, bars, folder)),
        _difference(question, unfit_frame(fit_frame(question, geometry), geometry)),
        _difference(question, _there_and_back(question, sized, folder)),
    )


def _coded(picture: Image.Image, folder: Path) -> Image.Image:
    encode_clip([picture] * 9, folder / "clip.mp4", fps=8)
    return list(read_frames(folder / "clip.mp4"))[4].crop((0, 0, *picture.size))


def _there_and_back(question: Image.Image, rule: ImageRule, folder: Path) -> Image.Image:
    geometry = rule.geometry(question.size)
    encode_clip([fit_frame(question, geometry)] * 9, folder / "sent.mp4", fps=8)
    unfit_clip(folder / "sent.mp4", geometry, folder / "cut.mp4")
    return list(read_frames(folder / "cut.mp4"))[4].crop((0, 0, *question.size))


def _difference(one: Image.Image, other: Image.Image) -> str:
    levels = np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int))
    return f"{levels.mean():.2f} / {np.percentile(levels, 99):.0f}"


if __name__ == "__main__":
    main()
