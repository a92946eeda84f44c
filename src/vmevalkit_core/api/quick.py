"""The API in single calls: run one question, list the models, check results."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from vmevalkit_core.api.pictures import Picture
from vmevalkit_core.api.results import RunResult
from vmevalkit_core.api.runner import InferenceRunner
from vmevalkit_core.audit import validate
from vmevalkit_core.errors import UsageError
from vmevalkit_core.registry import Registry
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.terminal.out import count

SHOWN = 5


def run_inference(
    model_name: str,
    image_path: Picture,
    text_prompt: str,
    *,
    output_dir: str | os.PathLike[str] = "data/outputs",
    experiment: str = "default",
    question_data: Mapping[str, Any] | None = None,
    verbose: bool = False,
    **options: Any,
) -> RunResult:
    """One clip: the result of `InferenceRunner.run`. Many clips of a local model need one InferenceRunner."""
    with InferenceRunner(output_dir, experiment, verbose=verbose) as runner:
        return runner.run(model_name, image_path, text_prompt, question_data=question_data, **options)


def available_models() -> list[ModelSpec]:
    """Every model of the installed plugins by name, those that are gone included: see `spec.state.life`."""
    return Registry.load().models()


def validate_inference(path: str | os.PathLike[str]) -> tuple[bool, str]:
    """Whether all runs at or below a folder are whole, and what was checked or is wrong, in words.

    Every record is read, every question hashed, every clip decoded to its last frame.
    """
    try:
        verdict = validate(os.fspath(path))
    except UsageError as error:
        return False, error.message
    if not verdict.checked:
        return False, f"{path} holds no runs"
    if not verdict.findings:
        unfinished = f", {verdict.unfinished:,} not finished" if verdict.unfinished else ""
        return True, f"{count(verdict.checked, 'run')} checked, {count(verdict.clips, 'clip')} decoded{unfinished}"
    found = [f"{finding.folder}: {finding.problem}" for finding in verdict.findings]
    more = [f"and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
    return False, "; ".join(found[:SHOWN] + more)
