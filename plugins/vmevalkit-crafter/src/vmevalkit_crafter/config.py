"""The sizes and settings of the six released models, as frozen values.

Numbers are those of the authors' `configs/inference_*.yaml` (Doubiiu/DynamiCrafter at c453369, AILab-CVC/VideoCrafter
at 11bcd76) unless a line says otherwise. Defaults are the values that all six share.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_type_hints

Prediction = Literal["eps", "v"]
Spacing = Literal["uniform", "uniform_trailing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetConfig:
    """Sizes of the denoising network."""

    in_channels: int
    """4: the noisy latent; 8: the noisy latent, then the latent of the picture."""
    out_channels: int = 4
    """Of the predicted noise or velocity."""
    channels: int = 320
    """Width of the first level."""
    level_factors: tuple[int, ...] = (1, 2, 4, 4)
    """Width of each level, in units of `channels`."""
    res_blocks: int = 2
    """Residual blocks of a level on the way down; one more on the way up."""
    attention_at: tuple[int, ...] = (1, 2, 4)
    """Downsampling factors at which there is attention: not at the deepest level, 8."""
    head_width: int = 64
    """Channels of one attention head."""
    context_width: int = 1024
    """Channels of a text or image token."""
    text_tokens: int = 77
    """How many of the context tokens are text; the rest are of the picture."""
    image_attention: bool = True
    """Whether picture tokens have keys and values of their own."""
    learned_image_scale: bool = False
    """Whether each block weighs the picture by a learned `tanh(alpha) + 1` instead of 1."""
    tokens_per_frame: int | None = None
    """Picture tokens of each frame; None: all frames see the same ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResamplerConfig:
    """Sizes of the network that turns CLIP's picture tokens into context tokens."""

    queries: int
    """Learned queries, which are the tokens that come out: 16 for each of 16 frames, or 16 for the whole video."""
    width: int = 1024
    depth: int = 4
    heads: int = 12
    head_width: int = 64
    image_width: int = 1280
    """Channels of CLIP's picture tokens."""
    context_width: int = 1024
    """Channels of the tokens that come out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoencoderConfig:
    """Sizes of the autoencoder, which is that of Stable Diffusion 1."""

    channels: tuple[int, ...] = (128, 256, 512, 512)
    res_blocks: int = 2
    latent_channels: int = 4
    groups: int = 32
    """Of each norm."""
    latent_scale: float = 0.18215
    """What latents are multiplied with, so that they have about unit variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """Sizes of the text half of OpenCLIP ViT-H/14 (laion2b_s32b_b79k)."""

    width: int = 1024
    layers: int = 24
    """Of the file; the last one is not run, since the models were trained on the hidden state before it."""
    heads: int = 16
    positions: int = 77
    vocabulary: int = 49408


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionConfig:
    """Sizes of the picture half of OpenCLIP ViT-H/14 (laion2b_s32b_b79k)."""

    width: int = 1280
    layers: int = 32
    heads: int = 16
    patch: int = 14
    """Pixels of a patch's side."""
    side: int = 224
    """Pixels of a picture's side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusionConfig:
    """What the network predicts, and on which noise."""

    prediction: Prediction
    """The noise (`eps`) or the velocity (`v`, Salimans and Ho 2022, arXiv:2202.00512)."""
    zero_terminal_snr: bool = False
    """Whether the last step is pure noise (Lin et al. 2023, arXiv:2305.08891)."""
    rescale_end: float | None = None
    """What clean latents are scaled to from step 400 on; None: they keep their scale."""
    rescale_from_one: bool = False
    """VideoCrafter ends on scale 1; DynamiCrafter repeats the scale of its last step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """One model: its parts, its diffusion, and the video that it was trained on."""

    unet: UNetConfig
    diffusion: DiffusionConfig
    resampler: ResamplerConfig | None
    """None: the model is shown no picture."""
    vision: VisionConfig | None
    """None: the model is shown no picture."""
    autoencoder: AutoencoderConfig = AutoencoderConfig()
    text: TextConfig = TextConfig()
    frames: int = 16
    """Frames of a video; the literal 16 of the code and of the resampler's queries forbids others."""

    @property
    def sees_picture(self) -> bool:
        """Whether a picture goes in."""
        return self.resampler is not None

    @property
    def concatenates(self) -> bool:
        """Whether the latent of the picture goes in beside the noise."""
        return self.unet.in_channels > self.unet.out_channels

    def to_json(self) -> dict[str, Any]:
        """The config as plain values; `from_json` is its inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelConfig:
        """The config that `to_json` wrote; TypeError for fields that this version does not know."""
        parts = {name: _part(kind, data[name]) for name, kind in _PARTS.items()}
        return cls(**{**data, **parts})


_PARTS: dict[str, Any] = {
    "unet": UNetConfig,
    "diffusion": DiffusionConfig,
    "resampler": ResamplerConfig,
    "vision": VisionConfig,
    "autoencoder": AutoencoderConfig,
    "text": TextConfig,
}


def _part(kind: Any, values: Mapping[str, Any] | None) -> Any:
    if values is None:
        return None
    hints = get_type_hints(kind)
    # JSON has no tuples, and a list would make the frozen value unhashable.
    return kind(
        **{name: tuple(value) if hints.get(name) == tuple[int, ...] else value for name, value in values.items()}
    )


_DYNAMICRAFTER_512 = ModelConfig(
    unet=UNetConfig(in_channels=8, tokens_per_frame=16),
    diffusion=DiffusionConfig(prediction="v", zero_terminal_snr=True, rescale_end=0.7),
    resampler=ResamplerConfig(queries=16 * 16),
    vision=VisionConfig(),
)
_VIDEOCRAFTER = DiffusionConfig(prediction="eps", rescale_end=0.7, rescale_from_one=True)

RELEASED: Mapping[str, ModelConfig] = {
    "dynamicrafter-256": replace(
        _DYNAMICRAFTER_512,
        unet=UNetConfig(in_channels=8, tokens_per_frame=16, learned_image_scale=True),
        diffusion=DiffusionConfig(prediction="eps"),
    ),
    "dynamicrafter-512": _DYNAMICRAFTER_512,
    "dynamicrafter-1024": replace(
        _DYNAMICRAFTER_512, diffusion=DiffusionConfig(prediction="v", zero_terminal_snr=True, rescale_end=0.3)
    ),
    "dynamicrafter-512-interp": _DYNAMICRAFTER_512,
    "videocrafter1-i2v-512": ModelConfig(
        unet=UNetConfig(in_channels=4),
        diffusion=_VIDEOCRAFTER,
        resampler=ResamplerConfig(queries=16),
        vision=VisionConfig(),
    ),
    "videocrafter2-512": ModelConfig(
        unet=UNetConfig(in_channels=4, image_attention=False), diffusion=_VIDEOCRAFTER, resampler=None, vision=None
    ),
}
"""The released models by the names that users give."""
