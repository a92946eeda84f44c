"""A process that lives in virtual time: waits cost nothing, threads are steps of the loop, and it can die anywhere.

Everything in it is decided by the seed of `random`, so what went wrong once goes wrong again.
"""

from __future__ import annotations

import asyncio
import os
import random
import selectors
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from vmevalkit_core.clock import Clock

T = TypeVar("T")
DISK_SECONDS = 0.002
"""What a thread takes at most."""


def chosen_seed() -> int:
    """TEST_SEED of the environment, else always the same: the programs in benchmarks/ look for new sequences."""
    seed = int(os.environ.get("TEST_SEED") or 20_261_127)
    sys.stdout.write(f"TEST_SEED={seed}\n")
    return seed


class Killed(BaseException):
    """The process is dead: nothing of it reaches the disk or the vendor any more."""


class World(Clock):
    """The time of a machine, and the points at which the process on it may die or be interrupted.

    A point lies before and after whatever a thread does, before each wait, and wherever the vendor puts one.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.wall = datetime(2026, 1, 1, tzinfo=UTC)
        self.dead = False
        self._main: asyncio.Task[Any] | None = None
        self.points, self._events = 0, dict[int, Callable[[], None]]()

    def now(self) -> datetime:
        return self.wall + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.point()
        await asyncio.sleep(max(0.0, seconds))

    def point(self) -> None:
        """Something may happen here; Killed when the process is dead."""
        if not self.dead:
            self.points += 1
            self._events.get(self.points, lambda: None)()
        if self.dead:
            raise Killed

    def live(self, work: Coroutine[Any, Any, T], events: dict[int, Callable[[], None]] | None = None) -> T | None:
        """What the work of a new process comes to; `events` happen at points by their number. None when it died."""
        self.dead, self.points, self._events = False, 0, events or {}
        loop = VirtualLoop(self)
        main = loop.create_task(work)
        self._main = main
        try:
            loop.run_until_complete(asyncio.wait([main]))
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left))
        finally:
            loop.close()
        if self.dead:
            main.cancelled() or main.exception()  # looked at, so that nobody complains
            return None
        return main.result()

    def die(self) -> None:
        """As with `kill -9`: from now on nothing is written and nothing is sent."""
        self.dead = True
        if self._main:
            self._main.get_loop().call_soon(self._main.cancel)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes when nothing else can happen, and which has no threads."""

    def __init__(self, world: World) -> None:
        self.world = world
        super().__init__(_Patience(world))
        self.set_exception_handler(lambda loop, context: None)  # the dead need not explain themselves

    def time(self) -> float:
        return self.world.seconds

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """The work of a thread: a while later, all at once."""
        future: asyncio.Future[T] = self.create_future()

        def work() -> None:
            try:
                self.world.point()
                result = func(*args)
                self.world.point()
            except BaseException as error:
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)

        self.call_later(random.uniform(0.0, DISK_SECONDS), work)
        return future


class _Patience(selectors.SelectSelector):
    """Waits for nobody: the time that it would have waited has passed."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else, for ever")
        self._world.seconds += max(0.0, timeout)
        return []
