"""A vendor in a file: it accepts jobs into a ledger, bills each one, and knows our token.

Run it as `vmeval run -m tests/models/ledger.py:Ledger` with LEDGER_DIR set.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shutil
import time
import uuid
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from PIL import Image

from vmevalkit_core import (
    ApiGenerator,
    Candidate,
    Done,
    Failed,
    GenerationRequest,
    JobFailed,
    ModelSpec,
    Need,
    Options,
    Pending,
    RetryableError,
    RetryPolicy,
    Submission,
    encode_clip,
)


class LedgerOptions(Options):
    """What the vendor can be asked for."""

    latency: float = 0.05
    """Seconds that a job takes."""
    reply: float = 0.0
    """Seconds between the acceptance of a job and the answer to its request."""
    fault: str = ""
    """`job`: each job fails; `bug`: the client breaks after the request; `dies`: and the process that sent it cannot
    look for it either; `leak`: the client breaks with the key in its words; `throttled`: refused twice first."""

    note: str = ""
    """Words that the vendor keeps with the job."""

    def price(self) -> Decimal | None:
        """Ten cents."""
        return Decimal("0.10")


class Ledger(ApiGenerator):
    """Submits, polls and fetches against files, and can list its jobs."""

    spec = ModelSpec(
        name="ledger",
        factory=f"{__file__}:Ledger",
        options=f"{__file__}:LedgerOptions",
        kind="api",
        needs=(Need("LEDGER_DIR", hint="a folder for the ledger"),),
        seeds=(0, 2**31),
        description="A paid vendor that lives in a folder.",
    )
    poll_least = poll_most = 0.05
    requests_per_second = 1000.0
    submit_timeout = 0.2
    settle = 0.1
    look_again = 0.1
    lists_every_job = True
    polling = RetryPolicy(attempts=8, within=10.0, first=0.02, longest=0.2)
    refusals = 0
    has_sent = False

    @property
    def ledger(self) -> Path:
        return Path(self.context.env["LEDGER_DIR"], "ledger.jsonl")

    async def submit(self, request: GenerationRequest) -> Submission:
        options = LedgerOptions(**request.options)
        if options.fault == "throttled" and self.refusals < 2:
            self.refusals += 1
            raise RetryableError("too many requests", retry_after=0.01)
        job = uuid.uuid4().hex[:12]
        entry = {
            "id": job,
            "token": request.token,
            "time": time.time(),
            "latency": options.latency,
            "fault": options.fault,
        }
        await asyncio.to_thread(append, self.ledger, json.dumps(entry))
        await asyncio.sleep(options.reply)
        self.has_sent = True
        if options.fault in ("bug", "dies"):
            raise KeyError("answer")
        if options.fault == "leak":
            raise JobFailed(f"refused: {self.context.env['LEDGER_DIR']}", hint="https://x.example/?key=leaked")
        return Submission(id=job, resume={"region": "here"})

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        entry = next(one for one in entries(self.ledger) if one["id"] == submission.id)
        if entry["fault"] == "job":
            return Failed(reason="the vendor's machine broke")
        if time.time() < float(entry["time"]) + float(entry["latency"]):
            return Pending(progress=0.5, stage="rendering")
        return Done(video_url=f"https://cdn.example/{submission.id}.mp4?signature=abc", cost=Decimal("0.10"))

    async def fetch(self, done: Done, path: Path) -> None:
        await asyncio.to_thread(shutil.copyfile, finished_clip(str(self.ledger.parent)), path)

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        if self.has_sent and request.options["fault"] == "dies":
            raise ConnectionAbortedError("the list is closed")
        return [Candidate(id=one["id"], exact=True) for one in entries(self.ledger) if one["token"] == request.token]


class BlindLedger(Ledger):
    """The same vendor without a list of jobs."""

    spec = ModelSpec(
        name="blind-ledger",
        factory=f"{__file__}:BlindLedger",
        options=f"{__file__}:LedgerOptions",
        kind="api",
        needs=(Need("LEDGER_DIR"),),
    )
    find = ApiGenerator.find


def append(path: Path, line: str) -> None:
    """One line, whole even when several processes write."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(descriptor, line.encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def entries(path: Path) -> list[dict[str, str]]:
    """What was accepted, and billed, so far."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


@functools.cache
def finished_clip(folder: str) -> str:
    """A 16-frame clip of 64 x 64 pixels, made once in a process."""
    path = Path(folder, f"clip_{os.getpid()}.mp4")
    encode_clip((Image.new("RGB", (64, 64), (16 * step, 80, 120)) for step in range(16)), path, fps=8)
    return str(path)
