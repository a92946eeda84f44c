"""From a picture and a prompt to the frames of a video: all parts of a model, in the authors' order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from vmevalkit_crafter.autoencoder import decode, to_bytes
from vmevalkit_crafter.conditioning import Conditioner
from vmevalkit_crafter.config import ModelConfig
from vmevalkit_crafter.guidance import Conditioning, GuidedModel
from vmevalkit_crafter.parts import Parts
from vmevalkit_crafter.places import Noise, Places
from vmevalkit_crafter.sampler import ddim
from vmevalkit_crafter.schedule import ddim_steps
from vmevalkit_crafter.settings import Settings

__all__ = ["CrafterPipeline", "NotFinite", "Progress", "Settings"]

Progress = Callable[[int, int], None]
"""Told after each step how many are done, and of how many; what it raises ends the video."""


class NotFinite(ArithmeticError):
    """The latents hold infinities or NaN: the number type does not carry these settings."""


class CrafterPipeline:
    """One loaded model; a call makes one video. Not for several threads at once.

    The networks are on the device, of one number type; with `offload` they wait on the CPU, and each is on the device
    while it computes.
    """

    def __init__(
        self, parts: Parts, config: ModelConfig, *, device: str, dtype: torch.dtype, offload: bool = False
    ) -> None:
        self.parts = parts
        self.config = config
        self.dtype = dtype
        self._places = Places(device, offload=offload)
        self._conditioner = Conditioner(parts, config, self._places)

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
        the tokens [1, 77, width] of texts that were encoded before. NotFinite when the numbers overflow.
        """
        self._check(size, first, final)
        # Noise for the pictures, for the start, for each step, in the authors' order: part of what a seed means.
        draw = Noise(seed, self._places)
        told = self._conditioner(prompt, settings, first=first, final=final, texts=texts or {}, draw=draw)
        shape = (1, self.config.unet.out_channels, self.config.frames, size[0] // 8, size[1] // 8)
        latents = self._sampled(shape, told, settings, draw, progress)
        with self._places.awake(self.parts.autoencoder):
            frames = decode(self.parts.autoencoder, latents[0].transpose(0, 1), frame_by_frame=settings.frame_by_frame)
            return torch.cat([to_bytes(_finite(frame)).cpu() for frame in frames])

    def _check(self, size: tuple[int, int], first: Tensor | None, final: Tensor | None) -> None:
        if any(side % 64 or side <= 0 for side in size):
            raise ValueError(f"{size[1]} x {size[0]} pixels: both sides have to be multiples of 64")
        if (first is not None) != self.config.sees_picture:
            raise ValueError("this model is shown " + ("a picture" if self.config.sees_picture else "no picture"))
        if final is not None and not self.config.concatenates:
            raise ValueError("this model is not shown a final picture")
        if wrong := [picture for picture in (first, final) if picture is not None and picture.shape != (3, *size)]:
            raise ValueError(f"a picture is {list(wrong[0].shape)} instead of {[3, *size]}")

    def _sampled(
        self, shape: tuple[int, ...], told: Conditioning, settings: Settings, draw: Noise, progress: Progress
    ) -> Tensor:
        """Clean latents [1, 4, t, h/8, w/8] in float32."""
        diffusion = self.config.diffusion
        steps = ddim_steps(diffusion, settings.steps, settings.spacing, settings.eta)
        model = GuidedModel(self.parts.unet, told, settings.guidance, self.dtype)
        x = draw(*shape)
        with self._places.awake(self.parts.unet):
            walk = ddim(model, x, steps, prediction=diffusion.prediction, noise=lambda: draw(*shape))
            for number, sampled in enumerate(walk, start=1):
                x = sampled.x
                # At every step: a video that is lost at the first one should not cost fifty.
                if not x.isfinite().all():
                    raise NotFinite(f"the latents are not finite after step {number} of {len(steps)}")
                progress(number, len(steps))
        return x


def _finite(frame: Tensor) -> Tensor:
    # As bytes a number that is none would be black, and the clip would pass for a good one.
    if not frame.isfinite().all():
        raise NotFinite("a decoded frame is not finite")
    return frame
