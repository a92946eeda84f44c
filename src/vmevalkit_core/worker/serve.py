"""What a worker does with the messages it gets: build the model, check, run, close."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from vmevalkit_core import CONTRACT, __version__
from vmevalkit_core.errors import PluginError, UsageError
from vmevalkit_core.generator import Context
from vmevalkit_core.limits import Limiter
from vmevalkit_core.records import Clip, GenerationRequest
from vmevalkit_core.registry import Registry
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.targets import load_target
from vmevalkit_core.worker.job import Lines, WorkerJob
from vmevalkit_core.worker.lifeline import Lifeline
from vmevalkit_core.worker.pulse import Pulse
from vmevalkit_core.workers.building import build
from vmevalkit_core.workers.messages import Message, error_to_json


def serve(line: Lifeline) -> None:
    """Serve until `close` comes; never returns while a run is left."""
    asyncio.run(_Server(line).serve())
    # Not by the ordinary way out: libraries of accelerators hang there, and all that matters is written.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class _Server:
    def __init__(self, line: Lifeline) -> None:
        self._line = line
        self._pulse: Pulse
        self._generator: Any = None
        self._running: dict[int, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        inbox: asyncio.Queue[Message] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        logging.getLogger().addHandler(Lines(self._line))
        logging.getLogger("vmevalkit_core").setLevel(logging.INFO)
        self._line.listen(lambda message: loop.call_soon_threadsafe(inbox.put_nowait, message))
        self._line.send("hello", core=__version__, contract=CONTRACT, pid=os.getpid())
        while (message := await inbox.get())["type"] != "close":
            await self._do(message)
        await self._close()
        self._line.send("closed")

    async def _do(self, message: Message) -> None:
        kind = message["type"]
        if kind == "run":
            self._running[message["id"]] = asyncio.create_task(self._run(message))
        elif kind == "cancel":
            if task := self._running.get(message["id"]):
                task.cancel()
        else:
            work = {"start": self._start, "check": self._check, "expect": self._expect}[kind]
            await self._answered(message, work)

    async def _answered(self, message: Message, work: Callable[[Message], Awaitable[None]]) -> None:
        try:
            await work(message)
        except BaseException as error:
            self._line.send("failed", id=message["id"], error=error_to_json(error))
        else:
            self._line.send("done", id=message["id"])

    async def _start(self, message: Message) -> None:
        self._pulse = Pulse(self._line, beat=message["beat"], patience=message["patience"])
        sys.path += [entry for entry in message["import_path"] if entry not in sys.path]
        if message.get("lock"):
            await asyncio.to_thread(_hold, *message["lock"])
        spec = ModelSpec.from_json(message["spec"])
        context = Context(
            env=message["env"],
            limiter=Limiter(1),
            device=message["device"],
            local_env=message["local_env"],
            cache=Path(message["cache"]) if message.get("cache") else None,
        )
        with self._pulse:
            self._generator = await asyncio.to_thread(build, spec, context, _load)

    async def _check(self, message: Message) -> None:
        if check := getattr(self._generator, "check", None):
            await asyncio.to_thread(check, message["options"])

    async def _expect(self, message: Message) -> None:
        if expect := getattr(self._generator, "expect", None):
            expect(message["texts"], message["options"])

    async def _run(self, message: Message) -> None:
        number = message["id"]
        job = WorkerJob(self._line, self._pulse, number, Path(message["clip_path"]))
        try:
            with self._pulse:
                request = GenerationRequest.model_validate(message["request"])
                clip = await self._generator.generate(request, job)
            if not isinstance(clip, Clip):
                raise PluginError(f"generate returned {type(clip).__name__} {clip!r:.60} instead of a Clip")
            self._line.send("done", id=number, clip=clip.model_dump(mode="json"))
        except BaseException as error:  # SystemExit of a model included: the next run is none of its business
            self._line.send("failed", id=number, error=error_to_json(error))
        finally:
            self._running.pop(number, None)

    async def _close(self) -> None:
        for task in list(self._running.values()):
            task.cancel()
        if self._running:
            await asyncio.wait(list(self._running.values()))
        close = getattr(self._generator, "aclose", None) or getattr(self._generator, "close", None)
        if close and (answer := close()) is not None:
            await answer


def _load(target: str) -> object:
    """What a spec names. The other plugins are looked at only where it cannot be loaded: to say whose it is."""
    try:
        return load_target(target)
    except UsageError:
        return Registry.load().load_target(target)


LONGEST_FAREWELL = 60.0
"""Seconds for which a killed worker may hold its device: the driver has gigabytes to clear away."""
_locks: list[int] = []
"""Files whose locks last as long as this process."""


def _hold(path: str, offset: int) -> None:
    """Wait until no dying worker holds the device any more, then hold it until this process is gone."""
    log, file = logging.getLogger(__name__), os.open(path, os.O_RDWR | os.O_CLOEXEC)
    _locks.append(file)
    until = time.monotonic() + LONGEST_FAREWELL
    while time.monotonic() < until:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                log.warning("%s cannot lock, so the device is not guarded", path)
                return
        time.sleep(0.05)
    log.warning("another worker still holds the device after %g s", LONGEST_FAREWELL)
