"""The life of a job: held, queued, running, and one of several ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

State = Literal["held", "queued", "running", "done", "failed", "cancelled", "odd"]
"""`held` waits because too many jobs run; `odd` is a word that no client has heard of."""
ENDED = frozenset({"done", "failed", "cancelled"})
End = Literal["done", "empty", "failed", "moderated", "never", "stuck"]
"""How a job is bound to end: `empty` is done without a video, `moderated` a failure with the vendor's code for it,
`never` runs for ever and `stuck` stays in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a create request asks for, as far as the vendor's engine has to know it."""

    price: Decimal = Decimal(0)
    """What is billed at acceptance, in USD."""
    token: str | None = None
    """The client's own mark, where the vendor keeps one."""
    model: str = ""
    """The model that was asked for; for the ledger."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Whatever the dialect wants back in its answers about the job; plain JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How and when a job ends."""

    kind: End = "done"
    """`done`, `failed`, and so on."""
    at: float = 1.0
    """The share of the running time after which it ends."""
    code: str = ""
    """The vendor's code of a failure; "" for the dialect's usual one."""
    message: str = ""
    """The vendor's words for it; "" for the dialect's usual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A job as it is at one instant: what a dialect puts into words."""

    id: str
    """As the vendor names the job."""
    number: int
    """Jobs are counted from 1 in the order of their acceptance."""
    order: Order
    """What `Dialect.order` made of the request."""
    state: State
    """Where the job stands."""
    before: State
    """The state at the cancellation of a job that was cancelled; else the same as `state`."""
    progress: float
    """From 0 to 1."""
    created: float
    """Seconds since 1970."""
    ending: Ending
    """How it is bound to end."""

    @property
    def moderated(self) -> bool:
        """Whether it failed because of its content."""
        return self.state == "failed" and self.ending.kind == "moderated"

    @property
    def empty(self) -> bool:
        """Whether it is done and has no video."""
        return self.state == "done" and self.ending.kind == "empty"


@dataclass(slots=True, kw_only=True)
class Job:
    """One accepted job; times are those of the simulator's own clock."""

    id: str
    number: int
    order: Order
    ending: Ending
    accepted: float
    created: float
    queued: float
    running: float
    released: float | None = None
    """When it left the line of held jobs; None while it waits there."""
    cancelled: float | None = None
    deleted: bool = False
    closed: bool = False
    """Whether its end stands in the ledger."""

    @property
    def ends(self) -> float:
        """When it ends if nobody cancels it."""
        if self.released is None or self.ending.kind in ("never", "stuck"):
            return float("inf")
        return self.released + self.queued + self.running * self.ending.at

    def state(self, now: float) -> State:
        """Where it stands at an instant."""
        return "cancelled" if self.cancelled is not None else self._own_state(now)

    def look(self, now: float) -> Look:
        """The whole picture at an instant."""
        state = self.state(now)
        before = state if self.cancelled is None else self._own_state(self.cancelled)
        return Look(
            id=self.id,
            number=self.number,
            order=self.order,
            state=state,
            before=before,
            progress=self._progress(now),
            created=self.created,
            ending=self.ending,
        )

    def _own_state(self, now: float) -> State:
        if self.released is None:
            return "held"
        if now >= self.ends:
            return "done" if self.ending.kind in ("done", "empty") else "failed"
        waits = self.ending.kind == "stuck" or now < self.released + self.queued
        return "queued" if waits else "running"

    def _progress(self, now: float) -> float:
        if self.released is None or self.ending.kind == "stuck":
            return 0.0
        ran = now - self.released - self.queued
        if now >= self.ends and self.ending.kind in ("done", "empty"):
            return 1.0
        return round(min(max(ran / self.running, 0.0), 0.99), 4) if self.running else 0.0
