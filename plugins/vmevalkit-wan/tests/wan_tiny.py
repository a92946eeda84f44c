"""Tiny Wan models with random weights, made of the real classes: a folder of half a megabyte in a third of a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vmevalkit_core.testing.tiny import settled, t5_encoder, t5_tokenizer, torch

HEADS, HEAD_DIM, LAYERS = 2, 12, 2


def tiny_a14b(folder: Path, seed: int = 0) -> Path:
    """Two experts, the released codec's compression, and the shift that the hub's folder has: not the authors' 5."""
    experts = {
        "transformer": _transformer(seed + 3, in_channels=36, out_channels=16),
        "transformer_2": _transformer(seed + 4, in_channels=36, out_channels=16),
    }
    return _saved(folder, seed, _vae(seed), boundary_ratio=0.9, **experts)


def tiny_5b(folder: Path, seed: int = 0) -> Path:
    """The denser codec, one expert, a noise level for each token; its index names the class for texts alone."""
    vae = _vae(
        seed,
        z_dim=48,
        dim_mult=[1, 1, 1, 1],
        is_residual=True,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        scale_factor_spatial=16,
        latents_mean=[0.1] * 48,
        latents_std=[0.9] * 48,
    )
    transformer = _transformer(seed + 3, in_channels=48, out_channels=48)
    _saved(folder, seed, vae, transformer=transformer, expand_timesteps=True)
    path = folder / "model_index.json"
    index = json.loads(path.read_text())
    for name in ("image_encoder", "image_processor"):
        index.pop(name, None)
    path.write_text(json.dumps(index | {"_class_name": "WanPipeline"}))
    return folder


def tiny_2_1(folder: Path, *, frames_shown: int = 1, seed: int = 0) -> Path:
    """One expert that also looks at one or two pictures through CLIP."""
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
    image_encoder = CLIPVisionModel(CLIPVisionConfig(image_size=28, patch_size=14, projection_dim=8, **shape))
    tokens = 5
    transformer = _transformer(
        seed + 3,
        in_channels=36,
        out_channels=16,
        image_dim=16,
        added_kv_proj_dim=HEADS * HEAD_DIM,
        pos_embed_seq_len=2 * tokens if frames_shown == 2 else None,
    )
    return _saved(
        folder,
        seed,
        _vae(seed),
        transformer=transformer,
        image_encoder=settled(image_encoder, seed + 5),
        image_processor=CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
    )


def _saved(folder: Path, seed: int, vae: Any, **parts: Any) -> Path:
    from diffusers import UniPCMultistepScheduler, WanImageToVideoPipeline

    tokenizer = t5_tokenizer(512)
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0
    )
    text_encoder = settled(t5_encoder(len(tokenizer), "UMT5"), seed + 1)
    pipe = WanImageToVideoPipeline(
        tokenizer=tokenizer, text_encoder=text_encoder, vae=vae, scheduler=scheduler, **parts
    )
    pipe.save_pretrained(folder)
    return folder


def _transformer(seed: int, **more: Any) -> Any:
    from diffusers import WanTransformer3DModel

    shape = {"num_attention_heads": HEADS, "attention_head_dim": HEAD_DIM, "text_dim": 16, "freq_dim": 32}
    return settled(WanTransformer3DModel(ffn_dim=32, num_layers=LAYERS, rope_max_seq_len=64, **shape, **more), seed)


def _vae(seed: int, **more: Any) -> Any:
    from diffusers import AutoencoderKLWan

    torch().manual_seed(seed)
    shape: dict[str, Any] = {"base_dim": 8, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1}
    return settled(AutoencoderKLWan(**(shape | more)), seed + 2)
