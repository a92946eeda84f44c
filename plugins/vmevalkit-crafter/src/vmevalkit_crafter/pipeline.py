"""From a picture and a prompt to the frames of a video: all parts of a model, in the authors' order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vmevalkit_crafter.autoencoder import decode, encode, to_bytes
from vmevalkit_crafter.config import ModelConfig, Spacing
from vmevalkit_crafter.guidance import Conditioning, Guidance, GuidedModel
from vmevalkit_crafter.parts import Parts
from vmevalkit_crafter.sampler import ddim
from vmevalkit_crafter.schedule import ddim_steps
from vmevalkit_crafter.text import encoded
from vmevalkit_crafter.vision import image_tokens

Progress = Callable[[int, int], None]
"""Told after each step how many are done, and of how many; what it raises ends the video."""


class NotFinite(ArithmeticError):
    """The latents hold infinities or NaN: the number type does not carry these settings."""


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
    """One loaded model; a call makes one video. Not for several threads at once.

    The networks are where they are wanted, of one number type; with `offload` they wait on the CPU, and each is on
    the device while it computes.
    """

    def __init__(
        self, parts: Parts, config: ModelConfig, *, device: str, dtype: torch.dtype, offload: bool = False
    ) -> None:
        self.parts = parts
        self.config = config
        self.device = torch.device(device)
        self.dtype = dtype
        self._offload = offload
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
        texts: Mapping[str, Tensor] | None = None,
        progress: Progress = lambda done, total: None,
    ) -> Tensor:
        """Frames [t, h, w, 3] as bytes, on the CPU.

        Pictures are [3, h, w] in -1 to 1, where `size` is (h, w), multiples of 64: the autoencoder halves three times,
        and the U-Net three times more. `final` is for models that draw what lies between two pictures. `texts` has
        the tokens [1, 77, width] of texts that were encoded before. The same seed gives the same noise on any device.
        NotFinite when the numbers overflow.
        """
        self._check(size, first, final)
        # On the CPU, so that a seed means the same noise on every device.
        draw = _Noise(torch.Generator().manual_seed(seed), self.device)
        # Noise for the pictures, for the start, for each step, in the authors' order: part of what a seed means.
        latent_size = (size[0] // 8, size[1] // 8)
        beside = self._beside(first, final, latent_size, draw)
        conditioning = self._conditioning(prompt, settings, first, beside, texts or {})
        latents = self._sample(conditioning, settings, latent_size, draw, progress)
        with self._awake(self.parts.autoencoder):
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

    @contextmanager
    def _awake(self, *networks: nn.Module) -> Iterator[None]:
        """Those networks on the device, for as long as they compute."""
        if not self._offload:
            yield
            return
        try:
            for network in networks:
                network.to(self.device)
            yield
        finally:
            for network in networks:
                network.to("cpu")

    def _beside(self, first: Tensor | None, final: Tensor | None, size: tuple[int, int], draw: _Noise) -> Tensor | None:
        """What goes in beside the noise [1, 4, t, h, w]; None for a model that is not given latents."""
        if first is None or not self.config.concatenates:
            return None
        with self._awake(self.parts.autoencoder):
            start = self._latent(first, size, draw)
            end = None if final is None else self._latent(final, size, draw)
        return beside(start, self.config.frames, final=end)

    def _latent(self, picture: Tensor, size: tuple[int, int], draw: _Noise) -> Tensor:
        noise = draw(1, self.config.autoencoder.latent_channels, *size)
        return encode(self.parts.autoencoder, picture[None].to(self.device), noise)

    def _conditioning(
        self,
        prompt: str,
        settings: Settings,
        first: Tensor | None,
        latents: Tensor | None,
        texts: Mapping[str, Tensor],
    ) -> Conditioning:
        guidance = settings.guidance
        wanted, unwanted = (self._text(text, texts) for text in (prompt, settings.negative_prompt))
        shown, grey = self._shown(first)
        guided = guidance.scale != 1 or guidance.image_scale is not None
        return Conditioning(
            prompt=_joined(wanted, shown),
            nothing=_joined(unwanted, grey) if guided else None,
            picture=_joined(unwanted, shown) if guidance.image_scale is not None else None,
            fps=torch.tensor([settings.fps], device=self.device),
            latents=latents,
        )

    def _text(self, text: str, known: Mapping[str, Tensor]) -> Tensor:
        """[1, 77, width]."""
        if text in known:
            return known[text].to(self.device)
        with self._awake(self.parts.text):
            return encoded(self.parts.text, text)

    def _shown(self, first: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """[1, queries, width] of the picture, and of one of zeros, which is mid-grey."""
        if first is None:
            return None, None
        with self._awake(self.parts.vision, self.parts.resampler):
            # The same for every video, so it is projected once.
            if self._grey is None:
                self._grey = self._projected(torch.zeros_like(first))
            return self._projected(first), self._grey

    def _projected(self, picture: Tensor) -> Tensor:
        tokens: Tensor = self.parts.resampler(image_tokens(self.parts.vision, picture[None].to(self.device)))
        return tokens

    def _sample(
        self, conditioning: Conditioning, settings: Settings, size: tuple[int, int], draw: _Noise, progress: Progress
    ) -> Tensor:
        """Clean latents [1, 4, t, h, w] in float32."""
        shape = (1, self.config.unet.out_channels, self.config.frames, *size)
        diffusion = self.config.diffusion
        steps = ddim_steps(diffusion, settings.steps, settings.spacing, settings.eta)
        model = GuidedModel(self.parts.unet, conditioning, settings.guidance, self.dtype)
        x = draw(*shape)
        with self._awake(self.parts.unet):
            walk = ddim(model, x, steps, prediction=diffusion.prediction, noise=lambda: draw(*shape))
            for number, sampled in enumerate(walk, start=1):
                x = sampled.x
                # At every step: a video that is lost at the first one should not cost fifty.
                if not x.isfinite().all():
                    raise NotFinite(f"the latents are not finite after step {number} of {len(steps)}")
                progress(number, len(steps))
        return x


class _Noise:
    """Normal numbers in float32, drawn one after the other from one generator, then taken to the device."""

    def __init__(self, generator: torch.Generator, device: torch.device) -> None:
        self._generator = generator
        self._device = device

    def __call__(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator).to(self._device)


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
