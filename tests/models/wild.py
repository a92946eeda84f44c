"""Models in a worker: `baseline-hold` as it is, and one that does to its process what its prompt says.

A prompt is `crash`, `hang` and so on; `crash once MARK` does it only the first time, which the file MARK remembers.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from vmevalkit_core import Clip, GenerationRequest, Job, ModelSpec, Need
from vmevalkit_core.baselines.models import Hold

OPTIONS = "vmevalkit_core.baselines.models:BaselineOptions"


class Held(Hold):
    """Holds the first frame still, in a process of its own."""

    spec = ModelSpec(name="held", factory=f"{__file__}:Held", options=OPTIONS, runs_in="process")


class Wild(Hold):
    """Holds the first frame, unless its prompt says otherwise."""

    spec = ModelSpec(
        name="wild",
        factory=f"{__file__}:Wild",
        options=OPTIONS,
        runs_in="process",
        needs=(Need("WILD_PLACE", secret=False), Need("WILD_SECRET")),
        seeds=(0, 9),
    )

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        deed, _, mark = (request.prompt or "").partition(" once ")
        job.progress(0.5, "step 1 of 2")
        if not mark or not Path(mark).exists():
            if mark:
                Path(mark).touch()
            if hasattr(self, deed):
                await asyncio.to_thread(getattr(self, deed), request, job)
        return await super().generate(request, job)

    def crash(self, *_: object) -> None:
        os.write(2, b"about to read from nowhere\n")
        ctypes.string_at(0)

    def kill(self, *_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hang(self, *_: object) -> None:
        time.sleep(3600)

    def freeze(self, *_: object) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    def leave(self, *_: object) -> None:
        sys.exit(3)

    def fail(self, *_: object) -> None:
        raise ValueError("the weights are sour")

    def chatter(self, request: GenerationRequest, job: Job) -> None:
        sys.stdout.write('{"type": "done", "id": 1}\n')
        os.write(1, b"not a message\n" * 10_000)
        sys.stdin.read()
        job.log.warning("a word from %s", "the model")
        logging.getLogger("some.library").warning("a word from a library")

    def spawn(self, request: GenerationRequest, job: Job) -> None:
        child = subprocess.Popen(["sleep", "3600"])
        Path(os.environ["WILD_PLACE"], "grandchild").write_text(str(child.pid))

    def nest(self, request: GenerationRequest, job: Job) -> None:
        self.spawn(request, job)
        self.wait(request, job)

    def fork(self, *_: object) -> None:
        self.part()

    def escape(self, *_: object) -> None:
        self.part(os.setsid)

    def cling(self, request: GenerationRequest, job: Job) -> None:
        self.leave_child(os.setsid)
        self.mumble(request, job)

    def part(self, first: Callable[[], object] = lambda: None) -> None:
        self.leave_child(first)
        os.kill(os.getpid(), signal.SIGKILL)

    def leave_child(self, first: Callable[[], object]) -> None:
        """Start one that holds every pipe."""
        if not (child := os.fork()):
            first()
            time.sleep(3600)
        Path(os.environ["WILD_PLACE"], "child").write_text(str(child))

    def mumble(self, request: GenerationRequest, job: Job) -> None:
        os.write(2, b"about to wait\n")
        self.wait(request, job)

    def tell(self, request: GenerationRequest, job: Job) -> None:
        Path(os.environ["WILD_PLACE"], "environment.json").write_text(json.dumps(dict(os.environ)))
        Path(os.environ["WILD_PLACE"], "pid").write_text(str(os.getpid()))

    def wait(self, request: GenerationRequest, job: Job) -> None:
        Path(os.environ["WILD_PLACE"], "pid").write_text(str(os.getpid()))
        time.sleep(3600)


class NeverBuilt(Wild):
    """Its process dies while the model is built."""

    spec = ModelSpec(name="never-built", factory=f"{__file__}:NeverBuilt", options=OPTIONS, runs_in="process")

    def __init__(self, *_: object) -> None:
        if os.environ.get("WILD_PLACE", "") == "":
            os.kill(os.getpid(), signal.SIGKILL)


class Paid(Wild):
    """Claims to cost something, in a process that is started again."""

    spec = ModelSpec(name="paid-wild", factory=f"{__file__}:Paid", options=OPTIONS, runs_in="process", kind="api")
