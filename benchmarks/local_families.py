"""Each local family with a tiny model of real classes on the CPU, through `vmeval run`: what is loaded and encoded.

Two questions, each also in a wider shape, so that shapes come in turn. The second command draws everything again with
what the first one left in the cache: its encoder is not loaded. `counts` are loads, loads of the text encoder, texts
encoded, and pictures encoded with a text. `shapes` are how often the shape of a clip changed, as drawn and in the order
of the folder; only `ltx-video` draws in the questions' own shapes here, and the few runs that are prepared at once may
change places. Times are of a toy, for comparison with each other. Needs the plugins installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image

import vmevalkit_core
from benchmarks.common import REPOSITORY, records, table

SAMPLES = [Path(vmevalkit_core.__path__[0], "samples", f"{one}_task", f"{one}_sample_0") for one in ("maze", "chess")]
COUNTS = ("loads", "encoder_loads", "texts_encoded", "encodings_made")
SMALL = ("size=96x64", "frames=5", "steps=2")
MODELS: dict[str, tuple[str, Callable[[Any, Path], Path], Sequence[str]]] = {
    "ltx-video": ("ltx_tiny", lambda home, folder: home.tiny_ltx(folder), SMALL[1:]),
    "hunyuan-video-i2v": ("hunyuan_tiny", lambda home, folder: home.tiny_13b(folder), SMALL),
    "hunyuan-video-1.5-i2v-480p": ("hunyuan_tiny", lambda home, folder: home.tiny_15(folder), SMALL),
    "wan-2.2-i2v-a14b": ("wan_tiny", lambda home, folder: home.tiny_a14b(folder), SMALL),
    "wan-2.2-ti2v-5b": ("wan_tiny", lambda home, folder: home.tiny_5b(folder), SMALL),
    "morphic-frames-to-video": ("morphic_tiny", lambda home, folder: home.tiny_morphic(folder), SMALL),
    "dynamicrafter-256": (
        "crafter_files",
        lambda home, folder: home.quick_folder(folder, "dynamicrafter-256"),
        SMALL[2:],
    ),
}
"""By the name of a model: which module of a plugin's tests makes its weights, how, and options for a quick clip."""


def questions(given: Sequence[Path], root: Path) -> Path:
    """The folders given, each followed by its upper half, as task pairs of one domain."""
    for number, source in enumerate(given):
        for half in (False, True):
            folder = root / "all_task" / f"all_{2 * number + half:04}"
            shutil.copytree(source, folder)
            for picture in folder.glob("*_frame.png") if half else ():
                halved(picture)
    return root


def halved(path: Path) -> None:
    """Leave the upper half of a picture."""
    with Image.open(path) as picture:
        picture.crop((0, 0, picture.width, picture.height // 2)).save(path)


def built(model: str, folder: Path) -> list[str]:
    """The options of a model, its weights made first."""
    home, make, options = MODELS[model]
    weights = make(import_module(home), folder)
    lora = [f"lora={file}" for file in weights.glob("lora*.safetensors")]
    return [f"weights={weights}", *options, *lora]


def drawn(model: str, options: Sequence[str], root: Path, output: Path) -> tuple[float, list[dict[str, Any]]]:
    """Seconds of a command that draws all questions, and the records in the order of drawing."""
    args = [part for option in options for part in ("-p", option)]
    line = [sys.executable, "-m", "vmevalkit_core", "run", str(root / "questions"), "-m", model, *args]
    env = os.environ | {"CUDA_VISIBLE_DEVICES": "", "VMEVAL_CACHE": str(root / "cache")}
    begun = time.monotonic()
    done = subprocess.run([*line, "-o", str(output)], env=env, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{model} ended with {done.returncode}:\n{done.stderr}")
    return time.monotonic() - begun, sorted(records(output), key=when)


def when(record: dict[str, Any]) -> int:
    """The instant at which a clip was written: runs are begun ahead of the device."""
    return Path(record["output"]["video_path"] or record["input"]["image_path"]).stat().st_mtime_ns


def changes(found: Sequence[dict[str, Any]]) -> int:
    """How often the size of a clip is another one than that of the clip before."""
    sizes = [one["provenance"]["extras"]["local"]["size"] for one in found]
    return sum(one != other for one, other in pairwise(sizes))


def told(found: Sequence[dict[str, Any]], seconds: float) -> list[str]:
    """What a command did, as the cells of a row."""
    facts = [one["provenance"]["extras"]["local"] for one in found]
    good = sum(one["inference"]["status"] == "success" for one in found)
    counts = [max(one.get(name, 0) for one in facts) for name in COUNTS]
    ready = max(one["seconds"]["load"] for one in facts)
    return [f"{good}/{len(found)}", f"{seconds:.1f}", f"{ready:.2f}", " ".join(map(str, counts))]


def rows(model: str, root: Path) -> list[list[str]]:
    """A model's two commands."""
    options, made = built(model, root / "weights" / model), []
    for number in ("first", "again"):
        seconds, found = drawn(model, options, root, root / f"{model}_{number}")
        asked = sorted(found, key=lambda one: str(one["input"]["image_path"]))
        made.append([model, number, *told(found, seconds), f"{changes(found)} of {changes(asked)}"])
    return made


def main() -> None:
    """Build, draw, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", nargs="+", type=Path, default=SAMPLES, metavar="FOLDER", help="task pairs")
    parser.add_argument("--copies", type=int, default=1, help="of each question")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    args = parser.parse_args()
    sys.path[:0] = map(str, (REPOSITORY / "plugins").glob("*/tests"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        questions([one.resolve() for one in args.questions] * args.copies, root / "questions")
        found = [row for model in args.models for row in rows(model, root)]
    head = ("model", "command", "runs", "s", "s until ready", "counts", "shapes")
    table(head, found)


if __name__ == "__main__":
    main()
