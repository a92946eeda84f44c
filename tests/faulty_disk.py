"""A disk that refuses what a process of ours does with it, call by call: for Linux machines with a C compiler."""

from __future__ import annotations

import errno
import functools
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
USABLE = sys.platform == "linux" and shutil.which("gcc") is not None
_folder = tempfile.TemporaryDirectory(prefix="faulty-disk-") if USABLE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Which calls fail, and how."""

    calls: str
    """Of open, write, fsync, rename, mkdir, lock, with commas between them."""
    error: int = errno.EIO
    name: str = ""
    """A part of the path that a call must concern."""
    first: int = 1
    """The number of the first such call that fails."""
    times: int = 1
    """How many fail; 0 for all from then on."""
    lasting: bool = False
    """From the first failure on, the whole disk refuses to be written."""

    def env(self, root: Path) -> dict[str, str]:
        """What a command runs with whose files below `root` lie on this disk."""
        facts = {"CALLS": self.calls, "ERRNO": self.error, "FROM": self.first, "TIMES": self.times}
        facts |= {"ROOT": root.resolve(), "NAME": self.name, "ALL": int(self.lasting)}
        return {"LD_PRELOAD": str(_library())} | {f"FAULT_{name}": str(value) for name, value in facts.items()}


@functools.cache
def _library() -> Path:
    assert _folder
    path = Path(_folder.name, "faulty_disk.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", path, SOURCE, "-ldl"], check=True)
    return path
