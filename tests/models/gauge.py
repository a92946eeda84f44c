"""Free models that tell how many of them run at once."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from importlib import import_module

from tests.models.sleeper import finished_clip
from vmevalkit_core import Clip, Context, GenerationRequest, Job, ModelSpec

NOW: Counter[str] = Counter()
PEAK: Counter[str] = Counter()


class Gauge:
    """Counts those of its limit key that are at work."""

    spec = ModelSpec(name="gauge-a", factory=f"{__file__}:Gauge", limit_key="shared", inputs=("first_frame",))

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        self.key = spec.limit_key

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        # The counters of the package, whichever way this file was loaded.
        gauge = import_module("tests.models.gauge")

        gauge.NOW[self.key] += 1
        gauge.PEAK[self.key] = max(gauge.PEAK[self.key], gauge.NOW[self.key])
        await asyncio.sleep(0.3)
        gauge.NOW[self.key] -= 1
        shutil.copyfile(finished_clip(), job.clip_path)
        return Clip(path=job.clip_path)


class SameAccount(Gauge):
    """Another model of the same account."""

    spec = ModelSpec(name="gauge-b", factory=f"{__file__}:SameAccount", limit_key="shared", inputs=("first_frame",))


class OtherAccount(Gauge):
    """A model with an account of its own."""

    spec = ModelSpec(name="gauge-c", factory=f"{__file__}:OtherAccount", limit_key="other", inputs=("first_frame",))
