"""Runs generators as coroutines in the command's process."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from vmevalkit_core.errors import UncertainSubmitError, UnfinishedJob
from vmevalkit_core.generator import ApiGenerator, Context, Job
from vmevalkit_core.generator.vendor import VendorClient
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
        return self._bounded(spec, recover(request, job))

    def generator(self, spec: ModelSpec) -> Any:
        """The generator of a model that was prepared."""
        return self._generators[spec]

    def prepares(self, spec: ModelSpec) -> bool:
        """Whether the model's generator itself says when its request leaves, by `job.preparing`."""
        return getattr(type(self._generators.get(spec)), "generate", None) is ApiGenerator.generate

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
        return self._bounded(spec, self._generators[spec].generate(request, job))

    def _bounded(self, spec: ModelSpec, work: Awaitable[Clip]) -> Awaitable[Clip]:
        """The same work; what does not bound itself is given up after its `patience`."""
        generator = self._generators[spec]
        if isinstance(generator, ApiGenerator):
            return work  # it counts from the request on, and may queue for hours before
        patience = getattr(generator, "patience", VendorClient.patience)
        return work if patience is None else given_up_after(patience, spec.name, work)

    def _build(self, spec: ModelSpec) -> Any:
        return build(spec, self._context(spec), self._registry.load_target)


async def given_up_after(seconds: float, name: str, work: Awaitable[Clip]) -> Clip:
    """What the work comes to; UnfinishedJob where that takes too long: a call that hangs must not hold a plan."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await work
    except TimeoutError as error:
        if not limit.expired():
            raise  # the model's own
        raise UnfinishedJob(f"{name} was not finished after {seconds:g} s", hint=_PATIENCE_HINT) from error


_PATIENCE_HINT = "a model that may take longer says so by `patience`, in seconds, on its class"
