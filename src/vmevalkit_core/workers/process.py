"""One worker: a child process that holds one model on one device, as the command sees it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
import signal
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from vmevalkit_core import CONTRACT, __version__
from vmevalkit_core.errors import PluginError, WorkerLost
from vmevalkit_core.generator import Job
from vmevalkit_core.records import Clip, GenerationRequest
from vmevalkit_core.workers.messages import LONGEST, Message, error_from_json, pack, unpack
from vmevalkit_core.workers.obituary import doing, obituary
from vmevalkit_core.workers.timing import Timing

LOG = logging.getLogger("vmevalkit_core.workers")
KEPT_LINES = 40
"""Of what a worker last printed; they go to the record of the run that it died with."""
LAST_WORDS = 1.0
"""Seconds to read what a dead worker had printed."""
_BREAKS = re.compile(r"[\r\n]+")


@dataclass(slots=True)
class Asked:
    """A question to a worker; both futures end at the latest when it dies."""

    number: int
    job: Job | None
    free: asyncio.Future[None]
    """Set once the run needs the device no more."""
    answer: asyncio.Future[Message]
    """What it said in the end."""
    stage: str = ""


@dataclass(slots=True)
class WorkerProcess:
    """A started worker; get it with `start_worker`."""

    name: str
    """Of the model."""
    process: asyncio.subprocess.Process
    timing: Timing
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    _asked: dict[int, Asked] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _heard: float = 0.0
    _verdict: str = ""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _hello: asyncio.Future[Message] | None = None
    _gone: WorkerLost | None = None

    @property
    def pid(self) -> int:
        """Its process id, which is that of its group."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._gone is None and not self._verdict and self.process.returncode is None

    async def greet(self) -> None:
        """Wait for its first line; PluginError when it is another version of the core."""
        self._hello = asyncio.get_running_loop().create_future()
        self._hello.add_done_callback(_seen)
        self._tasks = [asyncio.create_task(work()) for work in (self._read, self._collect_lines, self._watch)]
        try:
            hello = await asyncio.wait_for(asyncio.shield(self._hello), self.timing.hello)
        except TimeoutError:
            self.kill(f"said nothing for {self.timing.hello:g} s after its start")
            hello = await self._hello
        if (hello["core"], hello["contract"]) != (__version__, CONTRACT):
            self.kill("is of another version")
            raise PluginError(
                f"the worker of {self.name} is vmevalkit-core {hello['core']}, the command is {__version__}",
                hint="stop what runs, and start it again with one installation",
            )

    async def ask(self, kind: str, **fields: Any) -> Message:
        """Its answer to a message other than a run; its error, or WorkerLost when it dies."""
        asked = self._new(None)
        await self._send(kind, id=asked.number, **fields)
        return await asked.answer

    async def begin(self, request: GenerationRequest, job: Job) -> Asked:
        """Give it a run."""
        asked = self._new(job)
        await self._send(
            "run", id=asked.number, request=request.model_dump(mode="json"), clip_path=str(job.clip_path.absolute())
        )
        return asked

    async def give_up(self, asked: Asked) -> None:
        """Tell it that nobody waits for a run any more."""
        if asked.number in self._asked:
            await self._send("cancel", id=asked.number)

    def kill(self, verdict: str) -> None:
        """End it and all that it started, at once."""
        if self._gone:
            return  # its number may be somebody else's by now
        self._verdict = self._verdict or verdict
        # The group outlives its leader while one of its members does.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Let it free its model and end; killed when it takes too long, or when this is cancelled."""
        try:
            if self.alive and not self._asked:
                await self._send("close")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.process.wait(), self.timing.farewell)
        finally:
            self.kill("was closed")
            with suppress(asyncio.CancelledError):
                await self.process.wait()
                if self._tasks:  # whoever still waits for an answer is told by the one who reads
                    await asyncio.wait(self._tasks[:1], timeout=2 * LAST_WORDS)
            for task in self._tasks:
                task.cancel()
            if self._gone is None:
                code = self.process.returncode
                self._end(-signal.SIGKILL if code is None else code)

    def _new(self, job: Job | None) -> Asked:
        if self._gone:
            raise self._gone
        loop = asyncio.get_running_loop()
        asked = Asked(next(self._numbers), job, loop.create_future(), loop.create_future())
        # Nobody may be waiting for it when the worker dies; that is no fault to be told of.
        asked.answer.add_done_callback(_seen)
        asked.free.add_done_callback(_seen)
        self._asked[asked.number] = asked
        return asked

    async def _send(self, kind: str, **fields: Any) -> None:
        pipe = self.process.stdin
        assert pipe is not None
        with suppress(ConnectionError):  # it is dying, and whoever waits for an answer is told so
            pipe.write(pack(kind, **fields))
            await pipe.drain()

    async def _read(self) -> None:
        pipe = self.process.stdout
        assert pipe is not None
        try:
            while line := await pipe.readline():
                self._heard = _now()
                self._pass_on(unpack(line))
        except ValueError as error:  # also a line that is too long
            self.kill(f"said what is no message: {error}")
        code = await self.process.wait()
        self.kill("")  # what it started must not outlive it, and may still hold the pipes
        await asyncio.wait(self._tasks[1:2], timeout=LAST_WORDS)
        self._end(code)

    def _pass_on(self, message: Message) -> None:
        try:
            self._take(message)
        except Exception:  # an odd word of one run must not end the reading for all
            LOG.warning("%s: a message could not be passed on", self.name, exc_info=True)

    def _take(self, message: Message) -> None:
        kind, asked = message["type"], self._asked.get(message.get("id", 0))
        if kind == "hello" and self._hello and not self._hello.done():
            self._hello.set_result(message)
        elif kind == "hung":
            self._verdict = f"made no step for {message['seconds']:g} s and was killed"
        elif kind == "log":
            logger = asked.job.log if asked and asked.job else logging.getLogger(str(message["logger"]))
            logger.log(int(message["level"]), "%s", message["text"])
        elif asked:
            self._tell(asked, kind, message)

    def _tell(self, asked: Asked, kind: str, message: Message) -> None:
        if kind == "progress" and asked.job:
            asked.stage = str(message["stage"] or asked.stage)
            asked.job.progress(message["fraction"], str(message["stage"]))
        elif kind == "free":
            _set(asked.free, None)
        elif kind in ("done", "failed"):
            del self._asked[asked.number]
            _set(asked.free, None)
            if kind == "done":
                _set(asked.answer, message)
            elif not asked.answer.done():
                asked.answer.set_exception(error_from_json(message["error"]))

    async def _collect_lines(self) -> None:
        pipe = self.process.stderr
        assert pipe is not None
        rest = ""
        while data := await pipe.read(65536):
            # A progress bar ends its lines with a carriage return.
            *whole, rest = _BREAKS.split(rest + data.decode(errors="replace"))
            rest = rest[-4000:]
            for text in whole:
                self._note(text)
        self._note(rest)

    def _note(self, text: str) -> None:
        if text.strip():
            self.lines.append(text[:1000])
            LOG.debug("%s: %s", self.name, text)

    async def _watch(self) -> None:
        tick = min(1.0, self.timing.silence / 4)
        self._heard = before = _now()
        while self._gone is None and self.process.returncode is None:
            await asyncio.sleep(tick)
            now = _now()
            if now - before > 3 * tick + 1:
                self._heard = now  # this process stood still itself, or the machine slept
            before = now
            if now - self._heard > self.timing.silence:
                self.kill(f"said nothing for {self.timing.silence:g} s and was killed")
        await asyncio.sleep(LAST_WORDS)
        if self._gone is None:
            self.kill("")  # what it forked still holds the pipe that `_read` waits on
            await asyncio.sleep(LAST_WORDS)
        if self._gone is None and self.process.stdout:
            self.process.stdout.feed_eof()  # held by what has left the group

    def _end(self, code: int) -> None:
        """Everyone who waits is told how it died."""
        lost = self._gone = obituary(self.name, code, self._verdict, list(self.lines))
        # What has left the group may hold the pipes for days. Whoever reads them has had his time.
        self.process._transport.close()  # type: ignore[attr-defined]
        waiting, self._asked = list(self._asked.values()), {}
        for asked in waiting:
            on_device = not asked.free.done()
            _fail(asked.free, doing(lost, asked.stage))
            _fail(asked.answer, doing(lost, asked.stage) if on_device else lost)
        if self._hello:
            _fail(self._hello, lost)


async def start_worker(name: str, env: dict[str, str], timing: Timing) -> WorkerProcess:
    """A worker that has greeted; WorkerLost or PluginError when there is none."""
    process = await asyncio.create_subprocess_exec(
        # -P: a file torch.py in the folder of the user is not meant.
        *(sys.executable, "-P", "-m", "vmevalkit_core.worker", "--parent", str(os.getpid())),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
        limit=LONGEST,
        # A Ctrl-C of the terminal reaches the command alone, which then ends its workers in order.
        start_new_session=True,
    )
    worker = WorkerProcess(name, process, timing)
    try:
        await worker.greet()
    except BaseException:
        worker.kill("was not wanted any more")
        raise
    return worker


def clip_of(answer: Message) -> Clip:
    """The clip in the answer to a run."""
    return Clip.model_validate(answer["clip"])


def _now() -> float:
    return asyncio.get_running_loop().time()


def _seen(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _set(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
