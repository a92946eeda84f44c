"""From CLIP's picture tokens to context tokens: a perceiver with learned queries (arXiv:2103.03206, 2204.14198)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vmevalkit_crafter.attention import attend
from vmevalkit_crafter.config import ResamplerConfig


class Resampler(nn.Module):
    """[b, image tokens, image_width] to [b, queries, context_width]; tokens 16k to 16k + 15 belong to frame k."""

    def __init__(self, config: ResamplerConfig) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.zeros(1, config.queries, config.width))
        self.proj_in = nn.Linear(config.image_width, config.width)
        self.layers = nn.ModuleList(
            nn.ModuleList([PerceiverAttention(config), _feed_forward(config.width)]) for _ in range(config.depth)
        )
        self.proj_out = nn.Linear(config.width, config.context_width)
        self.norm_out = nn.LayerNorm(config.context_width)

    def forward(self, image: Tensor) -> Tensor:
        """[b, queries, context_width]."""
        image = self.proj_in(image)
        latents = self.latents.expand(len(image), -1, -1)
        for layer in self.layers.children():
            attention, feed_forward = layer.children()
            latents = latents + attention(image, latents)
            latents = latents + feed_forward(latents)
        out: Tensor = self.norm_out(self.proj_out(latents))
        return out


class PerceiverAttention(nn.Module):
    """Queries attend to the picture and to each other."""

    def __init__(self, config: ResamplerConfig) -> None:
        super().__init__()
        self.head_width = config.head_width
        inner = config.heads * config.head_width
        self.norm1 = nn.LayerNorm(config.width)
        self.norm2 = nn.LayerNorm(config.width)
        self.to_q = nn.Linear(config.width, inner, bias=False)
        self.to_kv = nn.Linear(config.width, inner * 2, bias=False)
        self.to_out = nn.Linear(inner, config.width, bias=False)

    def forward(self, image: Tensor, latents: Tensor) -> Tensor:
        """image [b, n, width] and latents [b, queries, width] to [b, queries, width]."""
        image, latents = self.norm1(image), self.norm2(latents)
        # Queries are among the keys, so they also see each other; a self-attention of their own is not needed.
        key, value = self.to_kv(torch.cat([image, latents], dim=1)).chunk(2, dim=-1)
        out: Tensor = self.to_out(attend(self.to_q(latents), key, value, self.head_width))
        return out


def _feed_forward(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, width * 4, bias=False), nn.GELU(), nn.Linear(width * 4, width, bias=False)
    )
