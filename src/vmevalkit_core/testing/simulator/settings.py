"""How the simulated vendor behaves when nothing goes wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
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
    skew_seconds: float = 0.0
    """How far the vendor's wall clock is ahead of ours, in times of creation and in dates; may be negative."""
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
    """The same in any one minute."""
    rate_phases: list[str] = dataclasses.field(default_factory=lambda: ["submit", "poll", "find", "cancel", "upload"])
    """The phases whose requests count for the rates; all but downloads and the account."""
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

    def changed(self, values: Any) -> Settings:
        """The settings with some changed; BadSetting for a name or a value that cannot be."""
        if not isinstance(values, Mapping):
            raise BadSetting(f"settings are an object, not {values!r}")
        known = {field.name for field in dataclasses.fields(self)}
        if unknown := sorted(set(values) - known):
            raise BadSetting(f"no setting is called {unknown[0]!r}; there are {', '.join(sorted(known))}")
        found = dataclasses.replace(self, **values)
        found.check()
        return found

    def check(self) -> None:
        """BadSetting for a value that would only be found out later."""
        for name, (test, words) in _CHECKS.items():
            if not test(getattr(self, name)):
                raise BadSetting(f"{name} is {words}, not {getattr(self, name)!r}")


def _is_money(value: Any) -> bool:
    try:
        return isinstance(value, str) and Decimal(value).is_finite()
    except ArithmeticError:
        return False


def _is_number(value: Any, least: float = 0) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= least


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_NUMBER = (_is_number, "a number from 0 on")
_COUNT = (lambda value: value is None or (isinstance(value, int) and _is_number(value)), "a whole number or null")
_FLAG = (lambda value: isinstance(value, bool), "true or false")
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("queued_seconds", "running_seconds", "spread", "stragglers", "latency", "listed_after"), _NUMBER),
    **dict.fromkeys(("jobs_at_once", "requests_per_second", "requests_per_minute", "jobs_per_day"), _COUNT),
    **dict.fromkeys(("repeats_tokens", "lean"), _FLAG),
    **dict.fromkeys(("link_seconds", "skew_seconds"), (lambda value: _is_number(value, float("-inf")), "a number")),
    "seed": (lambda value: isinstance(value, int), "a whole number"),
    "keys": (lambda value: value is None or _is_texts(value), "a list of texts or null"),
    "rate_phases": (_is_texts, "a list of phases"),
    "retry_after": (lambda value: value in ("none", "seconds", "date"), "none, seconds or date"),
    "balance": (lambda value: value is None or _is_money(value), "a decimal such as '12.50', or null"),
    "clip": (lambda value: value is None or isinstance(value, str), "a path or null"),
}
