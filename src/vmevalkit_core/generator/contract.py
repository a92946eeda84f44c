"""What the two sides of the plugin contract see of each other: a context, a job, a generator."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Protocol

from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import RetryableError
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a vendor says about the account of a key that he knows."""

    credit: Decimal | None = None
    """What is left, as `unit`; None where he does not say. At zero or below he takes no job."""
    unit: str = "USD"
    """What `credit` is counted in."""
    remark: str = ""
    """What else a person should know, as a few words: how little the answer proves, say."""

    @classmethod
    def holding(cls, amount: object, *, each: Decimal = Decimal(1), remark: str = "") -> Account:
        """With so much left, as the vendor's JSON has it, each unit of his worth `each` USD.

        RetryableError where that is no number.
        """
        try:
            credit = Decimal("NaN" if isinstance(amount, bool) else str(amount))
        except InvalidOperation:
            credit = Decimal("NaN")
        if not credit.is_finite():
            raise RetryableError(f"the answer about the credit makes no sense: {amount!r:.80}")
        return cls(credit=credit * each, remark=remark)


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

    def answer_lost(self) -> None:
        """Tell that no answer to the request will come: its job is looked for now, which may be left to later."""

    def progress(self, fraction: float | None = None, stage: str = "") -> None:
        """Tell how far the job is: `fraction` from 0 to 1 where it is known."""


class Generator(Protocol):
    """What `spec.factory` names. It may also have `async recover(request, job) -> Clip`."""

    def __init__(self, spec: ModelSpec, context: Context) -> None: ...

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        """The clip for a request; one that calls `job.submitted` starts from `job.submission` when it is set."""
