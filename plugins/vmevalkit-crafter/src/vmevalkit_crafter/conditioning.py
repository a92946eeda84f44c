"""From what a model is shown to what its network is told: text tokens, picture tokens, and latents beside the noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from vmevalkit_crafter.autoencoder import encode
from vmevalkit_crafter.config import ModelConfig
from vmevalkit_crafter.guidance import Conditioning
from vmevalkit_crafter.parts import Parts
from vmevalkit_crafter.places import Noise, Places
from vmevalkit_crafter.settings import Settings
from vmevalkit_crafter.text import encoded
from vmevalkit_crafter.vision import image_tokens


class Conditioner:
    """Encodes what one model is shown."""

    def __init__(self, parts: Parts, config: ModelConfig, places: Places) -> None:
        self._parts = parts
        self._config = config
        self._places = places
        self._grey: Tensor | None = None

    def __call__(
        self,
        prompt: str,
        settings: Settings,
        *,
        first: Tensor | None,
        final: Tensor | None,
        texts: Mapping[str, Tensor],
        draw: Noise,
    ) -> Conditioning:
        """All branches of guidance; pictures are [3, h, w], `texts` has tokens of texts that were encoded before."""
        latents = self._beside(first, final, draw)
        shown = self._shown(first)
        told = Conditioning(
            prompt=_joined(self._text(prompt, texts), shown),
            fps=torch.tensor([settings.fps], device=self._places.device),
            latents=latents,
        )
        if not settings.guidance.is_on:
            return told
        unwanted, grey = self._text(settings.negative_prompt, texts), self._no_picture(first)
        picture = None if settings.guidance.image_scale is None else _joined(unwanted, shown)
        return replace(told, nothing=_joined(unwanted, grey), picture=picture)

    def _beside(self, first: Tensor | None, final: Tensor | None, draw: Noise) -> Tensor | None:
        """What goes in beside the noise [1, 4, t, h/8, w/8]; None for a model that is not given latents."""
        if first is None or not self._config.concatenates:
            return None
        with self._places.awake(self._parts.autoencoder):
            start = self._latent(first, draw)
            end = None if final is None else self._latent(final, draw)
        return beside(start, self._config.frames, final=end)

    def _latent(self, picture: Tensor, draw: Noise) -> Tensor:
        _, height, width = picture.shape
        noise = draw(1, self._config.autoencoder.latent_channels, height // 8, width // 8)
        return encode(self._parts.autoencoder, picture[None].to(self._places.device), noise)

    def _text(self, text: str, known: Mapping[str, Tensor]) -> Tensor:
        """[1, 77, width]."""
        if text in known:
            return known[text].to(self._places.device)
        with self._places.awake(self._parts.text):
            return encoded(self._parts.text, text)

    def _no_picture(self, first: Tensor | None) -> Tensor | None:
        """The same of a picture of zeros, which is mid-grey: the same for every video, so it is projected once."""
        if self._grey is None and first is not None:
            self._grey = self._shown(torch.zeros_like(first))
        return self._grey

    def _shown(self, picture: Tensor | None) -> Tensor | None:
        """[1, queries, width] of a picture; None where there is none."""
        if picture is None:
            return None
        with self._places.awake(self._parts.vision, self._parts.resampler):
            tokens = image_tokens(self._parts.vision, picture[None].to(self._places.device))
            projected: Tensor = self._parts.resampler(tokens)
            return projected


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
