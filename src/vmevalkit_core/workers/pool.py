"""Shares the devices of this machine out to runs: who comes next, on which device, and what a dead worker costs."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from vmevalkit_core.claims import offset_of
from vmevalkit_core.errors import ClaimsUnavailable, WorkerLost
from vmevalkit_core.generator import Context, Job
from vmevalkit_core.records import Clip, GenerationRequest
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.workers.devices import Device, device_claims
from vmevalkit_core.workers.process import WorkerProcess, clip_of, start_worker
from vmevalkit_core.workers.seats import Seat, Seats
from vmevalkit_core.workers.surroundings import child_environment, import_path
from vmevalkit_core.workers.timing import Timing

LOG = logging.getLogger("vmevalkit_core.workers")
TRIES = 2
"""How often a run is given to a worker that then dies with it."""
MOST_TRIES = 6
"""How often at all: a run may also be lost with a worker that died of another one."""
GIVES_UP = 4
"""Deaths of a model's workers, with no clip between them, after which it is not started again."""


@dataclass(slots=True)
class _Prompts:
    """Of the runs of one model that are still to be done."""

    options: Mapping[str, Any]
    texts: Counter[str] = field(default_factory=Counter)
    version: int = 0


class DevicePool:
    """The workers of one command: at most one on each device, kept while there are runs for its model."""

    def __init__(
        self,
        env: Mapping[str, str],
        context: Callable[[ModelSpec], Context],
        timing: Timing | None = None,
        devices: Sequence[Device] = (),
    ) -> None:
        self._env = env
        self._context = context
        self._timing = timing or Timing.from_env(env)
        self.seats = Seats(env, devices)
        self._deaths: Counter[ModelSpec] = Counter()
        self._prompts: dict[ModelSpec, _Prompts] = {}
        self._checked: set[tuple[ModelSpec, str]] = set()
        self._closing = False

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that live."""
        return [seat.worker.pid for seat in self.seats.known if seat.worker and seat.worker.alive]

    async def check(self, spec: ModelSpec, options: Mapping[str, Any]) -> None:
        """The user's to fix, before any run begins: a package, weights, a broken plugin."""
        key = (spec, repr(sorted(options.items())))
        for tried in range(TRIES):
            if key in self._checked:
                return
            try:
                async with self._examiner(spec) as worker:
                    await worker.ask("check", options=dict(options))
                self._checked.add(key)
            except WorkerLost as error:
                if tried + 1 == TRIES:
                    raise
                LOG.warning("%s: %s; a new worker is started", spec.name, error)

    def expect(self, spec: ModelSpec, options: Mapping[str, Any], prompts: Iterable[str]) -> None:
        """Say which prompts are coming, in this order."""
        known = self._prompts.setdefault(spec, _Prompts(options))
        known.options, known.version = options, known.version + 1
        known.texts.update(prompts)

    async def generate(self, spec: ModelSpec, request: GenerationRequest, job: Job) -> Clip:
        """The clip; a run that its worker died with is given to one more worker, then WorkerLost says how it ended."""
        try:
            return await self._tried(spec, request, job)
        finally:
            if known := self._prompts.get(spec):
                known.texts[request.prompt or ""] -= 1

    async def _tried(self, spec: ModelSpec, request: GenerationRequest, job: Job) -> Clip:
        blamed: list[str] = []
        for _ in range(MOST_TRIES):
            if self._deaths[spec] >= GIVES_UP:
                raise WorkerLost(_HOPELESS.format(spec.name, self._deaths[spec]), hint=_HOPELESS_HINT)
            try:
                clip = await self._once(spec, request, job, blamed)
            except WorkerLost as error:
                if len(blamed) >= TRIES or self._closing:
                    raise
                job.log.warning("%s: %s; a new worker is started", spec.name, error)
                continue
            self._deaths[spec] = 0
            return _with_history(clip, blamed)
        raise WorkerLost(f"the workers of {spec.name} died {MOST_TRIES} times under this run", hint=_HOPELESS_HINT)

    async def close(self) -> None:
        """End every worker; at once where a run is left on it."""
        self._closing = True
        workers = [seat.worker for seat in self.seats.known if seat.worker]
        try:
            await asyncio.gather(*(worker.close() for worker in workers))
        finally:
            for worker in workers:
                worker.kill("was closed")
            self.seats.give_back()

    async def _once(self, spec: ModelSpec, request: GenerationRequest, job: Job, blamed: list[str]) -> Clip:
        async with self.seats.turn(spec, job) as seat:
            try:
                worker = await self._worker(seat, spec)
                run = await worker.begin(request, job)
            except WorkerLost as error:
                self._mourn(spec, blamed, error)
                raise
            try:
                await asyncio.shield(run.free)
            except WorkerLost as error:
                self._mourn(spec, blamed, error)
                raise
            except asyncio.CancelledError:
                # Nothing less frees the device for sure, and whoever cancels does not want to wait.
                worker.kill("was stopped")
                raise
        try:
            return clip_of(await asyncio.shield(run.answer))
        except asyncio.CancelledError:
            await worker.give_up(run)
            raise

    @asynccontextmanager
    async def _examiner(self, spec: ModelSpec) -> AsyncIterator[WorkerProcess]:
        """A worker that will look but not load: the one that will run, or else one without a device."""
        async with self.seats.spare(spec) as seat:
            if seat:
                yield await self._worker(seat, spec)
                return
        worker = await self._started(spec, Device(name="cpu", kind="cpu", visible=""))
        try:
            yield worker
        finally:
            await worker.close()

    def _mourn(self, spec: ModelSpec, blamed: list[str], error: WorkerLost) -> None:
        self._deaths[spec] += 1
        blamed.append(str(error))

    async def _worker(self, seat: Seat, spec: ModelSpec) -> WorkerProcess:
        if seat.worker and (seat.spec != spec or not seat.worker.alive):
            worker, seat.worker = seat.worker, None
            await worker.close()
        seat.spec = spec
        if seat.worker is None:
            seat.worker, seat.told = await self._started(spec, seat.device), 0
        known = self._prompts.get(spec)
        if known and known.version != seat.told:
            await seat.worker.ask("expect", texts=list(+known.texts), options=dict(known.options))
            seat.told = known.version
        return seat.worker

    async def _started(self, spec: ModelSpec, device: Device) -> WorkerProcess:
        env = child_environment(spec, self._env)
        if device.visible is not None:
            env["CUDA_VISIBLE_DEVICES"] = device.visible
        worker = await start_worker(spec.name, env, self._timing)
        context = self._context(spec)
        try:
            await worker.ask(
                "start",
                spec=spec.to_json(),
                env=dict(context.env),
                local_env=dict(context.local_env),
                cache=str(context.cache) if context.cache else None,
                device=device.kind,
                import_path=import_path(),
                lock=self._lock(device),
                beat=self._timing.beat,
                patience=self._timing.patience,
            )
        except BaseException:
            worker.kill("was not wanted any more")
            await worker.close()
            raise
        return worker

    def _lock(self, device: Device) -> tuple[str, int] | None:
        if not device.identity:
            return None
        try:
            claims = device_claims(self._env)
        except (ClaimsUnavailable, OSError):
            return None  # the claim of the command has said so
        return str(claims.path), offset_of(device.worker_key)


def _with_history(clip: Clip, blamed: list[str]) -> Clip:
    if not blamed:
        return clip
    return clip.model_copy(update={"extras": {**clip.extras, "lost_workers": blamed}})


_HOPELESS = "the worker of {} died {} times in a row, so it is not started again"
_HOPELESS_HINT = "the runs before this one say how; run again when that is mended"
