"""Retries as data: how often, how long, and who decides when."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import RetryableError

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Bounded in number and in time, with jitter; a vendor's Retry-After counts for more."""

    attempts: int
    within: float
    """Seconds after which no further attempt is started."""
    first: float
    """Seconds before the second attempt; doubled for each one after it."""
    longest: float

    def wait(self, attempt: int, asked: float | None) -> float:
        """Seconds to wait after a failed attempt, the first being 1."""
        if asked is not None:
            return asked + random.uniform(0.0, min(1.0, 0.1 * asked))
        return random.uniform(0.5, 1.0) * min(self.longest, self.first * 2.0 ** (attempt - 1))


POLL = RetryPolicy(attempts=8, within=120.0, first=0.5, longest=20.0)
SUBMIT = RetryPolicy(attempts=5, within=300.0, first=1.0, longest=60.0)
PATIENT = RetryPolicy(attempts=1000, within=6 * 3600.0, first=2.0, longest=60.0)
"""For an account that is busy: a queue is no failure."""
REFUSED = RetryPolicy(attempts=3, within=30.0, first=2.0, longest=10.0)
"""For an account that is refused when it asks about a job that it has."""
KEEP = RetryPolicy(attempts=4, within=5.0, first=0.3, longest=2.0)
"""For an id that the disk refuses."""
AGAIN = RetryPolicy(attempts=4, within=600.0, first=1.0, longest=20.0)
"""For a video that came broken."""


async def retried(
    call: Callable[[], Awaitable[T]], policy: RetryPolicy, clock: Clock, *, on: type[Exception] = RetryableError
) -> T:
    """The answer of the first call that does not raise `on`; the last error when none does."""
    try:
        return await call()
    except on as error:
        failure = error
    # What waits for minutes, thousands at a time, is nearly always the first call: no machinery is built around it.
    return await _again(call, failure, policy, clock, on)


async def _again(
    call: Callable[[], Awaitable[T]], failure: Exception, policy: RetryPolicy, clock: Clock, on: type[Exception]
) -> T:
    """The same, after a first call that ended with `failure`."""
    from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

    failed_at, failures = clock.monotonic(), [failure]

    async def attempt() -> T:
        if failures:
            raise failures.pop()
        return await call()

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return policy.wait(state.attempt_number, getattr(error, "retry_after", None))

    def over(state: RetryCallState) -> bool:
        """Counted from the first failure: a call may take longer than its retries."""
        return clock.monotonic() - failed_at + state.upcoming_sleep >= policy.within

    retrying = AsyncRetrying(
        sleep=clock.sleep,
        stop=lambda state: over(state) or stop_after_attempt(policy.attempts)(state),
        wait=wait,
        retry=retry_if_exception_type(on),
        reraise=True,
    )
    return await retrying(attempt)
