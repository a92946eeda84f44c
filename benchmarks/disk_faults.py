"""A disk that refuses each durable step of a paid run, once or from then on: nothing lost, nothing paid twice (R5).

The real command, with one run, on a disk whose n-th open, write, fsync or rename of a step fails. Then there is room
again, and the user does what the message told him. Behind it three real disks with many runs: a tmpfs that gets full,
one that is remounted read-only on the way, and a limit on the size of files.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import REPOSITORY, command, make_questions, records, table
from tests.faulty_disk import Fault
from tests.vendors import BLIND, PLAIN, env_of, vendor
from vmevalkit_core import encode_clip
from vmevalkit_core.audit import validate
from vmevalkit_core.testing import Simulator

RECORD, CLIP, STAGING, RUN = "metadata.json.part", "/video/generated_video", ".vmeval/staging", "_maze_00000_"
FULL, BROKEN = errno.ENOSPC, errno.EIO
STEPS = {"folder": (STAGING, 1, 1), "intent": (RECORD, 1, 1), "id": (RECORD, 2, 3), "clip": (CLIP, 1, 5)}
STEPS |= {"record": (RECORD, 3, 7)}
"""The name of its file, the number of the call with that name, and of its first fsync in the run's folder."""
JOB = re.compile(r"--adopt (\S+=\S+)")
AGAIN = "--resubmit-uncertain"


class Bench:
    """One output folder, one vendor, and the command between them."""

    def __init__(self, root: Path, simulator: Simulator, model: str, runs: int = 1) -> None:
        self.questions = make_questions(root / "questions", runs)
        self.out = root / "disk" / "out"
        self.out.parent.mkdir()
        self.simulator, self.model = simulator, model

    def start(self, *more: str, env: dict[str, str] | None = None, files: int | None = None) -> subprocess.Popen[str]:
        """The command in the background; `files` is the most bytes that a file of it may have."""
        line = [one for one in command(self.questions, self.out, *more, model=self.model) if one != "--json"]
        line = line if files is None else ["prlimit", f"--fsize={files}", *line]
        around = os.environ | env_of(self.simulator) | {"PYTHONPATH": str(REPOSITORY)} | (env or {})
        pipe = subprocess.PIPE
        return subprocess.Popen(line, env=around, stdout=pipe, stderr=pipe, text=True)

    def run(self, *more: str, env: dict[str, str] | None = None, files: int | None = None) -> tuple[int, str]:
        """Exit code and what a user sees."""
        process = self.start(*more, env=env, files=files)
        said = process.communicate(timeout=120)
        return process.returncode, "".join(said)

    def known(self, said: str) -> int:
        """Jobs whose id is on disk or was told to the user."""
        on_disk = "".join(str(one["provenance"]["submission"]) for one in records(self.out))
        return sum(job["id"] in on_disk or job["id"] in said for job in self.simulator.accepted())

    def ends(self) -> str:
        """How the records stand."""
        found = Counter(str(one["inference"]["status"]) for one in records(self.out))
        return ", ".join(f"{number} {status}" for status, number in sorted(found.items())) or "no folder"

    def findings(self) -> int:
        """What `vmeval validate` would complain about, and half files under a final name."""
        return len(validate(self.out).findings) if self.out.exists() else 0


def faults() -> Iterator[tuple[str, str, Fault]]:
    """Each step, each call of it, once and from then on."""
    for step, (name, number, synced) in STEPS.items():
        for lasting in (False, True):
            how = "lasting" if lasting else "once"
            for call, error in (("open", FULL), ("write", FULL), ("fsync", BROKEN), ("rename", BROKEN)):
                fault = Fault(calls=call, error=error, name=name, first=number, lasting=lasting)
                yield step, f"{call} {errno.errorcode[error]} {how}", fault
            if step != "folder":
                fault = Fault(calls="fsync", name=RUN, first=synced + 1, lasting=lasting)
                yield step, f"fsync of the folder EIO {how}", fault


def judge(step: str, what: str, fault: Fault, simulator: Simulator, model: str) -> tuple[Any, ...]:
    """One fault and what came of it."""
    simulator.reset()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder).resolve(), simulator, model)
        code, said = bench.run(env=fault.env(bench.out.parent))
        sent, stood, findings = len(simulator.accepted()), bench.ends(), bench.findings()
        known, sentence = bench.known(said), _sentence(said)
        orders = _orders(said)
        again, _ = bench.run(*orders)
        lost = sent - known
        bad = lost or findings or again or "1 success" not in bench.ends() or len(simulator.accepted()) != 1
        told = orders[0] if orders else "the same"
        row = step, what, code, stood, f"{known} of {sent}", findings, told, again, bench.ends()
        return (*row, len(simulator.accepted()), "BAD" if bad else "", sentence)


