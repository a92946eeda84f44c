"""Numbers as vectors: the time step and the frame rate that a network is told."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LONGEST = 10_000.0
"""The longest period of the sinusoids, as in "Attention Is All You Need" (arXiv:1706.03762)."""


def sinusoid(numbers: Tensor, width: int) -> Tensor:
    """[b] as [b, width] in float32: all cosines first, then all sines (Ho et al. 2020 has the sines first)."""
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=numbers.device)
    angles = numbers.float()[:, None] * torch.exp(-math.log(LONGEST) * steps / half)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def number_mlp(width: int, out: int) -> nn.Sequential:
    """What follows a sinusoid: [b, width] to [b, out]."""
    return nn.Sequential(nn.Linear(width, out), nn.SiLU(), nn.Linear(out, out))
