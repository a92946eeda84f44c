"""Numbers from a seed that are the same on every machine and in every version of torch: integer arithmetic only."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vmevalkit_crafter.config import ModelConfig
from vmevalkit_crafter.names import Part
from vmevalkit_crafter.parts import build, shapes


def numbers(seed: int, *shape: int) -> Tensor:
    """Evenly spread numbers of mean 0 and variance 1, in float32; a splitmix64 of their places."""
    x = torch.arange(1, math.prod(shape) + 1, dtype=torch.int64) + (seed % 2**31) * 2**32
    x = x * -7046029254386353131  # wraps round, as all arithmetic here is meant to
    x = (x ^ ((x >> 30) & 0x3FFFFFFFF)) * -4658895280553007687
    x = (x ^ ((x >> 27) & 0x1FFFFFFFFF)) * -7723592293110705685
    share = ((x >> 40) & 0xFFFFFF).double() / 0xFFFFFF
    return ((share * 2 - 1) * math.sqrt(3)).float().reshape(shape)


def parameter(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """A parameter that keeps the size of what it is applied to: near 1 for the scale of a norm, small for a bias."""
    values = numbers(seed + zlib.crc32(name.encode()), *shape)
    if name.endswith("alpha"):
        return values * 0.3
    if len(shape) < 2:
        return values * 0.1 + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
    embedded = "embedding" in name or name == "latents"
    return values * (0.3 if embedded else 1 / math.sqrt(math.prod(shape[1:])))


def tiny_tensors(config: ModelConfig, seed: int = 0) -> dict[Part, dict[str, Tensor]]:
    """Parameters for every part of a model, by our names."""
    return {part: _filled(part, module, seed) for part, module in build(config).items()}


def _filled(part: Part, module: nn.Module, seed: int) -> dict[str, Tensor]:
    wanted: Mapping[str, tuple[int, ...]] = shapes(module)
    norms = _norms(module)
    return {
        name: parameter(f"norm.{name}" if name.rpartition(".")[0] in norms else f"{part}.{name}", shape, seed)
        for name, shape in wanted.items()
    }


def _norms(module: nn.Module) -> set[str]:
    """Where the norms are, whatever they are called: `in_layers.0` is one."""
    kinds = (nn.GroupNorm, nn.LayerNorm)
    return {
        name.removeprefix("text_model.").removeprefix("vision_model.")
        for name, one in module.named_modules()
        if isinstance(one, kinds)
    }
