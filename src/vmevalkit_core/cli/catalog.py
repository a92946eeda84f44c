"""The installed models and the questions at hand, as every command needs them."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from vmevalkit_core.environment import environment
from vmevalkit_core.redact import Redactor
from vmevalkit_core.registry import Registry, is_file_target
from vmevalkit_core.terminal import out

__all__ = ["FREE_MODEL", "is_file_target", "load_registry", "questions_or_samples", "tell_problems"]

FREE_MODEL = "baseline-hold"
QUESTIONS = Path("data/questions")
OUTPUT = Path("data/outputs")
SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def questions_or_samples(given: Path | None) -> Path:
    """The folder of task pairs that was given, here or as VMEVAL_QUESTIONS, else the usual one, else the samples."""
    named = environment().get("VMEVAL_QUESTIONS") if given is None else None
    root = given or (Path(named) if named else QUESTIONS if QUESTIONS.is_dir() else SAMPLES)
    if root is SAMPLES:
        out.note(f"Questions: the packaged samples, for there is no {QUESTIONS}")
    return root


def results_or_usual(given: Path | None) -> Path:
    """The folder of results that was given, here or as VMEVAL_OUTPUT, else the usual one."""
    return given or Path(environment().get("VMEVAL_OUTPUT") or OUTPUT)


def usual(setting: str) -> Any:
    """What stands for a setting that was given nowhere, in words; None where there is nothing."""
    samples = str(QUESTIONS) if QUESTIONS.is_dir() else "the packaged samples"
    return {"questions": samples, "models": [FREE_MODEL]}.get(setting)


def load_registry() -> Registry:
    """Everything installed. What a plugin prints while it is imported is no result, so it goes to stderr."""
    with redirect_stdout(sys.stderr):
        registry = Registry.load()
    if registry.problems:
        from vmevalkit_core.checks import Surroundings

        # A broken plugin may put a key into its error, which every listing shows.
        out.hide(Redactor(Surroundings(lambda: registry, output=OUTPUT).secrets()))
    return registry


def tell_problems(registry: Registry) -> None:
    """Name each broken plugin on stderr, with its repair line."""
    for one in registry.problems:
        out.note(f"Problem: plugin {one.name} of {one.distribution} ({one.stage}): {one.error}\n  {one.hint}")
