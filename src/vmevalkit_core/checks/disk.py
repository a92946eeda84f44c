"""Whether runs can be kept in the output folder; it is looked at where it would be, and not created."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from vmevalkit_core.checks.check import Check, State, Surroundings
from vmevalkit_core.claims import Claims
from vmevalkit_core.errors import ClaimsUnavailable
from vmevalkit_core.output import nearest
from vmevalkit_core.records import RunKey

LITTLE, TOO_LITTLE = 5 * 10**9, 5 * 10**8
"""Bytes of free space."""
_ELSEWHERE = "choose another folder with -o, or set VMEVAL_OUTPUT"
_KEY = RunKey("doctor", "doctor", "doctor", 0)
_TAKE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from vmevalkit_core.claims import Claims
from vmevalkit_core.records import RunKey
print(Claims(Path(sys.argv[2])).take(RunKey("doctor", "doctor", "doctor", 0)))
"""


def output(around: Surroundings) -> Iterator[Check]:
    """Whether the output folder can be written, and whether names that differ in case are kept apart."""
    near = nearest(around.output)
    if not near.is_dir():
        yield Check("output", "problem", f"{near} is a file, not a folder", _ELSEWHERE)
        return
    try:
        with _scratch(near) as folder:
            Path(folder, "a").touch()
            folds = Path(folder, "A").exists()
    except OSError as error:
        yield Check("output", "problem", f"{near} cannot be written: {error.strerror or error}", _ELSEWHERE)
        return
    where = f"{around.output} can be written" if near == around.output else f"{around.output} can be made in {near}"
    yield Check("output", "ok", f"{where}{_file_system(near)}")
    if folds:
        text = "names that differ only in case are one folder on this disk, so such task pairs are refused"
        yield Check("output", "note", text, "give the task pairs other names, or choose another folder with -o")


def space(around: Surroundings) -> Iterator[Check]:
    """How much room the disk of the output folder has."""
    free = shutil.disk_usage(nearest(around.output)).free
    text = f"{free / 10**9:,.1f} GB free for {around.output}"
    yield Check("space", room(free), text, f"make room, or {_ELSEWHERE}" if free < LITTLE else "")


def locks(around: Surroundings) -> Iterator[Check]:
    """Whether two commands cannot take one run: a claim is taken, and another process tries to take it too."""
    near = nearest(around.output)
    if not os.access(near, os.W_OK | os.X_OK) or not near.is_dir():
        return  # said by `output` already
    with _scratch(near) as folder:
        claims = Claims(Path(folder, "lock"))
        try:
            taken, other = claims.take(_KEY), _taken_by_another(Path(folder, "lock"))
        except ClaimsUnavailable as error:
            yield Check("locks", "problem", "the disk of the output folder cannot lock files", error.hint)
            return
        finally:
            claims.close()
    if taken and not other:
        yield Check("locks", "ok", "two commands cannot take the same run")
    else:
        text = "the disk of the output folder does not keep locks, so two commands could pay for one run"
        yield Check("locks", "problem", text, _ELSEWHERE)


def room(free: int) -> State:
    """How bad it is to have that many bytes left."""
    if free < TOO_LITTLE:
        return "problem"
    return "note" if free < LITTLE else "ok"


def _scratch(near: Path) -> TemporaryDirectory[str]:
    # Hidden, so that no listing takes it for an experiment; a lock file on NFS may outlive its folder for a moment.
    return TemporaryDirectory(prefix=".vmeval-doctor-", dir=near, ignore_cleanup_errors=True)


def _taken_by_another(lock: Path) -> bool:
    package = Path(__file__).parents[2]
    command = [sys.executable, "-P", "-c", _TAKE, str(package), str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip() == "True"


def _file_system(folder: Path) -> str:
    """`, ext4` where Linux tells; nothing elsewhere."""
    found = ("", "")
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
            before, _, after = line.partition(" - ")
            mount = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), before.split()[4])
            if folder.resolve().is_relative_to(mount) and len(mount) >= len(found[0]):
                found = mount, after.split()[0]
    return f", file system {found[1]}" if found[1] else ""
