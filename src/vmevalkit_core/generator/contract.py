"""What the two sides of the plugin contract see of each other: a context, a job, a generator."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from vmevalkit_core.clock import Clock
from vmevalkit_core.limits import Gate, Limiter
from vmevalkit_core.records import Clip, GenerationRequest, Intent, Submission
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.transport import Http


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a worker gives the generators that it builds."""

    env: Mapping[str, str]
    """The environment names that the spec declares in `needs` and `settings`, and no others."""
    limiter: Limiter
    """At most so many `async with context.limiter:` at once, over all runs of the account; for pacing calls."""
    http: Http = field(default_factory=Http)
    """Calls and downloads, shared by the models of the account."""
    gate: Gate = field(default_factory=Gate)
    """Whether the account takes requests at present, shared like `http`."""
    job_seconds: Sequence[float] = ()
    """How long earlier jobs of the model took; for planning when to ask."""
    clock: Clock = field(default_factory=Clock)
    """`now()`, `monotonic()` and `await sleep(seconds)`; tests put another in its place."""
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("vmevalkit_core.generator"))
    """A logger that hides secrets."""
    device: str = "auto"
    """`cuda`, `mps` or `cpu`, for a local model; `auto`: the best that torch finds."""
    cache: Path | None = None
    """Where a local model may keep what is costly to make again; None: nowhere."""
    local_env: Mapping[str, str] = field(default_factory=dict)
    """Where weights may be, for a local model: VMEVAL_WEIGHTS, the cache of the hub, HOME. Never a key."""


class Job(Protocol):
    """One attempt at a run, as its generator sees it."""

    @property
    def submission(self) -> Submission | None:
        """Set when a provider has this job already: collect it, never send it again."""

    @property
    def intent(self) -> Intent | None:
        """Set in `recover` only: the request that an earlier process may have sent."""

    @property
    def sent_at(self) -> datetime | None:
        """When the request was about to be sent, in this process or an earlier one; None before, and where unknown."""

    @property
    def clip_path(self) -> Path:
        """Where to write the video: a temporary name on the disk of the results."""

    @property
    def log(self) -> logging.Logger:
        """A logger that hides secrets."""

    def preparing(self) -> AbstractAsyncContextManager[None]:
        """While nothing has been sent yet: what ends in here, by an error or by the user, has cost nothing."""

    async def submitted(self, submission: Submission) -> None:
        """Put the provider's id on disk; when it returns, no crash can lose the job."""

    def progress(self, fraction: float | None = None, stage: str = "") -> None:
        """Tell how far the job is: `fraction` from 0 to 1 where it is known."""


class Generator(Protocol):
    """What `spec.factory` names. It may also have `async recover(request, job) -> Clip`."""

    def __init__(self, spec: ModelSpec, context: Context) -> None: ...

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        """The clip for a request; one that calls `job.submitted` starts from `job.submission` when it is set."""
