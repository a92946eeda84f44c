"""Nobody waits for a worker that is gone, whoever holds its pipes, and nobody looks at a held device too often."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import is_alive
from tests.test_devices import Studio, card
from tests.test_workers import MODELS, carried_out
from tests.virtual import World
from vmevalkit_core.errors import WorkerLost
from vmevalkit_core.records import RunKey
from vmevalkit_core.registry import Registry
from vmevalkit_core.testing.studio import StudioJob
from vmevalkit_core.workers import process, seats
from vmevalkit_core.workers.seats import LOOK_AGAIN, Seats


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the wild model leaves its traces; a child that has left its group is ended with the test."""
    monkeypatch.setenv("VMEVAL_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setattr(process, "LAST_WORDS", 0.1)
    yield tmp_path
    for pid in child_of(tmp_path):
        if is_alive(pid, within=0.1):
            os.kill(pid, signal.SIGKILL)


def child_of(folder: Path) -> list[int]:
    """What a wild model has forked."""
    return [int((folder / "child").read_text())] if (folder / "child").exists() else []


@pytest.mark.parametrize("deed", ["fork", "escape"])
def test_child_that_holds_the_pipes_of_a_dead_worker_holds_nobody_up(place: Path, deed: str) -> None:
    """Whether it is of the worker's group or has left it; the run is done by a new worker."""
    report = carried_out(place, f"{deed} once {place / 'mark'}", "a", limit=60.0)
    assert report.good == 2
    (child,) = child_of(place)
    assert is_alive(child, within=0.1) or deed == "fork"


@pytest.mark.parametrize("deed", ["mumble", "cling"])
def test_whoever_waits_for_a_worker_that_is_closed_is_told(place: Path, deed: str) -> None:
    """With the last that it said, which was still in its pipe, also where a child that has left still holds that."""
    studio = Studio(place, card("a"))

    async def work() -> WorkerLost:
        run = asyncio.ensure_future(studio.clip(studio.wild, deed))
        while not studio.jobs or not studio.jobs[0].told:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        until = time.monotonic() + 30.0
        while not (place / "pid").exists() and time.monotonic() < until:
            time.sleep(0.01)  # noqa: ASYNC251 (nothing is read meanwhile)
        await asyncio.wait_for(studio.pool.close(), 30.0)
        with pytest.raises(WorkerLost) as lost:
            await asyncio.wait_for(run, 5.0)
        return lost.value

    lost = asyncio.run(work())
    assert "about to wait" in str(lost)


class HeldElsewhere:
    """The claims on devices of which another command holds all."""

    looks = 0

    def take(self, key: RunKey) -> bool:
        self.looks += 1
        return False


def test_runs_that_wait_for_a_held_device_share_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are: else each look would make more of them, and the command would do nothing else."""
    world, claims, waiting = World(), HeldElsewhere(), 5
    monkeypatch.setattr(seats, "device_claims", lambda env: claims)
    spec = Registry.load().add_file(f"{MODELS}:Wild")
    looks: list[int] = []

    async def one(queue: Seats, job: Any) -> None:
        async with queue.turn(spec, job):
            raise AssertionError("it is held")

    async def work() -> None:
        queue = Seats({}, (card("a"),))
        runs = [asyncio.ensure_future(one(queue, StudioJob(Path(str(number))))) for number in range(waiting)]
        await asyncio.sleep(0.1 * LOOK_AGAIN)
        for _ in range(4):
            before = claims.looks
            await asyncio.sleep(LOOK_AGAIN)
            looks.append(claims.looks - before)
        for run in runs:
            run.cancel()
        await asyncio.wait(runs)

    world.live(work())
    assert looks == [waiting] * 4
