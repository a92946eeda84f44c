"""Builds the generator of a model, in the command's process or in a worker."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from vmevalkit_core.errors import PluginError, VmevalError
from vmevalkit_core.generator import ApiGenerator, Context
from vmevalkit_core.specs import ModelSpec


def build(spec: ModelSpec, context: Context, load_target: Callable[[str], object]) -> Any:
    """The generator that `spec.factory` names; PluginError, or another UsageError, says why there is none."""
    factory: Any = load_target(spec.factory)
    if not isinstance(factory, type) or not inspect.iscoroutinefunction(getattr(factory, "generate", None)):
        raise PluginError(
            f"{spec.factory} of {spec.name} has no `async def generate(self, request, job)`",
            hint="wrap work that blocks in `await asyncio.to_thread(...)`",
        )
    if issubclass(factory, ApiGenerator) and spec.kind != "api":
        raise PluginError(
            f"{spec.name} submits jobs but calls itself {spec.kind}, so a crash could pay for it twice",
            hint='its ModelSpec needs kind="api"',
        )
    try:
        return factory(spec, context)
    except VmevalError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{spec.factory} of {spec.name} cannot be built: {error!r}",
            hint="`__init__` takes (self, spec, context); --debug shows where it breaks",
        ) from error
