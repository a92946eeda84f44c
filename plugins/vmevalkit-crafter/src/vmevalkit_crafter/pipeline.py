"""From a picture and a prompt to the frames of a video: all parts of a model, in the authors' order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from vmevalkit_crafter.autoencoder import decode, encode, to_bytes
from vmevalkit_crafter.config import ModelConfig, Spacing
from vmevalkit_crafter.guidance import Conditioning, Guidance, GuidedModel
from vmevalkit_crafter.parts import Parts
from vmevalkit_crafter.sampler import ddim
from vmevalkit_crafter.schedule import ddim_steps
from vmevalkit_crafter.text import text_tokens
from vmevalkit_crafter.tokenizer import token_ids
from vmevalkit_crafter.vision import image_tokens

Progress = Callable[[float, str], None]
"""Told the share that is done, from 0 to 1, and what is being done; what it raises ends the video."""
DECODING = 0.95
"""The share of the work that is done when decoding begins; a rough figure for 50 steps."""
KEPT_TEXTS = 64
"""Encoded prompts that are kept for the next videos."""


class NotFinite(ArithmeticError):
    """The latents hold infinities or NaN: the precision does not carry these settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a video is sampled."""

    guidance: Guidance
    fps: int
    """The frame rate or frame stride that the network is told, in its own sense."""
    steps: int = 50
    eta: float = 1.0
    """From 0, no fresh noise in a step, to 1, as much as the training noise has."""
    spacing: Spacing = "uniform"
    negative_prompt: str = ""
    """What guidance leads away from; the authors have nothing here."""
    frame_by_frame: bool = True
    """Decode one frame at a time."""


class CrafterPipeline:
    """One loaded model; a call makes one video. Not for several threads at once."""

    def __init__(self, parts: Parts, config: ModelConfig, *, dtype: torch.dtype) -> None:
        self.parts = parts
        self.config = config
        self.dtype = dtype
        self.device = next(parts.unet.parameters()).device
        self._texts: dict[str, Tensor] = {}
        self._grey: Tensor | None = None

    @torch.inference_mode()
    def __call__(
        self,
        prompt: str,
        settings: Settings,
        *,
        seed: int,
        size: tuple[int, int],
        first: Tensor | None = None,
        final: Tensor | None = None,
        progress: Progress = lambda share, stage: None,
    ) -> Tensor:
        """Frames [t, h, w, 3] as bytes, on the CPU.

        Pictures are [3, h, w] in -1 to 1, where `size` is (h, w), multiples of 64: the autoencoder halves three times,
        and the U-Net three times more. `final` is for models that draw what lies between two pictures. The same seed
        gives the same noise on any device. NotFinite when the numbers overflow.
        """
        self._check(size, first, final)
        progress(0.0, "encoding")
        # On the CPU, so that a seed means the same noise on every device.
        generator = torch.Generator().manual_seed(seed)
        latent_size = (size[0] // 8, size[1] // 8)
        beside = self._beside(first, final, latent_size, generator)
        conditioning = self._conditioning(prompt, settings, first, beside)
        latents = self._sample(conditioning, settings, latent_size, generator, progress)
        progress(DECODING, "decoding")
        frames = decode(self.parts.autoencoder, latents[0].transpose(0, 1), frame_by_frame=settings.frame_by_frame)
        return torch.cat([to_bytes(frame).cpu() for frame in frames])

    def _check(self, size: tuple[int, int], first: Tensor | None, final: Tensor | None) -> None:
        if any(side % 64 or side <= 0 for side in size):
            raise ValueError(f"{size[1]} x {size[0]} pixels: both sides have to be multiples of 64")
        if (first is not None) != self.config.sees_picture:
            raise ValueError("this model is shown " + ("a picture" if self.config.sees_picture else "no picture"))
        if final is not None and not self.config.concatenates:
            raise ValueError("this model is not shown a final picture")
        if wrong := [picture for picture in (first, final) if picture is not None and picture.shape != (3, *size)]:
            raise ValueError(f"a picture is {list(wrong[0].shape)} instead of {[3, *size]}")

    def _beside(
        self, first: Tensor | None, final: Tensor | None, size: tuple[int, int], generator: torch.Generator
    ) -> Tensor | None:
        """What goes in beside the noise [1, 4, t, h, w]; None for a model that is not given latents."""
        if first is None or not self.config.concatenates:
            return None
        encoded = [self._latent(picture, size, generator) for picture in (first, final) if picture is not None]
        return beside(encoded[0], self.config.frames, final=encoded[1] if final is not None else None)

    def _latent(self, picture: Tensor, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        noise = self._noise((1, self.config.autoencoder.latent_channels, *size), generator)
        return encode(self.parts.autoencoder, picture[None].to(self.device), noise)

    def _noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randn(shape, generator=generator).to(self.device)

    def _conditioning(
        self, prompt: str, settings: Settings, first: Tensor | None, latents: Tensor | None
    ) -> Conditioning:
        guidance = settings.guidance
        shown = None if first is None else self._image(first)
        alone = self._text(settings.negative_prompt)
        guided = guidance.scale != 1 or guidance.image_scale is not None
        return Conditioning(
            prompt=_joined(self._text(prompt), shown),
            nothing=_joined(alone, None if first is None else self._nothing_shown()) if guided else None,
            picture=_joined(alone, shown) if guidance.image_scale is not None else None,
            fps=torch.tensor([settings.fps], device=self.device),
            latents=latents,
        )

    def _text(self, prompt: str) -> Tensor:
        """[1, 77, width]."""
        if prompt not in self._texts:
            if len(self._texts) >= KEPT_TEXTS:
                self._texts.pop(next(iter(self._texts)))
            ids = token_ids([prompt], self.config.text.positions).to(self.device)
            self._texts[prompt] = text_tokens(self.parts.text, ids)
        return self._texts[prompt]

    def _image(self, picture: Tensor) -> Tensor:
        """[1, queries, width] for a picture [3, h, w]."""
        tokens = image_tokens(self.parts.vision, picture[None].to(self.device))
        shown: Tensor = self.parts.resampler(tokens)
        return shown

    def _nothing_shown(self) -> Tensor:
        """[1, queries, width] of a picture of zeros, which is mid-grey."""
        if self._grey is None:
            side = self.parts.vision.config.image_size
            self._grey = self._image(torch.zeros(3, side, side))
        return self._grey

    def _sample(
        self,
        conditioning: Conditioning,
        settings: Settings,
        size: tuple[int, int],
        generator: torch.Generator,
        progress: Progress,
    ) -> Tensor:
        """Clean latents [1, 4, t, h, w] in float32."""
        shape = (1, self.config.unet.out_channels, self.config.frames, *size)
        diffusion = self.config.diffusion
        steps = ddim_steps(diffusion, settings.steps, settings.spacing, settings.eta)
        model = GuidedModel(self.parts.unet, conditioning, settings.guidance, self.dtype)
        x = self._noise(shape, generator)
        walk = ddim(model, x, steps, prediction=diffusion.prediction, noise=lambda: self._noise(shape, generator))
        for number, sampled in enumerate(walk, start=1):
            x = sampled.x
            if not x.isfinite().all():
                raise NotFinite(f"the latents are not finite after step {number} of {len(steps)}")
            progress(DECODING * number / len(steps), f"step {number} of {len(steps)}")
        return x


def beside(first: Tensor, frames: int, *, final: Tensor | None = None) -> Tensor:
    """What goes in beside the noise [b, 4, t, h, w], for the latents of one or two pictures [b, 4, h, w].

    One picture is repeated for every frame; of two, the first and the last frame have one each, the rest has zeros.
    """
    if final is None:
        return first.unsqueeze(2).expand(-1, -1, frames, -1, -1)
    video = first.new_zeros(*first.shape[:2], frames, *first.shape[2:])
    video[:, :, 0], video[:, :, -1] = first, final
    return video


def _joined(text: Tensor, image: Tensor | None) -> Tensor:
    """The context [b, tokens, width]: text first."""
    return text if image is None else torch.cat([text, image], dim=1)
