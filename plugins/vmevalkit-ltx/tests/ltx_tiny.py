"""Tiny LTX-Video models with random weights, made of the real classes: a folder of 0.8 MB in a quarter of a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vmevalkit_core.testing.tiny import settled, t5_encoder, t5_tokenizer, torch

LATENT = 8


def tiny_ltx(folder: Path, *, kind: str = "LTXImageToVideoPipeline", seed: int = 0) -> Path:
    """A model folder that keeps the compression of the released VAE, and so the rules for sizes and frames."""
    import diffusers

    torch().manual_seed(seed)
    tokenizer = t5_tokenizer(128)
    older = kind == "LTXImageToVideoPipeline"
    pipe = getattr(diffusers, kind)(
        tokenizer=tokenizer,
        text_encoder=settled(t5_encoder(len(tokenizer)), seed + 1),
        transformer=settled(diffusers.LTXVideoTransformer3DModel(**_TRANSFORMER), seed + 2),
        vae=settled(diffusers.AutoencoderKLLTXVideo(**_VAE), seed + 3),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=older, base_shift=0.95, max_shift=2.05, shift_terminal=0.1 if older else None
        ),
    )
    pipe.save_pretrained(folder)
    return folder


def tiny_checkpoint(folder: Path, path: Path) -> Path:
    """Transformer and VAE of a model folder as one file, with the names of the authors' own releases."""
    from safetensors.torch import load_file, save_file

    weights = {}
    for part, prefix in (("transformer", "model.diffusion_model."), ("vae", "vae.")):
        found = load_file(folder / part / "diffusion_pytorch_model.safetensors")
        weights |= {prefix + _released(name, part): value.clone() for name, value in found.items()}
    save_file(weights, path)
    return path


def index_of(folder: Path) -> dict[str, Any]:
    """The index of a model folder."""
    return dict(json.loads((folder / "model_index.json").read_text()))


_TRANSFORMER = {
    "in_channels": LATENT,
    "out_channels": LATENT,
    "num_attention_heads": 2,
    "attention_head_dim": 8,
    "cross_attention_dim": 16,
    "num_layers": 2,
    "caption_channels": 16,
}
_VAE = {
    "latent_channels": LATENT,
    "block_out_channels": (8, 8, 8, 8),
    "decoder_block_out_channels": (8, 8, 8, 8),
    "layers_per_block": (1, 1, 1, 1, 1),
    "decoder_layers_per_block": (1, 1, 1, 1, 1),
    "timestep_conditioning": True,
}


def _released(name: str, part: str) -> str:
    """The name of a weight in the authors' releases of 0.9.1, from its name in diffusers."""
    if part == "transformer":
        for ours, theirs in (("proj_in", "patchify_proj"), ("time_embed", "adaln_single")):
            name = name.replace(ours, theirs)
        return name.replace("norm_q", "q_norm").replace("norm_k", "k_norm")
    side = name.partition(".")[0]
    ours = next((one for one in _VAE_BLOCKS.get(side, {}) if f"{side}.{one}." in f"{name}."), "")
    if ours:
        name = name.replace(ours, _VAE_BLOCKS[side][ours], 1)
    for one, theirs in (("resnets", "res_blocks"), ("conv_shortcut.conv", "conv_shortcut"), ("norm3", "norm3.norm")):
        name = name.replace(one, theirs)
    name = name.replace("latents_mean", "per_channel_statistics.mean-of-means")
    return name.replace("latents_std", "per_channel_statistics.std-of-means")


# The blocks that are part of another one come first.
_VAE_BLOCKS = {
    "decoder": {
        **{f"up_blocks.{at}.upsamplers.0": f"up_blocks.{2 * at + 1}" for at in range(4)},
        **{f"up_blocks.{at}": f"up_blocks.{2 * at + 2}" for at in range(4)},
        "mid_block": "up_blocks.0",
        "time_embedder": "last_time_embedder",
        "scale_shift_table": "last_scale_shift_table",
    },
    "encoder": {
        **{f"down_blocks.{at}.downsamplers.0": f"down_blocks.{3 * at + 1}" for at in range(3)},
        **{f"down_blocks.{at}.conv_out": f"down_blocks.{3 * at + 2}" for at in range(2)},
        **{f"down_blocks.{at}": f"down_blocks.{(0, 3, 6, 8)[at]}" for at in range(4)},
        "mid_block": "down_blocks.9",
    },
}
