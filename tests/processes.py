"""Looks at the processes of this machine: which workers a command started, and whether any outlives it. Linux only."""

from __future__ import annotations

import time
from pathlib import Path

GONE_WITHIN = 10.0
"""Seconds for the kernel to clear away a killed process and what hung on it, on a busy machine."""


def is_alive(pid: int, within: float = GONE_WITHIN) -> bool:
    """Whether a process is still there after a while; a zombie is not."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state in "ZX":
            return False
        time.sleep(0.02)
    return True


def workers_of(parent: int) -> list[int]:
    """The workers that a command started, also when it is gone."""
    marked = f"vmevalkit_core.worker\0--parent\0{parent}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if marked in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def survivors(parent: int) -> int:
    """Workers that are still there a while after their command died."""
    until = time.monotonic() + GONE_WITHIN
    while time.monotonic() < until and workers_of(parent):
        time.sleep(0.01)
    return len(workers_of(parent))
