"""A clean copy of the checkout, and environments made from its wheels."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import REPOSITORY

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".nox", "demo", "data", "__pycache__", ".*_cache", ".hypothesis")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as a newcomer has it, without what was built here."""
    return Path(shutil.copytree(REPOSITORY, tmp_path_factory.mktemp("clean") / "vmevalkit", ignore=LEFT_OUT))


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the core."""
    return build_wheel(checkout, tmp_path_factory.mktemp("dist"))


def build_wheel(project: Path, into: Path) -> Path:
    """The wheel of a project, built in isolation."""
    command = [sys.executable, "-m", "build", "--installer", "uv", "--wheel", "--outdir", str(into), str(project)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(into.glob("*.whl"))


def environment(folder: Path, *wheels: Path) -> dict[str, str]:
    """A fresh virtual environment with these wheels and what they ask for; the variables that enter it."""
    subprocess.run(
        [sys.executable, "-m", "uv", "venv", "-q", "--seed", "--python", sys.executable, str(folder)], check=True
    )
    python = str(folder / "bin" / "python")
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python, *map(str, wheels)], check=True
    )
    return entered(folder)


def entered(venv: Path) -> dict[str, str]:
    """The variables of a shell in which the environment is active, and nothing of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VMEVAL_", "PYTHON"))}
    return kept | {"PATH": f"{venv / 'bin'}:{os.environ['PATH']}", "VIRTUAL_ENV": str(venv)}


def typed(line: str, cwd: Path, env: dict[str, str]) -> str:
    """What a line prints to stdout when it is typed into a shell; it has to succeed."""
    done = subprocess.run(["bash", "-ec", line], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout
