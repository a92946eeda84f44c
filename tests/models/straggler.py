"""A free model whose first call is given up in the middle of writing, and goes on writing later."""

from __future__ import annotations

import asyncio
import shutil
from importlib import import_module
from typing import BinaryIO

from tests.models.sleeper import finished_clip
from vmevalkit_core import Clip, Context, GenerationRequest, Job, ModelSpec

WRITERS: list[BinaryIO] = []
"""What the first call has opened."""


class Straggler:
    """Hands out one small clip, but the first time."""

    spec = ModelSpec(
        name="straggler",
        factory=f"{__file__}:Straggler",
        options=f"{__file__.replace('straggler', 'stumbling')}:Free",
        kind="local",
    )

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        # Those of the package, whichever way this file was loaded.
        self.writers: list[BinaryIO] = import_module("tests.models.straggler").WRITERS

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        if not self.writers:
            self.writers.append(open(job.clip_path, "wb"))  # noqa: SIM115, ASYNC230 (the test closes it)
            await asyncio.sleep(3600)
        await asyncio.to_thread(shutil.copyfile, finished_clip(), job.clip_path)
        for writer in self.writers:
            writer.write(b"the rest of another clip")
            writer.flush()
        return Clip(path=job.clip_path)
