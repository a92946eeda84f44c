"""Runs generators as coroutines in the command's process."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from vmevalkit_core.errors import UncertainSubmitError
from vmevalkit_core.generator import ApiGenerator, Context, Job
from vmevalkit_core.records import Clip, GenerationRequest
from vmevalkit_core.registry import Registry
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.workers.building import build

LOG = logging.getLogger("vmevalkit_core.workers")


class InlineWorker:
    """Builds the generator of each model once, keeps it, and calls it through the plugins' hooks."""

    def __init__(
        self, registry: Registry, context: Callable[[ModelSpec], Context], interceptors: Sequence[str] = ()
    ) -> None:
        self._registry = registry
        self._context = context
        self._generators: dict[ModelSpec, Any] = {}
        self._built_from: dict[ModelSpec, str] = {}
        self._replaced: list[tuple[ModelSpec, Any]] = []
        self._building: dict[ModelSpec, asyncio.Lock] = {}
        self._dispatch = registry.dispatcher(self._generate, interceptors)

    async def prepare(self, spec: ModelSpec) -> None:
        """Import and build the generator unless it is there; the errors are the user's to fix, nothing was sent."""
        version = self._registry.owner(spec.name).version
        async with self._building.setdefault(spec, asyncio.Lock()):
            if self._built_from.get(spec) == version:
                return
            built = await asyncio.to_thread(self._build, spec)
            if spec in self._generators:  # of a file that was edited since; runs in flight may still hold it
                self._replaced.append((spec, self._generators[spec]))
            self._generators[spec], self._built_from[spec] = built, version

    def run(self, spec: ModelSpec, request: GenerationRequest, job: Job) -> Awaitable[Clip]:
        """The clip for a request, from whoever owns the model and the interceptors that were named."""
        return self._dispatch(spec, request, job)

    def recover(self, spec: ModelSpec, request: GenerationRequest, job: Job) -> Awaitable[Clip]:
        """The clip of a request that may have been sent before; a generator without `recover` never sees it."""
        recover = getattr(self._generators[spec], "recover", None)
        if recover is None:
            raise UncertainSubmitError(
                "an earlier process may have sent the request, and this model cannot look for it",
                hint="look at the vendor's own list, then run again with --adopt RUN_ID=JOB_ID or --resubmit-uncertain",
            )
        answer: Awaitable[Clip] = recover(request, job)
        return answer

    def generator(self, spec: ModelSpec) -> Any:
        """The generator of a model that was prepared."""
        return self._generators[spec]

    def prepares(self, spec: ModelSpec) -> bool:
        """Whether the model's generator itself says when its request leaves, by `job.preparing`."""
        return isinstance(self._generators.get(spec), ApiGenerator)

    def submit_timeout(self, spec: ModelSpec) -> float | None:
        """Seconds after which a request of this model cannot be on its way any more, where that is known."""
        return getattr(self._generators.get(spec), "submit_timeout", None)

    async def close(self) -> None:
        """Let each generator that has a `close` give back what it holds."""
        for spec, generator in (*self._replaced, *self._generators.items()):
            close = getattr(generator, "close", None)
            try:
                if close and inspect.isawaitable(answer := close()):
                    await answer
            except Exception:  # the runs are done and on record; this must not hide them
                LOG.warning("%s could not be closed", spec.name, exc_info=True)

    def _generate(self, spec: ModelSpec, request: GenerationRequest, job: Job) -> Awaitable[Clip]:
        answer: Awaitable[Clip] = self._generators[spec].generate(request, job)
        return answer

    def _build(self, spec: ModelSpec) -> Any:
        return build(spec, self._context(spec), self._registry.load_target)
