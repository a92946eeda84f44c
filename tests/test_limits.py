"""How much happens at once, and how much memory a plan takes."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from tests.helpers import REPOSITORY, make_task, runner_in
from tests.models import gauge
from tests.test_runner import planned, run

GAUGES = f"{REPOSITORY}/tests/models/gauge.py"


def test_models_of_one_account_share_its_limit(tmp_path: Path, questions: Path) -> None:
    """Two models with one key together stay at the limit; another key has its own."""
    gauge.PEAK.clear()
    models = [f"{GAUGES}:{name}" for name in ("Gauge", "SameAccount", "OtherAccount")]
    assert run(runner_in(tmp_path, concurrency=3), questions, *models, samples=2).good == 24
    assert gauge.PEAK == {"shared": 3, "other": 3}


def test_plan_stays_small(tmp_path: Path) -> None:
    """A planned run holds references only: a hundred thousand of them fit into some 20 MB."""
    for number in range(20):
        make_task(tmp_path / "q", "maze", f"maze_{number:04}")
    runner = runner_in(tmp_path)
    tracemalloc.start()
    plan = planned(runner, tmp_path / "q", "baseline-hold", samples=500)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(plan.runs) == 10_000
    assert size / len(plan.runs) < 200
