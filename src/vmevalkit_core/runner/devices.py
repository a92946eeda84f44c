"""Runs of local models: in which order they go to the devices, and what is looked at before the first of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from PIL import Image

from vmevalkit_core.geometry import Size
from vmevalkit_core.planner import Ask, PlannedRun
from vmevalkit_core.questions import PROMPT, SHOWN_FILES, read_prompt
from vmevalkit_core.workers import Workers


async def ready(workers: Workers, runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """The runs in the order in which they are best carried out; a UsageError where local ones could not begin."""
    asks = {id(run.ask): run.ask for run in runs}
    local = [ask for ask in asks.values() if ask.spec.runs_in == "process"]
    if not local:
        return list(runs)
    for ask in local:
        await workers.check(ask.spec, ask.options, paid=ask.paid)
    ordered = await asyncio.to_thread(in_order, runs)
    for ask in local:
        prompts = await asyncio.to_thread(_prompts, ask, ordered)
        workers.pool.expect(ask.spec, ask.options, prompts)
    return ordered


def runs_on_devices(runs: Iterable[PlannedRun]) -> bool:
    """Whether any of them is a local model's in a worker."""
    return any(run.ask.spec.runs_in == "process" for run in runs)


def in_order(runs: Iterable[PlannedRun], size_of: Callable[[str], Size] | None = None) -> list[PlannedRun]:
    """Runs of local models by model, then by the size of their pictures as prepared; all others stay in their places.

    A new model is loaded for minutes, and a new shape is compiled or planned anew.
    """
    runs = list(runs)
    places = [at for at, run in enumerate(runs) if run.ask.spec.runs_in == "process"]
    models = {name: at for at, name in enumerate(dict.fromkeys(runs[at].ask.spec.name for at in places))}
    look = cache(size_of or _size_of)

    def shape(run: PlannedRun) -> tuple[int, Size]:
        source = look(run.task.source(SHOWN_FILES["first_frame"]))
        with suppress(ValueError, ZeroDivisionError):
            return models[run.ask.spec.name], run.ask.rule.geometry(source).sent
        return models[run.ask.spec.name], source

    for at, run in zip(places, sorted((runs[at] for at in places), key=shape), strict=True):
        runs[at] = run
    return runs


def _size_of(path: str) -> Size:
    """By the head of the file alone; (0, 0) for what has none, such as SVG, and for what cannot be read."""
    try:
        with Image.open(path) as picture:
            return picture.size
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return 0, 0


def _prompts(ask: Ask, runs: Iterable[PlannedRun]) -> list[str]:
    """What these runs will say; a prompt that cannot be read is its own run's trouble."""
    read = cache(_read)
    found = (read(run.task.source(PROMPT)) for run in runs if run.ask is ask)
    return [prompt for prompt in found if prompt is not None] if "prompt" in ask.spec.inputs else []


def _read(path: str) -> str | None:
    try:
        return read_prompt(Path(path))
    except Exception:
        return None
