"""Where the calls of a runner are carried out: its generators, its background loop, and the ways to wait for it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import warnings
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from vmevalkit_core.api.background import Background
from vmevalkit_core.api.call import Call, Result
from vmevalkit_core.api.orders import Limits
from vmevalkit_core.environment import environment
from vmevalkit_core.errors import UsageError
from vmevalkit_core.planner import Policy
from vmevalkit_core.redact import RedactingFilter, Redactor
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Runner, Workshop
from vmevalkit_core.runner.engine import GRACE
from vmevalkit_core.store import Store
from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.wording import STOPPING

_secrets = Redactor()
"""What no log line of this process may hold: loggers belong to the process, not to a runner."""
_filter = RedactingFilter(_secrets)
_LOGGERS = ("generator", "job", "runner", "workers")


class Room:
    """Kept for the life of a runner; nothing is begun in it before the first call."""

    def __init__(
        self,
        output: str | os.PathLike[str],
        experiment: str,
        *,
        env: Mapping[str, str] | None,
        concurrency: int,
        seed: int,
        interceptors: Sequence[str],
    ) -> None:
        Store(os.fspath(output), experiment)  # a name that cannot be a folder is refused here already
        self.output = os.fspath(output)
        self.experiment = experiment
        self.own_env = env is None
        self._env = env
        self._concurrency = concurrency
        self._seed = seed
        self._interceptors = interceptors
        self._registry = Registry.load()
        for name in _LOGGERS:
            logging.getLogger(f"vmevalkit_core.{name}").addFilter(_filter)
        self._opening = threading.Lock()
        self._opened: tuple[Workshop, Background] | None = None
        self._closed = False
        self._calls: dict[Call, Future[list[Result]]] = {}

    def engine(self, policy: Policy, limits: Limits) -> Runner:
        """An engine for one call, with the generators of all."""
        return Runner(
            self._registry,
            output=self.output,
            experiment=self.experiment,
            policy=policy,
            seed=self._seed,
            concurrency=self._concurrency if limits.concurrency is None else limits.concurrency,
            workshop=self._open()[0],
            max_cost=limits.max_cost,
        )

    def wait(self, call: Call) -> list[Result]:
        """The results, whether or not the caller has a loop of his own; Ctrl-C stops in order, then raises."""
        work = self._submit(call)
        try:
            results = work.result()
        except KeyboardInterrupt:
            self._stop(call)
            out.note(STOPPING)
            with suppress(Exception):
                work.result()
            raise
        return _warned(call, results)

    async def awaited(self, call: Call) -> list[Result]:
        """The results; nothing happens in the caller's loop meanwhile. Cancelled, it stops in order, then raises."""
        work = asyncio.wrap_future(self._submit(call))
        try:
            # Shielded: the runs must end in order, with their ids on disk, before the caller goes on.
            results = await asyncio.shield(work)
        except asyncio.CancelledError:
            self._stop(call)
            await asyncio.wait([work])
            raise
        return _warned(call, results)

    def close(self) -> None:
        """Stop what is in flight in order, and let the models go."""
        with self._opening:
            self._closed, opened = True, self._opened
        for call, work in list(self._calls.items()):
            self._stop(call)
            with suppress(Exception):
                work.result()
        if opened:
            opened[1].close()

    def _open(self) -> tuple[Workshop, Background]:
        """Generators and loop: made on first use, and anew in a process that was forked off."""
        with self._opening:
            if self._closed:
                raise UsageError("this runner is closed", hint="make another InferenceRunner")
            if self._opened is None or not self._opened[1].usable:
                workshop = Workshop(
                    self._registry,
                    env=environment() if self._env is None else self._env,
                    concurrency=self._concurrency,
                    interceptors=self._interceptors,
                    redactor=_secrets,
                )
                background = Background(partial(workshop.close, GRACE))
                weakref.finalize(self, background.close)
                self._opened = workshop, background
            return self._opened

    def _submit(self, call: Call) -> Future[list[Result]]:
        work = self._open()[1].submit(call.results)
        calls = self._calls
        calls[call] = work
        work.add_done_callback(lambda _: calls.pop(call, None))
        return work

    def _stop(self, call: Call) -> None:
        if self._opened:
            self._opened[1].call(call.engine.stop.set)


def _warned(call: Call, results: list[Result]) -> list[Result]:
    for error in call.failures:
        message = f"_save_metadata raised {error!r}; the run and its record are whole"
        warnings.warn(message, RuntimeWarning, stacklevel=4)
    return results
