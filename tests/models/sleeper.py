"""A free model that takes a given time and hands out one small clip: for measuring what is around it."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import tempfile

from PIL import Image

from vmevalkit_core import Clip, Context, FreeOptions, GenerationRequest, Job, ModelSpec, encode_clip


class SleeperOptions(FreeOptions):
    """How long it takes."""

    seconds: float = 2.0


class Sleeper:
    """Sleeps, then copies a 16-frame clip of 64 x 64 pixels."""

    spec = ModelSpec(name="sleeper", factory=f"{__file__}:Sleeper", options=f"{__file__}:SleeperOptions", kind="local")

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        self.clip = finished_clip()

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        await asyncio.sleep(SleeperOptions(**request.options).seconds)
        await asyncio.to_thread(shutil.copyfile, self.clip, job.clip_path)
        return Clip(path=job.clip_path)


@functools.cache
def finished_clip() -> str:
    """The clip, made once in a process."""
    path = os.path.join(tempfile.mkdtemp(), "clip.mp4")
    encode_clip((Image.new("RGB", (64, 64), (16 * step, 80, 120)) for step in range(16)), path, fps=8)
    return path
