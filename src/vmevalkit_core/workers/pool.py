"""Shares the devices of this machine out to runs: who comes next, on which device, and what a dead worker costs."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from vmevalkit_core.claims import offset_of
from vmevalkit_core.errors import ClaimsUnavailable, WorkerLost
from vmevalkit_core.generator import Context, Job
from vmevalkit_core.records import Clip, GenerationRequest
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.workers.devices import Device, device_claims, devices_here
from vmevalkit_core.workers.process import Timing, WorkerProcess, clip_of, start_worker
from vmevalkit_core.workers.surroundings import child_environment, import_path

LOG = logging.getLogger("vmevalkit_core.workers")
TRIES = 2
"""How often a run is given to a worker that then dies with it."""
MOST_TRIES = 6
"""How often at all: a run may also be lost with a worker that died of another one."""
GIVES_UP = 4
"""Deaths of a model's workers, with no clip between them, after which it is not started again."""
LOOK_AGAIN = 0.5
"""Seconds between two looks at a device that another process holds; a dead one's is free at once."""


@dataclass(slots=True, eq=False)
class Seat:
    """A device, and the worker on it."""

    device: Device
    busy: bool = False
    claimed: bool = False
    spec: ModelSpec | None = None
    worker: WorkerProcess | None = None
    told: int = 0
    """The version of the prompts that the worker knows."""


@dataclass(slots=True, eq=False)
class _Waiting:
    spec: ModelSpec
    job: Job
    seat: asyncio.Future[Seat]
    told: bool = False


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
        self._given = devices
        self._seats: list[Seat] | None = None
        self._waiting: list[_Waiting] = []
        self._coming: Counter[ModelSpec] = Counter()
        self._deaths: Counter[ModelSpec] = Counter()
        self._prompts: dict[ModelSpec, _Prompts] = {}
        self._checked: set[tuple[ModelSpec, str]] = set()
        self._closing = False

    async def seats(self) -> list[Seat]:
        """The devices, looked for once."""
        if self._seats is None:
            found = self._given or await asyncio.to_thread(devices_here, self._env)
            self._seats = self._seats or [Seat(device) for device in found]
        return self._seats

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that live."""
        return [seat.worker.pid for seat in self._seats or () if seat.worker and seat.worker.alive]

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

    @contextmanager
    def coming(self, spec: ModelSpec) -> Iterator[None]:
        """While a run of this model may still ask for a device, so that its worker is not closed under it."""
        self._coming[spec] += 1
        try:
            yield
        finally:
            self._coming[spec] -= 1
            self._pump()

    async def generate(self, spec: ModelSpec, request: GenerationRequest, job: Job) -> Clip:
        """The clip; a run that its worker died with is given to one more worker, then WorkerLost says how it ended."""
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
            self._done(spec, request)
            return _with_history(clip, blamed)
        raise WorkerLost(f"the workers of {spec.name} died {MOST_TRIES} times under this run", hint=_HOPELESS_HINT)

    async def close(self) -> None:
        """End every worker; at once where a run is left on it."""
        self._closing = True
        seats = self._seats or []
        try:
            await asyncio.gather(*(seat.worker.close() for seat in seats if seat.worker))
        finally:
            for seat in seats:
                if seat.worker:
                    seat.worker.kill("was closed")
                self._unclaim(seat)

    async def _once(self, spec: ModelSpec, request: GenerationRequest, job: Job, blamed: list[str]) -> Clip:
        async with self._turn(spec, job) as seat:
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
        first = (await self.seats())[0]
        if not first.busy and first.spec in (None, spec) and self._claim(first, None):
            first.busy = True
            try:
                yield await self._worker(first, spec)
            finally:
                first.busy = False
                self._pump()
            return
        worker = await self._started(spec, Device(name="cpu", kind="cpu", visible=""))
        try:
            yield worker
        finally:
            await worker.close()

    def _mourn(self, spec: ModelSpec, blamed: list[str], error: WorkerLost) -> None:
        self._deaths[spec] += 1
        blamed.append(str(error))

    @asynccontextmanager
    async def _turn(self, spec: ModelSpec, job: Job) -> AsyncIterator[Seat]:
        """A device, until what is done with it needs it no more."""
        await self.seats()
        waiting = _Waiting(spec, job, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._coming[spec] -= 1
        try:
            self._pump()
            yield await waiting.seat
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif waiting.seat.done() and not waiting.seat.cancelled():
                waiting.seat.result().busy = False
            self._coming[spec] += 1
            self._pump()

    def _pump(self) -> None:
        """Give free devices to waiting runs: first to those whose model is there already."""
        for waiting in list(self._waiting):
            if waiting.seat.done():
                self._waiting.remove(waiting)
            elif seat := self._seat_for(waiting):
                self._waiting.remove(waiting)
                seat.busy = True
                waiting.seat.set_result(seat)

    def _seat_for(self, waiting: _Waiting) -> Seat | None:
        free = [seat for seat in self._seats or () if not seat.busy]
        same = [seat for seat in free if seat.spec == waiting.spec]
        empty = [seat for seat in free if seat.spec is None]
        others = [seat for seat in free if seat.spec not in (None, waiting.spec) and not self._wanted(seat.spec)]
        return next((seat for seat in (*same, *empty, *others) if self._claim(seat, waiting)), None)

    def _wanted(self, spec: ModelSpec | None) -> bool:
        """Whether a run of this model waits, or is about to: its weights took minutes to load."""
        return spec is not None and (self._coming[spec] > 0 or any(one.spec == spec for one in self._waiting))

    def _claim(self, seat: Seat, waiting: _Waiting | None) -> bool:
        if seat.claimed or not seat.device.identity:
            return True
        try:
            seat.claimed = device_claims(self._env).take(seat.device.key)
        except (ClaimsUnavailable, OSError) as error:
            LOG.warning("%s is not guarded against other commands: %s", seat.device.name, error)
            seat.claimed = True
        if not seat.claimed and waiting:
            asyncio.get_running_loop().call_later(LOOK_AGAIN, self._pump)
            if not waiting.told:
                waiting.told = True
                waiting.job.progress(None, f"waiting for {seat.device.name}, which another command uses")
        return seat.claimed

    def _unclaim(self, seat: Seat) -> None:
        if seat.claimed and seat.device.identity:
            device_claims(self._env).release(seat.device.key)
        seat.claimed = False

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
        claims = device_claims(self._env)
        return str(claims.path), offset_of(device.worker_key)

    def _done(self, spec: ModelSpec, request: GenerationRequest) -> None:
        if known := self._prompts.get(spec):
            known.texts[request.prompt or ""] -= 1


def _with_history(clip: Clip, blamed: list[str]) -> Clip:
    if not blamed:
        return clip
    return clip.model_copy(update={"extras": {**clip.extras, "lost_workers": blamed}})


_HOPELESS = "the worker of {} died {} times in a row, so it is not started again"
_HOPELESS_HINT = "the runs before this one say how; run again when that is mended"
