"""The five networks of a model, built without memory, and filled with the tensors of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vmevalkit_crafter.config import ModelConfig
from vmevalkit_crafter.names import Part
from vmevalkit_crafter.resampler import Resampler
from vmevalkit_crafter.unet import UNet

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The networks of one model, ready to run."""

    unet: UNet
    autoencoder: Any
    """`diffusers.AutoencoderKL`."""
    text: Any = None
    """`transformers.CLIPTextModel`; None where texts are encoded elsewhere."""
    vision: Any = None
    """`transformers.CLIPVisionModel`; None where the model is shown no picture."""
    resampler: Any = None
    """`Resampler`; None where the model is shown no picture."""


def build(config: ModelConfig, device: str = "meta") -> dict[Part, Any]:
    """The networks with random parameters on that device; on `meta` they have names and shapes, and no memory."""
    # Imported here, since it takes seconds, and the U-Net alone needs neither library.
    from vmevalkit_crafter.autoencoder import autoencoder
    from vmevalkit_crafter.text import text_model
    from vmevalkit_crafter.vision import vision_model

    with torch.device(device):
        built: dict[Part, Any] = {
            "unet": UNet(config.unet),
            "text": text_model(config.text),
            "autoencoder": autoencoder(config.autoencoder),
        }
        if config.resampler and config.vision:
            built |= {"resampler": Resampler(config.resampler), "vision": vision_model(config.vision)}
    return {part: module.eval().requires_grad_(False) for part, module in built.items()}


def shapes(module: nn.Module) -> Shapes:
    """The shape of each parameter, by the name that `names.targets` gives it."""
    level = _level(module)
    return {name.removeprefix(level): tuple(value.shape) for name, value in module.state_dict().items()}


def fill(module: nn.Module, tensors: Mapping[str, Tensor], move: Callable[[nn.Module], nn.Module]) -> None:
    """Give an empty network its parameters, which become those tensors themselves, then move it."""
    level = _level(module)
    # Assigned and not copied: the tensors of the file become the parameters, and only `move` makes new ones.
    module.load_state_dict({level + name: tensor for name, tensor in tensors.items()}, strict=True, assign=True)
    module.requires_grad_(False)
    _fill_positions(module)
    move(module)


def _level(module: nn.Module) -> str:
    """What transformers 4 puts in front of the names of its CLIP models, and transformers 5 does not."""
    levels = ("text_model.", "vision_model.")
    return next((level for level in levels if next(iter(module.state_dict())).startswith(level)), "")


def _fill_positions(module: nn.Module) -> None:
    """The tables of CLIP that no file has: places counted from 0."""
    for owner in module.modules():
        if (places := getattr(owner, "position_ids", None)) is not None:
            owner.position_ids = torch.arange(places.shape[-1])[None]
