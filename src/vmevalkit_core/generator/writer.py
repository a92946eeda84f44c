"""Writes clips in a thread of its own while the device draws the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from vmevalkit_core.media.encoding import encode_clip

WAITING = 3
"""Clips in memory: one is drawn, one waits, one is written. 121 frames of 1216 x 704 are 310 MB."""


class Writer:
    """At most `WAITING` clips at a time; the device waits where encoding is slower than drawing."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="vmeval-writer")
        self._room = asyncio.Semaphore(WAITING)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place in the queue; taken while the device is still ours, so that frames do not pile up."""
        async with self._room:
            yield

    async def write(self, frames: Any, path: Path, fps: float) -> float:
        """Seconds that it took to encode an array of uint8 frames, (frames, height, width, 3)."""

        def encode() -> float:
            begun = time.monotonic()
            encode_clip(iter(frames), path, fps=fps)
            return time.monotonic() - begun

        return await asyncio.get_running_loop().run_in_executor(self._pool, encode)

    def close(self) -> None:
        """Wait for the clip that is being written."""
        self._pool.shutdown()
