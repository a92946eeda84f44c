"""How the simulated vendor behaves when nothing goes wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal


class BadSetting(ValueError):
    """A setting, rule or dialect that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Set at the start by `Simulator(..., name=value)` and live by `Simulator.set(name=value)`; plain JSON."""

    queued_seconds: float = 0.0
    """How long a job waits before it runs."""
    running_seconds: float = 0.05
    """How long it runs; the median where `spread` is set."""
    spread: float = 0.0
    """Sigma of a lognormal spread of the running time; 0 for always the same."""
    stragglers: float = 0.0
    """The share of jobs that run five times as long."""
    seed: int = 0
    """Of running times, and of the rules with a probability."""
    latency: float = 0.0
    """Seconds before each answer."""
    listed_after: float = 0.0
    """Seconds until a new job stands in the list: a request may still be inside the vendor."""
    link_seconds: float = 3600.0
    """How long a link to a result lives."""
    keys: list[str] | None = None
    """The keys that are known; None takes any key, but not none at all."""
    balance: str | None = None
    """Money in the account at the start, as a decimal; None never runs out."""
    jobs_at_once: int | None = None
    """More are refused or held, as the vendor does."""
    requests_per_second: int | None = None
    """In any one second, over the phases in `rate_phases`."""
    requests_per_minute: int | None = None
    rate_phases: list[str] = dataclasses.field(default_factory=lambda: ["submit", "poll", "find", "cancel", "upload"])
    retry_after: Literal["none", "seconds", "date"] = "none"
    """How a refusal over the rate says when to come again."""
    jobs_per_day: int | None = None
    """In any 24 hours."""
    repeats_tokens: bool = False
    """Whether a second request with the same token gets the first one's job, as with an idempotency key."""
    clip: str | None = None
    """The file that is served as the result; None serves a small mp4 that decodes."""
    lean: bool = False
    """Whether headers and bodies of requests are forgotten, for long measurements."""

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The settings with some changed; BadSetting for a name or a value that cannot be."""
        known = {field.name for field in dataclasses.fields(self)}
        if unknown := sorted(set(values) - known):
            raise BadSetting(f"no setting is called {unknown[0]!r}; there are {', '.join(sorted(known))}")
        found = dataclasses.replace(self, **values)
        found.check()
        return found

    def check(self) -> None:
        """BadSetting for a value that would only be found out later."""
        if self.retry_after not in ("none", "seconds", "date"):
            raise BadSetting(f"retry_after is none, seconds or date, not {self.retry_after!r}")
        for name in ("queued_seconds", "running_seconds", "spread", "stragglers", "latency", "listed_after"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise BadSetting(f"{name} is a number from 0 on, not {value!r}")
        for name in ("jobs_at_once", "requests_per_second", "requests_per_minute", "jobs_per_day"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise BadSetting(f"{name} is a whole number from 0 on or null, not {value!r}")
        if self.balance is not None:
            _money(self.balance)


def _money(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise BadSetting(f"balance is a decimal such as '12.50', not {text!r}") from error
