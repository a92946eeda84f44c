"""In which order the runs of a plan go to the devices."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.helpers import make_task
from tests.test_workers import MODELS, environment
from vmevalkit_core.planner import PlannedRun
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Runner
from vmevalkit_core.runner.devices import in_order
from vmevalkit_core.scan import scan

SIZES = ((64, 64), (128, 64), (64, 64), (128, 64))


def planned(tmp_path: Path, *models: str) -> list[PlannedRun]:
    """Runs of four tasks, whose pictures have two shapes in turn."""
    for number, size in enumerate(SIZES):
        folder = make_task(tmp_path / "q", "maze", f"maze_{number:04}")
        Image.new("RGB", size).save(folder / "first_frame.png")
    registry = Registry.load()
    env = environment(tmp_path)
    runner = Runner(registry, output=tmp_path / "out", experiment="pilot", env=env)
    asks = [runner.ask(registry.find(name), {}) for name in models]
    return list(runner.plan(scan(tmp_path / "q"), asks).runs)


def told(runs: list[PlannedRun]) -> list[str]:
    """Model and task number of each run."""
    return [f"{run.ask.spec.name} {int(run.task.id[-4:])}" for run in runs]


def test_local_runs_are_grouped_by_model_then_shape(tmp_path: Path) -> None:
    """A model is loaded for minutes, a shape compiled for seconds; in a group the plan's order stays."""
    runs = planned(tmp_path, f"{MODELS}:Held", f"{MODELS}:Wild")
    assert told(in_order(runs)) == [f"{model} {task}" for model in ("held", "wild") for task in (0, 2, 1, 3)]


def test_other_runs_keep_their_places(tmp_path: Path) -> None:
    """What runs in this process, or at a vendor, is not reordered."""
    runs = planned(tmp_path, "baseline-hold", f"{MODELS}:Held")
    ordered = told(in_order(runs))
    assert ordered[::2] == [f"baseline-hold {task}" for task in range(4)]
    assert ordered[1::2] == [f"held {task}" for task in (0, 2, 1, 3)]


def test_unreadable_picture_is_its_own_runs_trouble(tmp_path: Path) -> None:
    """It has some place in the order, and is refused when its turn comes."""
    runs = planned(tmp_path, f"{MODELS}:Held")
    (tmp_path / "q" / "maze_task" / "maze_0001" / "first_frame.png").write_text("no picture")
    assert sorted(told(in_order(runs))) == sorted(told(runs))
