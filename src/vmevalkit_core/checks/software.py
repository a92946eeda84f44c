"""Python, the versions of what is installed, and the plugins."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from vmevalkit_core import __version__
from vmevalkit_core.checks.check import Check, Surroundings

_CORE = "vmevalkit-core"


def python(around: Surroundings) -> Iterator[Check]:
    """Which interpreter this is, and on what system."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Check("python", "ok", f"{platform.python_version()}, {sys.executable}, {system}")


def core(around: Surroundings) -> Iterator[Check]:
    """Which core this is, and where it lies."""
    yield Check("core", "ok", f"{_CORE} {__version__} in {Path(__file__).parents[1]}")


def libraries(around: Surroundings) -> Iterator[Check]:
    """The versions of what the core depends on, by what is installed; nothing is imported."""
    try:
        lines = requires(_CORE) or []
    except PackageNotFoundError:
        yield Check("libraries", "note", f"{_CORE} runs from a folder and is not installed", f"pip install {_CORE}")
        return
    found: list[str] = []
    for line in lines:
        yield from _library(line, found)
    yield Check("libraries", "ok", ", ".join(found))


def plugins(around: Surroundings) -> Iterator[Check]:
    """Every plugin with its number of models, and what is wrong with the others."""
    registry = around.registry
    models = Counter(registry.owner(spec.name).name for spec in registry.models())
    for one in registry.plugins:
        number = models[one.name]
        known = f"{one.name}: {one.distribution} {one.version}".strip()
        yield Check("plugin", "ok", f"{known}, {number} model{'' if number == 1 else 's'}")
    for problem in registry.problems:
        text = f"{problem.name} of {problem.distribution} ({problem.stage}): {problem.error}"
        yield Check("plugin", "problem", text, problem.hint)


def _library(line: str, found: list[str]) -> Iterator[Check]:
    """Adds name and version to `found`; a problem where the version is not one that the core asks for."""
    from packaging.requirements import Requirement

    wanted = Requirement(line)
    if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
        return
    fix = f'pip install -U "{wanted.name}{wanted.specifier}"'
    try:
        installed = version(wanted.name)
    except PackageNotFoundError:
        yield Check("libraries", "problem", f"{wanted.name} is not installed", fix)
        return
    found.append(f"{wanted.name} {installed}")
    if not wanted.specifier.contains(installed, prereleases=True):
        text = f"{wanted.name} {installed} is installed, and {_CORE} asks for {wanted.specifier}"
        yield Check("libraries", "problem", text, fix)
