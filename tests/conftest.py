"""Fixtures that many tests share: small question folders, and the command as a user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers import REPOSITORY, make_task

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every command that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Two domains with two task pairs each."""
    root = tmp_path / "questions"
    for domain in ("maze", "chess"):
        for number in range(2):
            make_task(root, domain, f"{domain}_{number:04}")
    return root


@pytest.fixture
def vmeval(tmp_path: Path) -> Command:
    """`vmeval ...` in a process of its own, in an empty folder, with an empty ledger."""

    def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "work").mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-m", "vmevalkit_core", *args],
            cwd=tmp_path / "work",
            env=clean_env(**({"LEDGER_DIR": str(tmp_path)} | env)),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def clean_env(**added: str) -> dict[str, str]:
    """The environment without settings of our own, so that a developer's shell changes nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VMEVAL_")}
    return kept | {"PYTHONPATH": str(REPOSITORY)} | added
