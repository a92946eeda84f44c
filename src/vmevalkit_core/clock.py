"""The one place that tells the time and waits, so that tests can bend both."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """Wall time for records, monotonic time for waiting and durations."""

    def now(self) -> datetime:
        """The current time in UTC, with its offset."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; negative counts as zero."""
        await asyncio.sleep(max(0.0, seconds))
