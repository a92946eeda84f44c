"""A tiny Wan 2.2 A14B with random weights, made of the real classes, and a LoRA with the authors' names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vmevalkit_core.testing.tiny import settled, t5_encoder, t5_tokenizer, torch

HEADS, HEAD_DIM, LAYERS, RANK = 2, 12, 2, 32
LORA = "lora_interpolation_high_noise_final.safetensors"
LAYER_NAMES = {"q": "to_q", "k": "to_k", "v": "to_v", "o": "to_out.0"}
PLACES = {"self_attn": "attn1", "cross_attn": "attn2"}


def tiny_morphic(folder: Path, seed: int = 0) -> Path:
    """A model folder with two experts and the LoRA's file in it."""
    import diffusers

    torch().manual_seed(seed)
    tokenizer = t5_tokenizer(512)
    vae = diffusers.AutoencoderKLWan(base_dim=8, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    pipe = diffusers.WanImageToVideoPipeline(
        tokenizer=tokenizer,
        text_encoder=settled(t5_encoder(len(tokenizer), "UMT5"), seed + 1),
        vae=settled(vae, seed + 2),
        scheduler=diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0
        ),
        transformer=settled(_expert(), seed + 3),
        transformer_2=settled(_expert(), seed + 4),
        boundary_ratio=0.9,
    )
    pipe.save_pretrained(folder)
    tiny_lora(folder / LORA)
    return folder


def tiny_lora(file: Path, seed: int = 7) -> Path:
    """Rank 32 on every attention layer, names without a prefix and no alpha, as the authors' file has it."""
    from safetensors.torch import save_file

    chance = torch().Generator().manual_seed(seed)
    dim, tensors = HEADS * HEAD_DIM, {}
    for block in range(LAYERS):
        for place in PLACES:
            for layer in LAYER_NAMES:
                name = f"blocks.{block}.{place}.{layer}"
                tensors[f"{name}.lora_A.weight"] = torch().randn((RANK, dim), generator=chance) * 0.1
                tensors[f"{name}.lora_B.weight"] = torch().randn((dim, RANK), generator=chance) * 0.1
    save_file(tensors, file)
    return file


def merged(folder: Path, into: Path, strength: float) -> Path:
    """The same model, with `strength` x B A added to the weights of its first expert: what a LoRA means."""
    from diffusers import WanImageToVideoPipeline
    from safetensors.torch import load_file

    pipe = WanImageToVideoPipeline.from_pretrained(folder, local_files_only=True)
    tensors, weights = load_file(folder / LORA), dict(pipe.transformer.named_parameters())
    for block in range(LAYERS):
        for place, attention in PLACES.items():
            for layer, theirs in LAYER_NAMES.items():
                name = f"blocks.{block}.{place}.{layer}"
                change = tensors[f"{name}.lora_B.weight"] @ tensors[f"{name}.lora_A.weight"]
                weights[f"blocks.{block}.{attention}.{theirs}.weight"].data += strength * change
    pipe.save_pretrained(into)
    return into


def _expert() -> Any:
    from diffusers import WanTransformer3DModel

    shape = {"num_attention_heads": HEADS, "attention_head_dim": HEAD_DIM, "text_dim": 16, "freq_dim": 32}
    return WanTransformer3DModel(
        in_channels=36, out_channels=16, ffn_dim=32, num_layers=LAYERS, rope_max_seq_len=64, **shape
    )
