"""A vendor in the memory of the test: it bills, loses answers, forgets jobs, and lives in the test's own time.

The client is a plugin like any other; `MEMORY_VENDOR` in its environment names the vendor among VENDORS.
"""

from __future__ import annotations

import functools
import random
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path

from PIL import Image

from tests.virtual import World
from vmevalkit_core import (
    Answer,
    ApiGenerator,
    Candidate,
    Done,
    Failed,
    GenerationError,
    GenerationRequest,
    ModelSpec,
    Need,
    NoCredit,
    Options,
    Pending,
    RejectedError,
    RetryableError,
    Submission,
    encode_clip,
)
from vmevalkit_core.errors import LostAnswer, NoConnection, Throttled
from vmevalkit_core.transport import Refusal

LISTED_LATE = 80.0
"""Seconds after which a slow job stands in the list: less than the time-out of its request and the settling."""
SUBMITS = ("fine", "lost", "taken", "slow", "late", "hangs", "garbage")
"""What may happen to a request, beside REFUSALS; all but `lost` are taken."""
POLLS, FETCHES = ("fine", "lost", "odd"), ("fine", "lost", "half", "html")


@dataclass(slots=True)
class MemoryJob:
    """One job that is billed."""

    id: str
    token: str
    price: Decimal
    accepted: float
    runs: float
    listed_from: float
    end: str = "done"
    """`done`, `failed`, which is given back, or `cancelled`."""
    forgotten: bool = False


class MemoryVendor:
    """The books of the vendor; `taking` is called before a job is accepted."""

    def __init__(self, world: World, taking: Callable[[str, Decimal], None]) -> None:
        self.world, self.taking = world, taking
        self.jobs: dict[str, MemoryJob] = {}
        self.submits, self.polls, self.fetches = deque[str](), deque[str](), deque[str]()
        self.odds, self.chance = 0.0, random.Random(0)
        """How likely a call goes wrong for which nothing was ordered above, and the dice for that."""
        self.runs = 30.0

    @property
    def billed(self) -> Decimal:
        """USD that were not given back."""
        return sum((job.price for job in self.jobs.values() if job.end != "failed"), Decimal(0))

    def take(self, token: str, price: Decimal, *, hidden: float) -> MemoryJob:
        """Accept a job and bill it."""
        self.taking(token, price)
        now = self.world.seconds
        job = MemoryJob(f"job-{len(self.jobs) + 1}", token, price, now, self.runs, now + hidden)
        self.jobs[job.id] = job
        return job

    def strike(self, faults: deque[str], kinds: Sequence[str]) -> str:
        """What happens to the call that just came."""
        self.world.point()
        if faults:
            return faults.popleft()
        return self.chance.choice(kinds) if self.chance.random() < self.odds else "fine"


VENDORS: dict[str, MemoryVendor] = {}
NEEDS = (Need("MEMORY_VENDOR"),)


class MemoryOptions(Options):
    """What the vendor can be asked for."""

    seconds: int = 5
    """Seconds of video."""

    def price(self) -> Decimal | None:
        """Ten cents a second."""
        return Decimal("0.10") * self.seconds


class Memory(ApiGenerator):
    """A client without quirks; the vendor lists every job by our token."""

    spec = ModelSpec(
        name="memory", factory=f"{__file__}:Memory", options=f"{__file__}:MemoryOptions", kind="api", needs=NEEDS
    )
    requests_per_second = 1000.0
    poll_least = poll_most = 5.0
    patience = 120.0
    lists_every_job = True

    @property
    def vendor(self) -> MemoryVendor:
        # The vendors of the package, whichever way this file was loaded.
        found: MemoryVendor = import_module("tests.models.memory").VENDORS[self.context.env["MEMORY_VENDOR"]]
        return found

    async def submit(self, request: GenerationRequest) -> Submission:
        vendor, clock = self.vendor, self.context.clock
        fault = vendor.strike(vendor.submits, (*SUBMITS, *REFUSALS))
        if fault in REFUSALS:
            raise REFUSALS[fault]()
        late = 0.9 * self.submit_timeout if fault == "late" else 0.0
        hidden = LISTED_LATE if fault == "slow" else late
        job = vendor.take(request.token, Decimal("0.10") * request.options["seconds"], hidden=hidden)
        vendor.world.point()
        await clock.sleep(2 * self.submit_timeout if fault == "hangs" else 0.3 + late)
        if fault in ("taken", "slow"):
            raise LostAnswer("the connection was reset")
        return None if fault == "garbage" else Submission(id=job.id)  # type: ignore[return-value]

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        vendor = self.vendor
        if (fault := vendor.strike(vendor.polls, POLLS)) != "fine":
            raise LostAnswer("reset") if fault == "lost" else KeyError("status")
        job = vendor.jobs[submission.id]
        if job.forgotten:
            raise Refusal(Answer(404, {}, b"", "memory"))
        if job.end != "done":
            kept = Decimal(0) if job.end == "failed" else job.price
            return Failed(reason=f"the job is {job.end}", cost=kept)
        over = vendor.world.seconds >= job.accepted + job.runs
        return Done(video_url=f"memory://{job.id}", cost=job.price) if over else Pending()

    async def fetch(self, done: Done, path: Path) -> None:
        vendor = self.vendor
        fault = vendor.strike(vendor.fetches, FETCHES)
        if fault == "lost":
            path.write_bytes(tiny_clip()[:500])
            raise LostAnswer("reset")
        path.write_bytes({"half": tiny_clip()[: len(tiny_clip()) // 2], "html": b"<html>"}.get(fault, tiny_clip()))

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        vendor = self.vendor
        vendor.world.point()
        ours = [job for job in vendor.jobs.values() if job.token == request.token]
        return [Candidate(id=job.id, exact=True) for job in ours if job.listed_from <= vendor.world.seconds]

    async def cancel(self, submission: Submission) -> None:
        self.vendor.world.point()
        self.vendor.jobs[submission.id].end = "cancelled"


class PartMemory(Memory):
    """The same vendor, whose list may lack jobs."""

    spec = ModelSpec(
        name="part-memory",
        factory=f"{__file__}:PartMemory",
        options=f"{__file__}:MemoryOptions",
        kind="api",
        needs=NEEDS,
    )
    lists_every_job = False


class BlindMemory(Memory):
    """The same vendor without a list of jobs."""

    spec = ModelSpec(
        name="blind-memory",
        factory=f"{__file__}:BlindMemory",
        options=f"{__file__}:MemoryOptions",
        kind="api",
        needs=NEEDS,
    )
    find = ApiGenerator.find


REFUSALS: dict[str, Callable[[], GenerationError]] = {
    "lost": lambda: LostAnswer("reset"),
    "throttled": lambda: Throttled("too many jobs", retry_after=20.0),
    "rejected": lambda: RejectedError("no such picture"),
    "no-credit": lambda: NoCredit("the account is empty"),
    "down": lambda: NoConnection("refused"),
    "busy": lambda: RetryableError("busy"),
}
"""What is raised where nothing is taken."""


@functools.cache
def tiny_clip() -> bytes:
    """Four frames of 32 x 32 pixels."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tiny.mp4")
        encode_clip((Image.new("RGB", (32, 32), (60 * step, 80, 120)) for step in range(4)), path, fps=4)
        return path.read_bytes()
