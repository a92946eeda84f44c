"""The vendor's own time."""

from __future__ import annotations

import time
from math import ceil


class Clock:
    """Time that can be pushed ahead, so that nothing has to be waited for."""

    def __init__(self) -> None:
        self.ahead = 0.0
        """Seconds that jobs, links and quotas have been pushed ahead."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic() + self.ahead

    def reach(self, instant: float) -> None:
        """Be at an instant, or after it."""
        self.ahead = max(self.ahead, instant - time.monotonic())

    def in_words(self, wait: float, form: str, wall: float) -> str:
        """A wait as Retry-After says it: "seconds" as a whole number, "date" as a date of HTTP after `wall`."""
        if form == "seconds":
            return str(max(1, ceil(wait)))
        # A date has whole seconds, so it is rounded up: the vendor means it.
        return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(ceil(wall + wait)))
