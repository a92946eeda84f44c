"""The model of `many_jobs.py`: asks about each job as often as it is told, and watches its loop and its memory.

Run as `vmeval run -m benchmarks/watched.py:Watched`, with POLL_SECONDS and WATCH_FILE set.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import time
from pathlib import Path

from tests.hostile.measure import own_peak
from tests.models.plain import NEEDS, Steady
from vmevalkit_core import GenerationRequest, ModelSpec, Submission

STEP = 0.05
"""Seconds between two looks at the clock."""
KEPT = 5.0
"""Seconds between two savings of what was seen; the last one is at the end."""


class Watched(Steady):
    """The plain vendor's client, whose first job starts the watch."""

    spec = ModelSpec(
        name="watched-plain",
        factory=f"{__file__}:Watched",
        options=Steady.spec.options,
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    poll_least = poll_most = float(os.environ.get("POLL_SECONDS", "1"))
    watch: Watch | None = None

    async def submit(self, request: GenerationRequest) -> Submission:
        """As always."""
        self.watch = self.watch or Watch(Path(os.environ["WATCH_FILE"]))
        return await super().submit(request)


class Watch:
    """Writes down, again and again, by how many seconds each of many short sleeps came late."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._late: list[float] = []
        self._saved = time.monotonic()
        atexit.register(self._save)
        self._sleep()

    def _sleep(self) -> None:
        asyncio.get_running_loop().call_later(STEP, self._look, time.monotonic() + STEP)

    def _look(self, due: float) -> None:
        now = time.monotonic()
        self._late.append(now - due)
        if now - self._saved > KEPT:
            self._save()
            self._saved = now
        self._sleep()

    def _save(self) -> None:
        self._path.write_text(json.dumps({"late": self._late, "peak": own_peak()}))
