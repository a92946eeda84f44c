"""Small models on the disk: converted folders, and files in the layout of the released ones."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from crafter_numbers import tiny_tensors
from crafter_own import DATA, tiny
from torch import Tensor

from vmevalkit_crafter.config import RELEASED, AutoencoderConfig, ModelConfig
from vmevalkit_crafter.convert import write_folder
from vmevalkit_crafter.names import PREFIXES, Part, targets

TABLES = {
    "dynamicrafter-256": "dynamicrafter-256",
    "dynamicrafter-512": "dynamicrafter-512",
    "dynamicrafter-1024": "dynamicrafter-512",
    "dynamicrafter-512-interp": "dynamicrafter-512",
    "videocrafter1-i2v-512": "videocrafter1-i2v-512",
    "videocrafter2-512": "videocrafter2-512",
}
"""Which table of names and shapes each released file has."""


def key_table(name: str) -> dict[str, tuple[int, ...]]:
    """Every name and shape of a released file, as the authors' full-size modules have them."""
    packed = (DATA / f"keys_{TABLES[name]}.tsv.gz").read_bytes()
    rows = (line.split("\t") for line in gzip.decompress(packed).decode().splitlines())
    return {key: () if shape == "scalar" else tuple(map(int, shape.split("x"))) for key, shape, _ in rows}


def tiny_release(name: str, config: ModelConfig | None = None) -> dict[str, Tensor]:
    """A small model's parameters under the names of the released file, with all that such a file has besides."""
    config = config or quick_config(name)
    ours = tiny_tensors(config)
    state: dict[str, Tensor] = dict(_schedule_tables(name))
    for part in ("unet", "resampler"):
        prefix = next(prefix for prefix, owner in PREFIXES.items() if owner == part)
        state |= {prefix + key: tensor for key, tensor in ours.get(part, {}).items()}
    for key in key_table(name):
        if (tensor := _released(key, config, ours)) is not None:
            state[key] = tensor
    state["cond_stage_model.model.logit_scale"] = torch.tensor(4.6)
    if config.sees_picture:
        state["embedder.model.token_embedding.weight"] = state["cond_stage_model.model.token_embedding.weight"]
    return state


def _released(key: str, config: ModelConfig, ours: dict[Part, dict[str, Tensor]]) -> Tensor | None:
    """The tensor that a file of that size has under a name of the encoders; None where it has none."""
    found = targets(key, config) or ()
    tensors = [ours[target.part].get(target.name) for target in found if target.part in ours]
    if not tensors or found[0].part in ("unet", "resampler") or any(tensor is None for tensor in tensors):
        return None
    whole = torch.cat([tensor for tensor in tensors if tensor is not None])
    is_pixel = ".attn_1." in key and whole.ndim == 2
    return whole[:, :, None, None] if is_pixel else whole


def _schedule_tables(name: str) -> Iterator[tuple[str, Tensor]]:
    yield "betas", torch.zeros(1000)
    yield "alphas_cumprod", torch.zeros(1000)
    if end := RELEASED[name].diffusion.rescale_end:
        yield "scale_arr", torch.full((1400,), end)


def quick_config(name: str, frames: int = 16) -> ModelConfig:
    """The quickest model which still has every part, with all sixteen frames unless fewer are wanted."""
    config = tiny(name, frames=frames)
    unet = replace(config.unet, level_factors=(1, 1), res_blocks=1, attention_at=(2,), head_width=8)
    return replace(config, unet=unet, autoencoder=AutoencoderConfig(channels=(8, 8, 8, 8), res_blocks=1, groups=8))


def quick_folder(root: Path, name: str) -> Path:
    """A converted folder that holds such a model."""
    config = quick_config(name)
    write_folder(root / name, name, config, tiny_tensors(config))
    return root / name