def _orders(said: str) -> list[str]:
    """What the messages tell the user to add to his command."""
    adopted = [word for order in sorted(set(JOB.findall(said))) for word in ("--adopt", order)]
    return [*adopted, *([AGAIN] if AGAIN in said else [])]


def _sentence(said: str) -> str:
    lines = [line for line in said.splitlines() if "cannot be" in line or "not on record" in line or "Error" in line]
    return re.sub(r"/\S*/(?=disk)", "", lines[0].strip())[:150] if lines else "-"


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A tmpfs of that size; what is given remounts it."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield lambda how: _remount(folder, how)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _remount(folder: Path, how: str) -> None:
    for _ in range(200):  # busy while a file is open for writing
        if subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], capture_output=True, check=False).returncode:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(f"{folder} cannot be remounted {how}")


def full(bench: Bench) -> tuple[int, str, tuple[int, str]]:
    """A disk of 600 KiB."""
    with mounted(bench.out.parent, "600k") as remount:
        code, said = bench.run()
        stood = _state(bench, said)
        remount("size=64m")
        return code, stood, _resumed(bench, said)


def read_only(bench: Bench) -> tuple[int, str, tuple[int, str]]:
    """A disk that is mounted read-only before the second command."""
    with mounted(bench.out.parent, "64m") as remount:
        bench.run("--limit", "10")
        remount("ro")
        code, said = bench.run()
        stood = _state(bench, said)
        remount("rw")
        return code, stood, _resumed(bench, said)


def turns_read_only(bench: Bench) -> tuple[int, str, tuple[int, str]]:
    """A disk that turns read-only on the way, after an error of its own; a mount in use cannot be told to."""
    fault = Fault(calls="open,write,mkdir,rename", error=errno.EROFS, first=400, lasting=True)
    code, said = bench.run(env=fault.env(bench.out.parent))
    return code, _state(bench, said), _resumed(bench, said)


def small_files(bench: Bench) -> tuple[int, str, tuple[int, str]]:
    """A limit of 16 KiB on files, which records keep and clips do not."""
    clip = bench.questions / "clip.mp4"
    noise = np.random.default_rng(0).integers(0, 255, (8, 128, 128, 3), dtype=np.uint8)
    encode_clip(list(noise), clip, fps=8)
    bench.simulator.set(clip=str(clip))
    code, said = bench.run(files=16384)
    return code, _state(bench, said), _resumed(bench, said)


def _state(bench: Bench, said: str) -> str:
    sent = len(bench.simulator.accepted())
    return f"{sent} sent, {bench.known(said)} ids known, {bench.findings()} findings: {bench.ends()}"


def _resumed(bench: Bench, said: str) -> tuple[int, str]:
    orders = _orders(said)
    code, _ = bench.run(*orders)
    taken = len(bench.simulator.accepted())
    return code, f"{taken} sent in all, {orders.count('--adopt')} adopted, {bench.findings()} findings: {bench.ends()}"


def disks(simulator: Simulator, model: str, runs: int) -> Iterator[tuple[Any, ...]]:
    """The real disks."""
    for disk in (full, read_only, turns_read_only, small_files):
        simulator.reset()
        if os.geteuid() and disk in (full, read_only):
            continue  # only root may mount
        with tempfile.TemporaryDirectory() as folder:
            code, stood, (again, then) = disk(Bench(Path(folder).resolve(), simulator, model, runs))
            yield disk.__name__.replace("_", " "), runs, code, stood, again, then


def main(arguments: Sequence[str] | None = None) -> None:
    """Every step, then the disks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--find", action="store_true", help="a vendor who lists his jobs; else nobody finds a lost id")
    parser.add_argument("--step", choices=[*STEPS, "disks"], help="only this one")
    parser.add_argument("--runs", type=int, default=40, help="on each of the real disks")
    args = parser.parse_args(arguments)
    model = PLAIN if args.find else BLIND
    with vendor(running_seconds=0.05) as simulator:
        wanted = [one for one in faults() if args.step in (None, one[0])]
        rows = [judge(*one, simulator, model) for one in wanted]
        head = (
            "step",
            "fault",
            "exit",
            "stood at",
            "ids known",
            "findings",
            "next command",
            "exit",
            "then",
            "jobs",
            "",
        )
        if rows:
            table((*head, "sentence"), rows)
            print(f"\n{len(rows)} faults, {sum(1 for row in rows if row[10])} lost, paid twice or not mended\n")
        if args.step in (None, "disks"):
            simulator.set(running_seconds=0.5)
            table(("disk", "runs", "exit", "stood at", "next exit", "then"), disks(simulator, model, args.runs))


if __name__ == "__main__":
    main()
