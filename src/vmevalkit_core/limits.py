"""How many runs may be in flight at once for one account or device."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Limiter:
    """At most `capacity` holders at a time; used as `async with limiter:`."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._slots = asyncio.Semaphore(capacity)

    async def __aenter__(self) -> None:
        await self._slots.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slots.release()
