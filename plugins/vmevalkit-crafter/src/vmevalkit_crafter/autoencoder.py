"""From pixels to latents and back: the autoencoder of Stable Diffusion 1, which diffusers has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from vmevalkit_crafter.config import AutoencoderConfig


def autoencoder(config: AutoencoderConfig) -> Any:
    """A `diffusers.AutoencoderKL` of that size; one latent pixel for 8 x 8 pixels."""
    # Here, since the network alone does without diffusers, which takes seconds to import.
    from diffusers import AutoencoderKL

    kind: Any = AutoencoderKL  # diffusers has no types
    levels = len(config.channels)
    return kind(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=config.channels,
        layers_per_block=config.res_blocks,
        latent_channels=config.latent_channels,
        norm_num_groups=config.groups,
        scaling_factor=config.latent_scale,
    )


def encode(model: Any, pictures: Tensor, noise: Tensor) -> Tensor:
    """Latents [b, 4, h/8, w/8] in float32 for pictures [b, 3, h, w] in -1 to 1 and normal noise [b, 4, h/8, w/8].

    A sample of the posterior and not its mean, as the models were trained.
    """
    moments = model.encode(pictures.to(model.dtype)).latent_dist
    sample: Tensor = moments.mean.float() + moments.std.float() * noise
    return sample * float(model.config.scaling_factor)


def decode(model: Any, latents: Tensor, *, frame_by_frame: bool = True) -> Iterator[Tensor]:
    """Pictures [1, 3, h, w] in about -1 to 1, in float32, one after the other, for latents [t, 4, h/8, w/8].

    Frame by frame needs the memory of one frame; the numbers are the same.
    """
    scaled = (latents / model.config.scaling_factor).to(model.dtype)
    for part in scaled.chunk(len(scaled)) if frame_by_frame else [scaled]:
        decoded: Tensor = model.decode(part, return_dict=False)[0]
        yield from decoded.float().chunk(len(part))


def to_bytes(pictures: Tensor) -> Tensor:
    """Pictures [b, 3, h, w] in -1 to 1, clamped, as bytes [b, h, w, 3]."""
    return pictures.mul(127.5).add(127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
