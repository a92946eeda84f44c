"""The cost of a durable run folder beside a plain copy of the same files, and beside the bare durable steps.

Three durable states (submitting, submitted, success), 1.6 MB of video, two pictures of 60 KB: written through the
store that runs use, without a model and without decoding.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common import LEDGER, table
from vmevalkit_core import durable
from vmevalkit_core.attempts import RECORD, VIDEO
from vmevalkit_core.metadata import ClipFacts, RunMetadata
from vmevalkit_core.planner import PlannedRun
from vmevalkit_core.planner.ask import ask_of
from vmevalkit_core.records import Submission
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner.pictures import Pictures
from vmevalkit_core.runner.record import describe
from vmevalkit_core.scan import scan
from vmevalkit_core.store import Store, new_clip_part

FACTS = ClipFacts(sha256="0" * 64, size=0, width=64, height=64, frames=16, fps=8.0, seconds=2.0, codec="h264")


def make_question(root: Path) -> Path:
    """A task pair with pictures of the usual size."""
    from PIL import Image

    folder = root / "maze_task" / "maze_0000"
    folder.mkdir(parents=True)
    side = 142  # noise does not compress: about 60 KB
    for name in ("first_frame.png", "final_frame.png"):
        Image.frombytes("RGB", (side, side), os.urandom(3 * side * side)).save(folder / name)
    (folder / "prompt.txt").write_text("Solve the maze.\n")
    (folder / "question_metadata.json").write_text('{"id": "maze_0000"}\n')
    return folder


def durable_run(store: Store, run: PlannedRun, registry: Registry, video: bytes) -> Path:
    """One run through all its states."""
    owner, pictures = registry.owner(run.ask.spec.name), Pictures(store)
    now = datetime.now(UTC)

    def record(question: Path, folder: Path) -> RunMetadata:
        return describe(run, owner, question, folder, now=now, pictures=pictures)

    folder, metadata = store.create(run.key, now, run.task.sources(), record)
    metadata.provenance.submission = Submission(id="job")
    metadata.inference.status = "submitted"
    store.save(folder, metadata)
    part = new_clip_part(folder)
    part.write_bytes(video)
    durable.land(part, folder / VIDEO)
    metadata.provenance.clip = FACTS
    metadata.inference.status = "success"
    store.save(folder, metadata)
    return folder


def floor(source: Path, video: bytes, folder: Path) -> None:
    """The same files in the same durable steps, with nothing around them: what the disk takes."""
    staging = folder.with_name(f"{folder.name}.staging")
    (staging / "question").mkdir(parents=True)
    (staging / "video").mkdir()
    for path in source.iterdir():
        durable.write_synced(staging / "question" / path.name, path.read_bytes())
    durable.write_synced(staging / RECORD, b"x" * 3000)
    durable.sync_folder(staging / "question")
    durable.sync_folder(staging)
    os.rename(staging, folder)
    durable.sync_folder(folder.parent)
    durable.write(folder / RECORD, b"x" * 3000)
    part = new_clip_part(folder)
    part.write_bytes(video)
    durable.land(part, folder / VIDEO)
    durable.write(folder / RECORD, b"x" * 3000)


def plain_copy(source: Path, video: bytes, folder: Path) -> None:
    """The same files, written once and not made durable."""
    (folder / "video").mkdir(parents=True)
    shutil.copytree(source, folder / "question")
    (folder / VIDEO).write_bytes(video)
    (folder / RECORD).write_bytes(b"x" * 3000)


def timed(call: Callable[[int], object], runs: int) -> tuple[float, float]:
    """Milliseconds a run: wall and CPU."""
    before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for number in range(runs):
        call(number)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall / runs, 1000 * cpu / runs


def written(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Both ways, run by run in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--folder", help="where to write; a disk that makes fsync real")
    parser.add_argument(
        "--only", choices=("copy", "floor", "durable"), help="for counting system calls under strace -c -f"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        root = Path(name)
        source, video, registry = make_question(root / "questions"), os.urandom(1_600_000), Registry.load()
        spec = registry.add_file(LEDGER)
        ask = ask_of(spec, registry.options_class(spec), {}, None)
        (task,) = scan(root / "questions")
        store = Store(root / "out", "pilot")
        ways: dict[str, Callable[[int], object]] = {
            "copy": lambda number: plain_copy(source, video, root / "copies" / str(number)),
            "floor": lambda number: floor(source, video, root / "floors" / str(number)),
            "durable": lambda number: durable_run(store, PlannedRun(ask, task, number, number), registry, video),  # type: ignore[arg-type]
        }
        rows = [(way, *timed(call, args.runs)) for way, call in ways.items() if args.only in (None, way)]
        if not args.only:
            ratio = written(root / "out") / written(root / "copies")
            print(f"bytes on disk, durable beside copy: {ratio:.3f}")
        table(("way", "wall ms a run", "CPU ms a run"), [(way, f"{wall:.2f}", f"{cpu:.2f}") for way, wall, cpu in rows])


if __name__ == "__main__":
    main()
