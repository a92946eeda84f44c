"""Planning over a tree of finished runs, warm and cold, beside listing and beside parsing it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import REPOSITORY, command, environment, make_questions, table

SLEEPER = f"{REPOSITORY}/tests/models/sleeper.py:Sleeper"
LIST = """
import os, sys
def names(folder, depth):
    with os.scandir(folder) as entries:
        return sum(names(one.path, depth - 1) if depth else 1 for one in entries if one.is_dir())
print(names(sys.argv[1], 3))
"""
READ = """
import json, os, sys
def records(folder, depth):
    with os.scandir(folder) as entries:
        for one in entries:
            if one.is_dir() and depth:
                yield from records(one.path, depth - 1)
            elif one.is_dir():
                with open(one.path + "/metadata.json", "rb") as file:
                    yield json.loads(file.read())
print(sum(1 for _ in records(sys.argv[1], 3)))
"""


def make_tree(root: Path, tasks: int, samples: int) -> None:
    """Finished runs: one is made by the real command, the others are its record and clip under other names."""
    questions = make_questions(root / "questions", tasks)
    line = command(questions, root / "out", "--limit", "1", "-p", "seconds=0", model=SLEEPER)
    subprocess.run(line, env=environment(root), check=True, stdout=subprocess.DEVNULL)
    (record,) = (root / "out").rglob("metadata.json")
    clip = record.parent / "video" / "generated_video.mp4"
    for index in range(tasks):
        source = questions / "maze_task" / f"maze_{index:05}"
        for sample in range(samples):
            if index or sample:
                write_run(record, clip, source, sample)


def write_run(record: Path, clip: Path, source: Path, sample: int) -> None:
    """One more finished run, as the command would have left it."""
    data = json.loads(record.read_text())
    folder = record.parents[2] / source.name / f"sleeper_{source.name}_20260101_000000_{sample}"
    (folder / "video").mkdir(parents=True)
    shutil.copyfile(clip, folder / "video" / "generated_video.mp4")
    data["inference"] |= {"run_id": folder.name, "sample": sample}
    facts = data["provenance"]
    facts["prompt_mtime_ns"] = (source / "prompt.txt").stat().st_mtime_ns
    facts["first_frame"]["source_mtime_ns"] = (source / "first_frame.png").stat().st_mtime_ns
    (folder / "metadata.json").write_text(json.dumps(data, indent=2))


def drop_caches() -> bool:
    """Forget what the kernel knows of the disk; False where that is not allowed."""
    with contextlib.suppress(OSError):
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    return False


def measured(line: list[str], env: dict[str, str]) -> tuple[float, int]:
    """Wall seconds and peak megabytes of a command."""
    begun = time.perf_counter()
    process = subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return time.perf_counter() - begun, used.ru_maxrss // 1024


def main() -> None:
    """100,000 finished runs, unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--folder", help="where to build the tree")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        root = Path(name)
        make_tree(root, args.tasks, args.samples)
        env, out = environment(root), root / "out"
        more = ("--samples", str(args.samples), "-p", "seconds=0", "--dry-run")
        cases = {
            "names only": [sys.executable, "-c", LIST, str(out / "default")],
            "read and parse every record": [sys.executable, "-c", READ, str(out / "default")],
            "plan": command(root / "questions", out, *more, model=SLEEPER),
            "status": [sys.executable, "-m", "vmevalkit_core", "status", str(out)],
        }
        rows = [(case, "warm", *measured(line, env)) for case, line in cases.items() for _ in range(2)][1::2]
        for case, line in cases.items():
            if drop_caches():
                rows.append((case, "cold", *measured(line, env)))
    table(("case", "disk cache", "s", "peak MB"), [(*row[:2], f"{row[2]:.2f}", row[3]) for row in rows])


if __name__ == "__main__":
    main()
