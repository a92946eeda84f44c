"""The generators of the built-in models."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Annotated

from PIL import Image
from pydantic import AfterValidator, Field

from vmevalkit_core import (
    Clip,
    Context,
    FreeOptions,
    GenerationRequest,
    ImageRef,
    ImageRule,
    Job,
    MissingFrame,
    ModelSpec,
    PictureOptions,
    Unit,
    encode_clip,
    open_rgb,
)

HELD = 0.15
"""The share of the clip for which each end stands still, so that a scorer sees both frames whole."""


def checked_size(text: str) -> str:
    """A size such as 1280x720, from 16 to 9999 pixels a side."""
    sides = text.split("x")
    if len(sides) != 2 or not all(side.isdecimal() and 16 <= int(side) <= 9999 for side in sides):
        raise ValueError("a size is like 1280x720, from 16 to 9999 pixels a side")
    return text


class BaselineOptions(PictureOptions, FreeOptions):
    """How long the clip is, how smooth and how large."""

    seconds: Annotated[float, Unit("s")] = Field(2.0, ge=0.1, le=60.0)
    """Length of the clip."""
    fps: Annotated[int, Unit("frames/s")] = Field(8, ge=1, le=60)
    """Frames per second."""

    size: Annotated[str, AfterValidator(checked_size)] | None = None
    """Pixels of the clip, such as 1280x720, to be compared with a model of that size; the question's own where none."""

    def image_rule(self) -> ImageRule:
        """Any size, or the one that was asked for."""
        if self.size is None:
            return ImageRule(**self.picture())
        width, height = map(int, self.size.split("x"))
        return ImageRule(sizes=((width, height),), **self.picture())

    @property
    def frames(self) -> int:
        """How many frames that makes; at least one."""
        return max(1, round(self.seconds * self.fps))


class Baseline(ABC):
    """A model that draws its frames instead of generating them."""

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        self.spec = spec

    @abstractmethod
    def frames(self, request: GenerationRequest, count: int) -> Iterator[Image.Image]:
        """That many frames, one after the other."""

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        """The clip, encoded in a thread."""
        options = BaselineOptions.model_validate(request.options)
        await asyncio.to_thread(self._write, request, options, job.clip_path)
        return Clip(path=job.clip_path)

    def _write(self, request: GenerationRequest, options: BaselineOptions, path: Path) -> None:
        encode_clip(self.frames(request, options.frames), path, fps=options.fps)


class Hold(Baseline):
    """Shows the first frame and nothing else."""

    def frames(self, request: GenerationRequest, count: int) -> Iterator[Image.Image]:
        """The first frame, again and again."""
        return repeat(_shown(request.first_frame, "first_frame"), count)


class Oracle(Baseline):
    """Fades from the first frame to the final frame."""

    def frames(self, request: GenerationRequest, count: int) -> Iterator[Image.Image]:
        """Frames whose first and last are the two pictures themselves."""
        first = _shown(request.first_frame, "first_frame")
        final = _shown(request.final_frame, "final_frame")
        if final.size != first.size:
            final = final.resize(first.size, Image.Resampling.LANCZOS)
        return (Image.blend(first, final, share(number, count)) for number in range(count))


def share(number: int, count: int) -> float:
    """How much of the final frame the frame of that number shows, from 0 to 1."""
    at = number / (count - 1) if count > 1 else 1.0
    moved = min(1.0, max(0.0, (at - HELD) / (1 - 2 * HELD)))
    return moved * moved * (3 - 2 * moved)


def _shown(image: ImageRef | None, what: str) -> Image.Image:
    if image is None:
        raise MissingFrame(f"the task has no {what}, which this model is shown", hint=f"add {what}.png to the task")
    return open_rgb(image.path)
