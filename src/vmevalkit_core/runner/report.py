"""How runs ended: one outcome for each, and the totals of an invocation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from vmevalkit_core.errors import CeilingReached
from vmevalkit_core.records import RunKey, RunStatus

End = RunStatus | Literal["busy", "elsewhere", "blocked", "stopped", "unrecorded"]
"""`busy`: another process holds the claim; `elsewhere`: it finished the run; `blocked`: nothing was sent, the
reason says why; `stopped`: the user did, before anything was sent; `unrecorded`: the disk refused the record."""

SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one run ended, for the summary and the progress display."""

    key: RunKey
    end: End
    folder: str | None = None
    error: str = ""
    hint: str = ""
    seconds: float | None = None
    charged: Decimal | None = None
    job: str | None = None
    """The provider's id of the job, also where the disk refused it."""
    cause: Exception | None = None
    """Of a blocked run: what a program may want to raise."""

    @property
    def good(self) -> bool:
        """Whether the run has a checked clip."""
        return self.end in ("success", "elsewhere")


@dataclass(slots=True)
class Report:
    """The totals of an invocation, and the first of what went wrong; every job whose end the disk refused."""

    ends: Counter[str] = field(default_factory=Counter)
    troubles: list[Outcome] = field(default_factory=list)
    charged: Decimal = Decimal(0)
    interrupted: bool = False
    ceiling_reached: bool = False
    """Some runs were not sent, because the experiment has spent what it may."""

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.ends[outcome.end] += 1
        self.charged += outcome.charged or 0
        self.ceiling_reached |= isinstance(outcome.cause, CeilingReached)
        if not outcome.good and (len(self.troubles) < SHOWN or (outcome.end == "unrecorded" and outcome.job)):
            self.troubles.append(outcome)

    @property
    def good(self) -> int:
        """Runs that have a checked clip now."""
        return self.ends["success"] + self.ends["elsewhere"]

    @property
    def bad(self) -> int:
        """Runs that were tried and have none."""
        return sum(self.ends.values()) - self.good
