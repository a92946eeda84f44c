"""Who comes next, on which device: the queue of a command's local runs before the devices of this machine."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from vmevalkit_core.errors import ClaimsUnavailable
from vmevalkit_core.generator import Job
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.workers.devices import Device, device_claims, devices_here
from vmevalkit_core.workers.process import WorkerProcess

LOG = logging.getLogger("vmevalkit_core.workers")
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


class Seats:
    """Gives each device to one run at a time: first to runs whose model is there already, then in order of arrival."""

    def __init__(self, env: Mapping[str, str], devices: Sequence[Device] = ()) -> None:
        self._env = env
        self._given = devices
        self._seats: list[Seat] | None = None
        self._waiting: list[_Waiting] = []
        self._look: asyncio.TimerHandle | None = None
        self._coming: Counter[ModelSpec] = Counter()

    @property
    def known(self) -> Sequence[Seat]:
        """Those that were looked for already."""
        return self._seats or ()

    async def all(self) -> Sequence[Seat]:
        """The devices, looked for once."""
        if self._seats is None:
            found = self._given or await asyncio.to_thread(devices_here, self._env)
            self._seats = self._seats or [Seat(device) for device in found]
        return self._seats

    @contextmanager
    def coming(self, spec: ModelSpec) -> Iterator[None]:
        """While a run of this model may still ask for a device, so that its worker is not closed under it."""
        self._coming[spec] += 1
        try:
            yield
        finally:
            self._coming[spec] -= 1
            self._assign()

    @asynccontextmanager
    async def turn(self, spec: ModelSpec, job: Job) -> AsyncIterator[Seat]:
        """A device, until what is done with it needs it no more."""
        await self.all()
        waiting = _Waiting(spec, job, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._coming[spec] -= 1  # it has come
        try:
            self._assign()
            yield await waiting.seat
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif waiting.seat.done() and not waiting.seat.cancelled():
                waiting.seat.result().busy = False
            self._coming[spec] += 1
            self._assign()

    @asynccontextmanager
    async def spare(self, spec: ModelSpec) -> AsyncIterator[Seat | None]:
        """The first device where nobody needs it for another model at the moment; None else."""
        seat = (await self.all())[0]
        if seat.busy or seat.spec not in (None, spec) or not self._claim(seat, None):
            yield None
            return
        seat.busy = True
        try:
            yield seat
        finally:
            seat.busy = False
            self._assign()

    def give_back(self) -> None:
        """Give the claims on all devices back."""
        for seat in self.known:
            if seat.claimed and seat.device.identity:
                device_claims(self._env).release(seat.device.key)
            seat.claimed = False

    def _looked(self) -> None:
        self._look = None
        self._assign()

    def _assign(self) -> None:
        for waiting in list(self._waiting):
            if waiting.seat.done():
                self._waiting.remove(waiting)
            elif seat := self._seat_for(waiting):
                self._waiting.remove(waiting)
                seat.busy = True
                waiting.seat.set_result(seat)

    def _seat_for(self, waiting: _Waiting) -> Seat | None:
        free = [seat for seat in self.known if not seat.busy]
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
            if self._look is None:  # one for all that wait, or each look would make more of them
                self._look = asyncio.get_running_loop().call_later(LOOK_AGAIN, self._looked)
            if not waiting.told:
                waiting.told = True
                LOG.warning("%s is used by another command; waiting until it is free", seat.device.name)
                waiting.job.progress(None, f"waiting for {seat.device.name}, which another command uses")
        return seat.claimed
