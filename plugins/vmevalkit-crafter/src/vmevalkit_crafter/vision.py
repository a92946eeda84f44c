"""From a picture to picture tokens: the picture half of OpenCLIP ViT-H/14, and the resize in front of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad
from transformers import CLIPVisionConfig, CLIPVisionModel

from vmevalkit_crafter.config import VisionConfig

MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
"""Of CLIP's training pictures, by channel (openai/CLIP, `clip.py`)."""


def vision_model(config: VisionConfig) -> CLIPVisionModel:
    """A model of that size."""
    return CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=config.width,
            intermediate_size=config.width * 4,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            patch_size=config.patch,
            image_size=config.side,
            hidden_act="gelu",
        )
    )


def image_tokens(model: CLIPVisionModel, pictures: Tensor) -> Tensor:
    """[b, 257, width] for pictures [b, 3, h, w] in -1 to 1: all tokens of the last layer, without the final norm."""
    side: Any = model.config.image_size
    pixels = clip_pixels(pictures.float(), side).to(next(model.parameters()).dtype)
    tokens: Tensor = model(pixel_values=pixels).last_hidden_state
    return tokens


def clip_pixels(pictures: Tensor, side: int = 224) -> Tensor:
    """Pictures [b, 3, h, w] in -1 to 1 as CLIP is shown them: [b, 3, side, side], centred and scaled by channel.

    Squeezed to a square, as kornia's `resize(..., "bicubic", align_corners=True, antialias=True)` does it.
    """
    # Blurred at full size, and then interpolated without smoothing: the order matters to the last digits.
    pictures = _blurred(pictures, [size / side for size in pictures.shape[2:]])
    pictures = interpolate(pictures, (side, side), mode="bicubic", align_corners=True)
    mean, deviation = (torch.tensor(values, device=pictures.device)[:, None, None] for values in (MEAN, DEVIATION))
    return ((pictures + 1) / 2 - mean) / deviation


def _blurred(pictures: Tensor, factors: Sequence[float]) -> Tensor:
    """Smoothed before they shrink by those factors down and across; untouched where neither side shrinks."""
    if max(factors) <= 1:
        return pictures
    for axis, factor in zip((2, 3), factors, strict=True):
        kernel = _gaussian(factor).to(pictures)
        half = len(kernel) // 2
        shape, border = ((-1, 1), (0, 0, half, half)) if axis == 2 else ((1, -1), (half, half, 0, 0))
        weight = kernel.view(1, 1, *shape).expand(pictures.shape[1], -1, -1, -1)
        pictures = conv2d(pad(pictures, border, mode="reflect"), weight, groups=pictures.shape[1])
    return pictures


def _gaussian(factor: float) -> Tensor:
    """[odd] of sum 1: sigma is half of what the factor exceeds 1 by, the kernel four of them wide."""
    # A side that does not shrink still gets a kernel, so narrow that only its middle counts.
    sigma = max((factor - 1) / 2, 0.001)
    size = max(int(4 * sigma), 3)
    size += 1 - size % 2
    places = torch.arange(size, dtype=torch.float32) - size // 2
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    return weights / weights.sum()
