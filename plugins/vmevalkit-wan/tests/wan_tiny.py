"""Tiny Wan models with random weights, made of the real classes: a folder of half a megabyte in a third of a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORDS = ("solve", "the", "maze", "red", "blue", "ball", "moves", "a", "to", "right", "slowly")
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
        image_encoder=_settled(image_encoder, seed + 5),
        image_processor=CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
    )


def _saved(folder: Path, seed: int, vae: Any, **parts: Any) -> Path:
    from diffusers import UniPCMultistepScheduler, WanImageToVideoPipeline

    tokenizer = _tokenizer()
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0
    )
    text_encoder = _settled(_text_encoder(len(tokenizer)), seed + 1)
    pipe = WanImageToVideoPipeline(
        tokenizer=tokenizer, text_encoder=text_encoder, vae=vae, scheduler=scheduler, **parts
    )
    pipe.save_pretrained(folder)
    return folder


def _transformer(seed: int, **more: Any) -> Any:
    from diffusers import WanTransformer3DModel

    shape = {"num_attention_heads": HEADS, "attention_head_dim": HEAD_DIM, "text_dim": 16, "freq_dim": 32}
    return _settled(WanTransformer3DModel(ffn_dim=32, num_layers=LAYERS, rope_max_seq_len=64, **shape, **more), seed)


def _vae(seed: int, **more: Any) -> Any:
    from diffusers import AutoencoderKLWan

    _torch().manual_seed(seed)
    shape: dict[str, Any] = {"base_dim": 8, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1}
    return _settled(AutoencoderKLWan(**(shape | more)), seed + 2)


def _tokenizer() -> Any:
    """Words and single letters, so that no prompt becomes unknown."""
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(f"\u2581{word}", -3.0) for word in WORDS]
    pieces += [(chr(code), -6.0) for code in range(33, 127)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


def _text_encoder(vocabulary: int) -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    shape = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    return UMT5EncoderModel(UMT5Config(vocab_size=vocabulary, feed_forward_proj="gated-gelu", **shape))


def _settled(module: Any, seed: int) -> Any:
    """Weights that keep a signal alive: fresh modules have zeros last, and then text and picture change nothing."""
    torch = _torch()
    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if weight.ndim >= 2:
                weight.copy_(torch.randn(weight.shape, generator=chance) / weight[0].numel() ** 0.5)
            elif name.endswith("bias"):
                weight.copy_(torch.randn(weight.shape, generator=chance) * 0.01)
    return module.eval()


def _torch() -> Any:
    import torch

    torch.set_num_threads(1)
    return torch
