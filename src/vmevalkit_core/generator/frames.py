"""Frames on their way from the device to a clip."""

from __future__ import annotations

import zlib
from functools import reduce
from typing import Any

from vmevalkit_core.errors import ModelError
from vmevalkit_core.geometry import Size

CHUNK = 16
"""Frames turned into bytes at once: the floats of a long clip would need the memory of a second one."""


def uint8_frames(video: Any, *, lowest: float = -1.0, highest: float = 1.0) -> Any:
    """A uint8 array (frames, height, width, 3) on the CPU from a torch video (3, frames, height, width) of floats.

    Converted on the device, so that a quarter of the bytes has to leave it.
    """
    torch = _torch()
    parts = []
    for part in video.split(CHUNK, dim=1):
        check_finite(part, "decoded frames")  # as bytes a number that is none is black, and passes for a clip
        bright = (part.float() - lowest) * (255.0 / (highest - lowest))
        parts.append(bright.round_().clamp_(0, 255).to(torch.uint8).permute(1, 2, 3, 0).cpu())
    return torch.cat(parts).contiguous().numpy()


def check_finite(latents: Any, what: str = "latents") -> None:
    """ModelError when a tensor holds what is no number."""
    if not bool(latents.isfinite().all()):
        raise ModelError(f"the {what} hold values that are no numbers", hint="-p dtype=float32 or bfloat16 may help")


def on_cpu(frames: Any, wanted: int, size: Size) -> Any:
    """The first frames of what a model drew, as numpy; ModelError when they are not what a clip is made of."""
    array = frames.cpu().numpy() if hasattr(frames, "cpu") else frames
    shape = tuple(getattr(array, "shape", ()))
    if str(getattr(array, "dtype", "")) != "uint8" or len(shape) != 4 or shape[3] != 3:
        raise ModelError(f"render returned {type(frames).__name__} {shape} instead of uint8 (frames, height, width, 3)")
    if (shape[2], shape[1]) != size:
        raise ModelError(f"the model drew {shape[2]} x {shape[1]} pixels and was asked for {size[0]} x {size[1]}")
    if shape[0] < wanted:
        raise ModelError(f"the model drew {shape[0]} frames and was asked for {wanted}")
    return array[:wanted]


def checksum(frames: Any) -> str:
    """Eight hex digits of all pixels: equal for clips that were drawn alike, which their files need not be."""
    return f"{reduce(lambda sum_, frame: zlib.crc32(frame.tobytes(), sum_), frames, 0):08x}"


def _torch() -> Any:
    from vmevalkit_core.generator.torch_facts import torch

    return torch()
