"""Runs against the simulated vendor, and what they leave behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.clocks import QuickClock
from tests.helpers import REPOSITORY, runner_in
from tests.test_runner import run
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.testing import Simulator

MODELS = f"{REPOSITORY}/tests/models/plain.py"
PLAIN, BLIND, UPLOADING, HASTY = (f"{MODELS}:{name}" for name in ("Plain", "BlindPlain", "UploadingPlain", "Hasty"))
KEY = "planted-key-0000"


@dataclass
class Books:
    """POSTs that came, jobs that were taken, USD that were billed."""

    posts: int
    taken: int
    billed: Decimal


@contextmanager
def vendor(*script: Mapping[str, Any], **settings: Any) -> Iterator[Simulator]:
    """A simulated vendor with a script of faults; its jobs take no time."""
    with Simulator(script=list(script), **({"running_seconds": 0.0} | settings)) as simulator:
        yield simulator


def env_of(simulator: Simulator) -> dict[str, str]:
    """What a client of the vendor needs."""
    return {"PLAIN_KEY": KEY, "PLAIN_BASE_URL": simulator.url}


@contextmanager
def books(simulator: Simulator) -> Iterator[Books]:
    """What one test added to a vendor that several tests share."""
    before = Books(simulator.counts().get("submit", 0), len(simulator.accepted()), simulator.billed())
    found = Books(0, 0, Decimal(0))
    yield found
    found.posts = simulator.counts().get("submit", 0) - before.posts
    found.taken = len(simulator.accepted()) - before.taken
    found.billed = simulator.billed() - before.billed


def client(tmp_path: Path, simulator: Simulator, **settings: Any) -> Runner:
    """A runner whose models are this vendor's."""
    return runner_in(tmp_path, env=env_of(simulator), **settings)


def run_all(tmp_path: Path, simulator: Simulator, questions: Path, model: str = PLAIN, **settings: Any) -> Report:
    """One command's worth of runs, two hundred times as quick as in life."""
    settings.setdefault("clock", QuickClock(200.0))
    return run(client(tmp_path, simulator, **settings), questions, model)
