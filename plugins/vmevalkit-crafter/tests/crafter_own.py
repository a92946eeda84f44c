"""Sets made from our own code's seeds: parameters and inputs are computed, only the outputs are kept in a file.

`python tests/crafter_own.py` writes them anew; do that only when the sets of the authors' own code still agree.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from crafter_measure import chain_values, part_values
from crafter_numbers import numbers, tiny_tensors
from crafter_sets import ReferenceSet
from safetensors.torch import load_file, save_file
from torch import Tensor

from vmevalkit_crafter.config import (
    RELEASED,
    AutoencoderConfig,
    ModelConfig,
    ResamplerConfig,
    TextConfig,
    UNetConfig,
    VisionConfig,
)
from vmevalkit_crafter.parts import Parts, build, fill

DATA = Path(__file__).parent / "data"
KINDS = ("dynamicrafter-256", "dynamicrafter-512", "videocrafter1-i2v-512", "videocrafter2-512")
FRAMES = 4


def tiny(name: str, *, frames: int = FRAMES, vocabulary: int = 49408) -> ModelConfig:
    """The released model of that name in everything but its sizes."""
    released = RELEASED[name]
    unet = UNetConfig(
        in_channels=released.unet.in_channels,
        channels=32,
        level_factors=(1, 1, 2),
        res_blocks=2,
        attention_at=(1, 2),
        head_width=16,
        context_width=24,
        image_attention=released.unet.image_attention,
        learned_image_scale=released.unet.learned_image_scale,
        tokens_per_frame=released.unet.tokens_per_frame,
    )
    queries = 16 * (frames if released.unet.tokens_per_frame else 1)
    resampler = ResamplerConfig(
        queries=queries, width=16, depth=2, heads=3, head_width=8, image_width=32, context_width=24
    )
    return replace(
        released,
        unet=unet,
        resampler=resampler if released.resampler else None,
        vision=VisionConfig(width=32, layers=2, heads=2, patch=28) if released.vision else None,
        autoencoder=AutoencoderConfig(channels=(32, 32, 64, 64), res_blocks=1),
        text=TextConfig(width=24, layers=3, heads=3, vocabulary=vocabulary),
        frames=frames,
    )


def _run(kind: str, **other: Any) -> dict[str, Any]:
    dynamic = kind.startswith("dynamicrafter")
    trailing = RELEASED[kind].diffusion.zero_terminal_snr
    return {
        "steps": 4,
        "eta": 0.0,
        "guidance": 7.5 if dynamic else 12.0,
        "spacing": "uniform_trailing" if trailing else "uniform",
        "guidance_rescale": 0.7 if trailing else 0.0,
        "multi_cond": False,
        "cfg_img": None,
        "interp": False,
        **other,
    }


class OwnSet(ReferenceSet):
    """One of ours, in the shape of a set of the authors' code."""

    @property
    def name(self) -> str:
        """Of the model that it is a small one of."""
        return self.folder.name

    @cached_property
    def config(self) -> ModelConfig:
        """A small one."""
        return tiny(self.name, vocabulary=300)

    @cached_property
    def data(self) -> dict[str, Any]:
        """The sampling runs; those of DynamiCrafter's abilities for them only."""
        runs = {"eta0": _run(self.name), "eta1": _run(self.name, eta=1.0), "nocfg": _run(self.name, guidance=1.0)}
        if self.config.concatenates:
            runs["multi_cond"] = _run(self.name, multi_cond=True, cfg_img=2.0)
            runs["interp"] = _run(self.name, interp=True)
        return {"sampling": {"runs": runs, "fs_or_fps": 3}, "unet": {"default_fs": 24}, "preprocess_side": 32}

    @cached_property
    def inputs(self) -> dict[str, Tensor]:
        """Computed."""
        size, seed = (4, 8), KINDS.index(self.name) * 1000
        video = (1, 4, FRAMES, *size)
        ids = numbers(seed + 1, 1, 77).abs().mul(100).long() + 1
        context = 77 + (self.config.resampler.queries if self.config.resampler else 0)
        return {
            "text.ids": ids,
            "text.empty_ids": torch.tensor([[298, 299] + [0] * 75]),
            "image.pixels": numbers(seed + 2, 1, 3, 32, 64) / 2,
            "preprocess.pixels": numbers(seed + 3, 1, 3, 70, 130) / 2,
            "ae.pixels": numbers(seed + 4, 1, 3, 32, 64) / 2,
            "ae.noise": numbers(seed + 5, 1, 4, *size),
            "ae.z": numbers(seed + 6, 1, 4, *size),
            "unet.x": numbers(seed + 7, 1, self.config.unet.in_channels, FRAMES, *size),
            "unet.timesteps": torch.tensor([601]),
            "unet.fps": torch.tensor([5]),
            "unet.context": numbers(seed + 8, 1, context, 24),
            "ddim.x_T": numbers(seed + 9, *video),
            "ddim.eta1.noise": numbers(seed + 10, 4, *video),
        }

    @cached_property
    def parts(self) -> Parts:
        """Computed."""
        modules = build(self.config)
        for part, tensors in tiny_tensors(self.config).items():
            fill(modules[part], tensors, lambda module: module)
        return Parts(**modules)

    @cached_property
    def outputs(self) -> dict[str, Tensor]:
        """The content of the file."""
        return load_file(DATA / f"{self.name}.safetensors")


@torch.inference_mode()
def write(kind: str) -> int:
    """Write a set anew; its size in bytes."""
    given = OwnSet(DATA / kind)
    found: dict[str, Tensor] = {}
    given.__dict__["outputs"] = found
    for values in (part_values, chain_values):
        for name, value in values(given):
            found[name] = value.clone().contiguous()
    path = DATA / f"{kind}.safetensors"
    save_file(found, path)
    return path.stat().st_size


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    for kind in KINDS:
        print(kind, write(kind))  # noqa: T201
