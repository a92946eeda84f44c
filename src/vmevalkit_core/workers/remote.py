"""Models that run in a process of their own, behind the same door as those that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from vmevalkit_core.errors import PluginError
from vmevalkit_core.generator import Context, Job
from vmevalkit_core.limits import Limiter
from vmevalkit_core.records import Clip, GenerationRequest
from vmevalkit_core.registry import Registry
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.workers.inline import InlineWorker
from vmevalkit_core.workers.pool import DevicePool
from vmevalkit_core.workers.timing import Timing

AHEAD = 4
"""Runs in flight for each device: one is drawn, two are encoded, one has its pictures ready."""


class RemoteGenerator:
    """Stands in this process for a generator in a worker."""

    patience = None
    """A worker has one of its own; a run may wait for its device as long as it takes."""

    def __init__(self, spec: ModelSpec, pool: DevicePool) -> None:
        self._spec, self._pool = spec, pool

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        """The clip, from whichever device is free."""
        return await self._pool.generate(self._spec, request, job)


class Workers(InlineWorker):
    """The one that runners use: it chooses by `spec.runs_in` between this process and one of its own."""

    def __init__(
        self,
        registry: Registry,
        context: Callable[[ModelSpec], Context],
        interceptors: Sequence[str] = (),
        *,
        env: Mapping[str, str],
        timing: Timing | None = None,
    ) -> None:
        super().__init__(registry, context, interceptors)
        self.pool = DevicePool(env, context, timing)
        self._device_limiter: Limiter | None = None

    async def check(self, spec: ModelSpec, options: Mapping[str, Any], *, paid: bool) -> None:
        """What the user has to fix before runs with these options can begin; nothing for a model in this process."""
        if spec.runs_in != "process":
            return
        if paid or spec.kind != "local":
            raise PluginError(
                f"{spec.name} runs in a worker, where a crash is tried again, so it must cost nothing",
                hint='its spec needs kind="local" and options that are free, or runs_in="inline"',
            )
        await self.pool.check(spec, options)

    @contextmanager
    def coming(self, spec: ModelSpec) -> Iterator[None]:
        """While a run of this model is carried out."""
        if spec.runs_in != "process":
            yield
            return
        with self.pool.seats.coming(spec):
            yield

    async def device_limiter(self) -> Limiter:
        """How many runs of local models are in flight at once, over all devices."""
        if self._device_limiter is None:
            self._device_limiter = Limiter(AHEAD * len(await self.pool.seats.all()))
        return self._device_limiter

    async def close(self) -> None:
        """End the workers, then let the generators of this process give back what they hold."""
        try:
            await self.pool.close()
        finally:
            await super().close()

    def _build(self, spec: ModelSpec) -> Any:
        return RemoteGenerator(spec, self.pool) if spec.runs_in == "process" else super()._build(spec)
