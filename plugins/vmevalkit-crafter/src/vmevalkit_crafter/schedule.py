"""The noise of each training step, and the steps that DDIM takes through it (Song et al. 2020, arXiv:2010.02502)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vmevalkit_crafter.config import DiffusionConfig, Spacing

TRAINED = 1000
"""Steps of the training noise."""
FIRST_BETA, LAST_BETA = 0.00085, 0.012
"""`linear_start` and `linear_end` of every config; roots in between are spaced evenly, as in Stable Diffusion."""
RESCALED = 400
"""Steps over which the scale of clean latents falls to its end value (`ddpm3d.py`, `scale_arr`)."""


def alphas_cumprod(*, zero_terminal_snr: bool) -> Tensor:
    """ᾱ [1000] in float64: the share of a clean latent's variance that is left after each training step."""
    betas = torch.linspace(math.sqrt(FIRST_BETA), math.sqrt(LAST_BETA), TRAINED, dtype=torch.float64) ** 2
    bars = torch.cumprod(1 - betas, dim=0)
    return _ending_in_noise(bars) if zero_terminal_snr else bars


def _ending_in_noise(bars: Tensor) -> Tensor:
    """√ᾱ shifted so that the last is 0, then scaled so that the first is as before (arXiv:2305.08891, algorithm 1)."""
    roots = bars.sqrt()
    return ((roots - roots[-1]) * (roots[0] / (roots[0] - roots[-1]))) ** 2


def latent_scales(end: float) -> Tensor:
    """[1000] in float32: what clean latents were scaled by in training, from 1 down to `end`, which then stays."""
    falling = torch.linspace(1.0, end, RESCALED, dtype=torch.float64)
    return torch.cat([falling, torch.full((TRAINED - RESCALED,), end, dtype=torch.float64)]).float()


def timesteps(steps: int, spacing: Spacing) -> list[int]:
    """The training steps to visit, rising, each from 0 to 999; as many as the authors' code takes.

    `uniform` strides by 1000 // steps, so it may take more steps than were asked for: 31 for 30. Where it would visit
    step 1000, which does not exist and ends the original (3, 9, 27, 36, 37 and 101 to 111 steps), step 999 stands in.
    `uniform_trailing` ends on 999 and takes exactly `steps`: where rounding gives the original one more, step -1
    (61, 103, 121, 122), that one is left out.
    """
    if not 1 <= steps <= TRAINED:
        raise ValueError(f"{steps} steps: from 1 to {TRAINED} are possible")
    if spacing == "uniform":
        return sorted({min(step + 1, TRAINED - 1) for step in range(0, TRAINED, TRAINED // steps)})
    # As numpy's arange strides, which decides where 187.5 falls: the second value minus the first, times the number.
    stride = TRAINED - (TRAINED - TRAINED / steps)
    return [round(TRAINED - number * stride) - 1 for number in reversed(range(steps))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The numbers of one DDIM step from `timestep` to the one before it; tensors are float32 scalars."""

    timestep: int
    root: Tensor
    """√ᾱ: how much of the clean latent is in x."""
    noise_root: Tensor
    """√(1 - ᾱ): how much noise is in x."""
    previous_root: Tensor
    """√ᾱ of the step before."""
    sigma: Tensor
    """Of the fresh noise."""
    direction: Tensor
    """√(1 - ᾱ of the step before - σ²): how much of the predicted noise stays."""
    rescale: Tensor
    """What the predicted clean latent is multiplied with."""


def ddim_steps(config: DiffusionConfig, steps: int, spacing: Spacing, eta: float) -> list[Step]:
    """The steps in the order in which they are taken, the noisiest first; eta 0 adds no fresh noise."""
    visited = timesteps(steps, spacing)
    # The authors keep ᾱ in float32, and compute sigma from that in float64.
    table = alphas_cumprod(zero_terminal_snr=config.zero_terminal_snr)
    bars = table.float()[visited].double()
    before = torch.cat([table[:1].float().double(), bars[:-1]])  # the last step ends on ᾱ₀, not on 1
    sigmas = eta * ((1 - before) / (1 - bars) * (1 - bars / before)).sqrt()
    rescales = _rescales(config, visited)
    return [
        _step(visited[k], table[visited[k]], before[k].float(), sigmas[k].float(), rescales[k])
        for k in reversed(range(len(visited)))
    ]


def _step(timestep: int, bar: Tensor, before: Tensor, sigma: Tensor, rescale: Tensor) -> Step:
    # With zero terminal SNR and eta 1 the first σ² is 1 - ᾱ, and rounding makes the radicand -6e-8 for 7, 11, 14, 15,
    # 20, 25, … steps: a video of NaN in the original. Clamped, those are finite, and all others are as before.
    direction = (1 - before - sigma**2).clamp(min=0).sqrt()
    return Step(
        timestep=timestep,
        root=bar.sqrt().float(),
        noise_root=(1 - bar).sqrt().float(),
        previous_root=before.sqrt(),
        sigma=sigma,
        direction=direction,
        rescale=rescale,
    )


def _rescales(config: DiffusionConfig, visited: Sequence[int]) -> Tensor:
    """[steps]: the scale of the step before, over the scale of the step."""
    if config.rescale_end is None:
        return torch.ones(len(visited))
    table = latent_scales(config.rescale_end)
    scales = table[list(visited)]
    first = table[:1] if config.rescale_from_one else scales[:1]
    return torch.cat([first, scales[:-1]]) / scales
