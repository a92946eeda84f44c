"""What tests build: task pairs, records, registries with the ledger vendor."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vmevalkit_core.attempts import find_attempts
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Runner

REPOSITORY = Path(__file__).resolve().parent.parent
LEDGER = f"{REPOSITORY}/tests/models/ledger.py:Ledger"
BLIND_LEDGER = f"{REPOSITORY}/tests/models/ledger.py:BlindLedger"


def make_task(root: Path, domain: str, task_id: str, *, final: bool = True, prompt: str = "Solve it.") -> Path:
    """A task folder with pictures of 64 x 64 pixels."""
    folder = root / f"{domain}_task" / task_id
    folder.mkdir(parents=True)
    Image.new("RGB", (64, 64), "navy").save(folder / "first_frame.png")
    if final:
        Image.new("RGB", (64, 64), "gold").save(folder / "final_frame.png")
    (folder / "prompt.txt").write_text(prompt + "\n")
    (folder / "question_metadata.json").write_text(json.dumps({"id": task_id, "answer": 42}))
    return folder


def close(path: Path) -> None:
    """Take every right to a file or folder away; skips the test for a user whom that does not stop."""
    path.chmod(0)
    if os.access(path, os.R_OK):
        path.chmod(0o700)
        pytest.skip("this user may read everything")


def records(root: Path) -> list[dict[str, Any]]:
    """Every record below a folder, but for what is still being built."""
    return [attempt.data for attempt in find_attempts(root)] if root.exists() else []


def statuses(root: Path) -> list[str]:
    """The status of every run below a folder, sorted."""
    return sorted(record["inference"]["status"] for record in records(root))


def ledger_lines(folder: Path) -> list[dict[str, Any]]:
    """What the ledger vendor accepted and billed."""
    path = folder / "ledger.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def runner_in(tmp_path: Path, **settings: Any) -> Runner:
    """A runner over the installed models, with an experiment `pilot` in `out`."""
    env: Mapping[str, str] = settings.pop("env", {"LEDGER_DIR": str(tmp_path)})
    return Runner(Registry.load(), output=tmp_path / "out", experiment="pilot", env=env, **settings)


def on_terminal(*args: str, cwd: Path, columns: int = 80, **env: str) -> str:
    """What `vmeval ...` shows on a terminal of that many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "VMEVAL_OUTPUT")}
    line = [sys.executable, "-m", "vmevalkit_core", *args]
    process = subprocess.Popen(line, cwd=cwd, stdout=theirs, stderr=subprocess.DEVNULL, env=kept | env)
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as screen, contextlib.suppress(OSError):  # EIO: the other end closed
        while data := screen.read(65536):
            shown += data
    process.wait(timeout=60)
    return shown.decode().replace("\r\n", "\n")
