"""Typical uses of the Python API, as `mypy --strict` must accept them; never run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from PIL import Image

from vmevalkit_core import (
    InferenceRunner,
    ModelSpec,
    RunMetadata,
    RunResult,
    TaskPair,
    UnfinishedRun,
    available_models,
    load_questions,
    run_inference,
    validate_inference,
)


def one_run() -> None:
    """The call of the README."""
    runner = InferenceRunner(output_dir="data/outputs", experiment="pilot")
    result = runner.run(
        model_name="runway-gen45",
        image_path="first_frame.png",
        text_prompt="Solve the maze",
        question_data={"id": "maze_0002", "domain": "maze"},
        duration=5,
    )
    assert_type(result, RunResult)
    assert_type(result.video_path, str | None)
    assert_type(result.metadata, RunMetadata)
    facts: dict[str, Any] = dict(result)
    print(facts["status"], result["video_path"], result.get("error"))  # noqa: T201


def every_kind_of_picture(runner: InferenceRunner) -> None:
    """Path, PIL image, bytes, array."""
    runner.run("m", Path("a.png"), "p")
    runner.run("m", Image.new("RGB", (8, 8)), "p", final_image_path=b"...")
    runner.run("m", b"...", "p")
    runner.run("m", np.zeros((8, 8, 3), np.uint8), "p", sample=1, changed="keep")


def many_runs() -> list[str]:
    """Task pairs, dicts, a folder; several models with options each."""
    with InferenceRunner(concurrency=4, seed=7, env={"KEY": "..."}, verbose=True) as runner:
        pairs: list[TaskPair] = list(load_questions("data/questions"))
        results = runner.run_all(pairs, models=["a", "b"], samples=5, options={"a": {"duration": 5}, "fps": 8})
        results += runner.run_all([{"id": "x_1", "image": "x.png", "prompt": "p"}], "a", retry_failed=True)
        results += runner.run_all("data/questions", models=["a"], concurrency=16, changed="rerun")
        results += runner.run_all("data/questions", models=["a"], max_cost="12.50", allow_unpriced=True)
        assert_type(runner.plan(pairs, ["a"]).cost, Decimal | None)
    return [one.video_path for one in results if isinstance(one, RunResult) and one.video_path]


async def coroutines(runner: InferenceRunner) -> None:
    """The same, awaited."""
    assert_type(await runner.arun("a", "x.png", "p"), RunResult)
    assert_type(await runner.arun_all([], models=["a"]), list[RunResult | UnfinishedRun])


def functions() -> None:
    """Single calls."""
    assert_type(run_inference("a", "x.png", "p", verbose=True, duration=5), RunResult)
    assert_type(available_models(), list[ModelSpec])
    assert_type(validate_inference("data/outputs"), tuple[bool, str])


class Noting(InferenceRunner):
    """Keeps a list of what ended."""

    def _save_metadata(self, inference_dir: Path, result: RunResult, question_data: dict[str, Any] | None) -> None:
        (inference_dir / "note.txt").write_text(f"{result.status} {question_data}")
