"""The hooks of the plugin contract: a plugin implements any of them, marked with `@hookimpl`.

All of them are plain functions. A hook may name fewer parameters than are listed here, so that a hook may gain
parameters without breaking a plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from vmevalkit_core.generator import Job
    from vmevalkit_core.records import Clip, Event, GenerationRequest
    from vmevalkit_core.specs import ModelSpec


def vmeval_models() -> Iterable[ModelSpec]:
    """The models that this plugin owns; called for every listing, so it has to be cheap."""
    raise NotImplementedError


def vmeval_generate(spec: ModelSpec, request: GenerationRequest, job: Job) -> Awaitable[Clip] | None:
    """An awaitable accepts the work, None leaves it to the core, which loads `spec.factory`.

    Only the plugin that owns the model is asked. Marked `@hookimpl(wrapper=True)` it is an interceptor: a generator
    function that yields once, gets the awaitable and returns it or another. It is active only when it is named. What
    it gets starts nothing until it is awaited, and can be awaited once.
    """
    raise NotImplementedError


def vmeval_event(event: Event) -> None:
    """Told what happens to each run, in the command's process and off the event loop."""
