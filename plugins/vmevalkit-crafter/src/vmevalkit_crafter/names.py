"""From the names of a released file to those of our modules, one parameter at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from torch import Tensor

from vmevalkit_crafter.config import ModelConfig

Part = Literal["unet", "resampler", "text", "vision", "autoencoder"]


class Target(NamedTuple):
    """Where a tensor of a file, or a piece of it, goes."""

    part: Part
    name: str
    """Of the parameter in that part's module."""
    piece: Callable[[Tensor], Tensor] | None = None
    """What to take of the tensor; None: all of it, as it is."""


PREFIXES: dict[str, Part] = {
    "model.diffusion_model.": "unet",
    "image_proj_model.": "resampler",
    "cond_stage_model.model.": "text",
    "embedder.model.visual.": "vision",
    "first_stage_model.": "autoencoder",
}
UNUSED = re.compile(
    r"embedder\.model\.(?!visual\.).*"  # CLIP's text half a second time, without its layers
    r"|(cond_stage_model\.model|embedder\.model\.visual)\.(proj|logit_scale|text_projection)"  # its common space
    r"|model_ema\..*"  # averages that only training reads
    r"|(log_|sqrt_)?(one_minus_|recip_|recipm1_)?alphas_cumprod(_prev)?|betas|posterior_\w+|scale_arr|logvar"
)
"""What no part needs: the tables of the noise are computed, and the rest is left over from training."""


def targets(name: str, config: ModelConfig) -> tuple[Target, ...] | None:
    """Where the tensor of that name in a released file goes; empty where nobody needs it, None for an unknown name."""
    # The models were trained on the hidden state before the last text layer, so that one is not run.
    last_layer = f"cond_stage_model.model.transformer.resblocks.{config.text.layers - 1}."
    if UNUSED.fullmatch(name) or name.startswith(last_layer):
        return ()
    for prefix, part in PREFIXES.items():
        if name.startswith(prefix):
            return tuple(_WAYS[part](name.removeprefix(prefix), config))
    return None


def _unet(name: str, _: ModelConfig) -> Iterator[Target]:
    # The 256 file is older than the name that the authors settled on.
    yield Target("unet", name.replace("framestride_embed.", "fps_embedding."))


def _resampler(name: str, _: ModelConfig) -> Iterator[Target]:
    yield Target("resampler", name)


_CLIP_LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
_TEXT = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}
_VISION = {
    "conv1.weight": "embeddings.patch_embedding.weight",
    "class_embedding": "embeddings.class_embedding",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_pre.weight": "pre_layrnorm.weight",  # transformers spells it so
    "ln_pre.bias": "pre_layrnorm.bias",
    "ln_post.weight": "post_layernorm.weight",
    "ln_post.bias": "post_layernorm.bias",
}


def _text(name: str, _: ModelConfig) -> Iterator[Target]:
    yield from _clip("text", name, _TEXT)


def _vision(name: str, _: ModelConfig) -> Iterator[Target]:
    yield from _clip("vision", name, _VISION)


def _clip(part: Part, name: str, others: dict[str, str]) -> Iterator[Target]:
    """OpenCLIP's names as those of transformers, which keeps queries, keys and values apart."""
    if not (layer := re.fullmatch(r"transformer\.resblocks\.(\d+)\.(.+)[._](weight|bias)", name)):
        yield Target(part, others.get(name, name))
        return
    number, what, kind = layer.groups()
    here = f"encoder.layers.{number}"
    if what != "attn.in_proj":
        yield Target(part, f"{here}.{_CLIP_LAYER.get(what, what)}.{kind}")
        return
    for index, letter in enumerate("qkv"):
        yield Target(part, f"{here}.self_attn.{letter}_proj.{kind}", _third(index))


def _third(index: int) -> Callable[[Tensor], Tensor]:
    # What has another shape than it should have is found by its shape later, and must get that far.
    return lambda tensor: tensor.tensor_split(3)[index] if tensor.ndim else tensor


_CODER = {"norm_out": "conv_norm_out", "mid.block_1": "mid_block.resnets.0", "mid.block_2": "mid_block.resnets.1"}
_CODER_ATTENTION = {"norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}
_LEVEL = {"block": "resnets", "downsample": "downsamplers.0", "upsample": "upsamplers.0"}


def _autoencoder(name: str, config: ModelConfig) -> Iterator[Target]:
    """The names of Stable Diffusion's autoencoder as those of diffusers."""
    coder, _, rest = name.partition(".")
    name = f"{coder}.{_coder(rest, len(config.autoencoder.channels))}" if rest else name
    # Attention of one pixel's convolutions there, of linear layers here.
    linear = ".attentions." in name and name.endswith(".weight") and "group_norm" not in name
    yield Target("autoencoder", name, _without_pixel if linear else None)


def _coder(name: str, levels: int) -> str:
    """Inside the encoder or the decoder."""
    if attention := re.fullmatch(r"mid\.attn_1\.(\w+)\.(\w+)", name):
        layer, kind = attention.groups()
        return f"mid_block.attentions.0.{_CODER_ATTENTION.get(layer, layer)}.{kind}"
    if level := re.fullmatch(r"(down|up)\.(\d+)\.([a-z]+)\.(.+)", name):
        way, number, layer, rest = level.groups()
        # The way up is counted from its far end there.
        place = int(number) if way == "down" else levels - 1 - int(number)
        rest = rest.replace("nin_shortcut", "conv_shortcut")
        return f"{way}_blocks.{place}.{_LEVEL.get(layer, layer)}.{rest}"
    for theirs, ours in _CODER.items():
        if name.startswith(f"{theirs}."):
            return ours + name.removeprefix(theirs)
    return name


def _without_pixel(tensor: Tensor) -> Tensor:
    return tensor[:, :, 0, 0] if tensor.ndim == 4 else tensor


_WAYS: dict[Part, Callable[[str, ModelConfig], Iterator[Target]]] = {
    "unet": _unet,
    "resampler": _resampler,
    "text": _text,
    "vision": _vision,
    "autoencoder": _autoencoder,
}
