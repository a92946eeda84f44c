"""The installed models and the questions at hand, as every command needs them."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

from vmevalkit_core.registry import Registry, is_file_target
from vmevalkit_core.terminal import out

__all__ = ["is_file_target", "load_registry", "questions_or_samples", "tell_problems"]
QUESTIONS = Path("data/questions")
SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def questions_or_samples(given: Path | None) -> Path:
    """The folder of task pairs that was given, else the usual one, else the packaged samples."""
    root = given or (QUESTIONS if QUESTIONS.is_dir() else SAMPLES)
    if root is SAMPLES:
        out.note(f"Questions: the packaged samples, for there is no {QUESTIONS}")
    return root


def load_registry() -> Registry:
    """Everything installed. What a plugin prints while it is imported is no result, so it goes to stderr."""
    with redirect_stdout(sys.stderr):
        return Registry.load()


def tell_problems(registry: Registry) -> None:
    """Name each broken plugin on stderr, with its repair line."""
    for one in registry.problems:
        out.note(f"Problem: plugin {one.name} of {one.distribution} ({one.stage}): {one.error}\n  {one.hint}")
