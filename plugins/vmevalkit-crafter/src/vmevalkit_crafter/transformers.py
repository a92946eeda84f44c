"""Transformers over the places of a frame and over the frames of a place."""

from __future__ import annotations

from torch import Tensor, nn

from vmevalkit_crafter.attention import Attention, TextAndImageAttention, TextAttention, TransformerBlock
from vmevalkit_crafter.config import UNetConfig
from vmevalkit_crafter.layout import group_norm, to_images, to_video

EPS = 1e-6
"""Of the group norm in front of a transformer; every other norm has 1e-5."""


class SpatialTransformer(nn.Module):
    """Each frame alone: its places attend to each other, then to the text and the picture."""

    def __init__(self, channels: int, config: UNetConfig) -> None:
        super().__init__()
        self.norm = group_norm(channels, eps=EPS)
        self.proj_in = nn.Linear(channels, channels)
        block = TransformerBlock(channels, head_width=config.head_width, second=_cross_attention(channels, config))
        self.transformer_blocks = nn.ModuleList([block])
        self.proj_out = nn.Linear(channels, channels)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """x [b·t, c, h, w] and context [b·t, tokens, context_width] to [b·t, c, h, w]."""
        tokens = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))
        for block in self.transformer_blocks:
            tokens = block(tokens, context)
        out: Tensor = self.proj_out(tokens)
        return x + out.transpose(1, 2).reshape(x.shape)


def _cross_attention(channels: int, config: UNetConfig) -> Attention:
    widths = (channels, config.context_width)
    if not config.image_attention:
        return TextAttention(*widths, head_width=config.head_width, text_tokens=config.text_tokens)
    return TextAndImageAttention(
        *widths,
        head_width=config.head_width,
        text_tokens=config.text_tokens,
        learned=config.learned_image_scale,
    )


class TemporalTransformer(nn.Module):
    """Each place alone: its frames attend to each other, twice, without a mask and without positions."""

    def __init__(self, channels: int, *, inner: int, head_width: int, convolve: bool = False) -> None:
        super().__init__()
        self.norm = group_norm(channels, eps=EPS)
        self.proj_in = _projection(channels, inner, convolve)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(inner, head_width=head_width)])
        self.proj_out = _projection(inner, channels, convolve)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """[b·t, c, h, w]."""
        video = to_video(x, frames)
        batch, _, _, height, width = video.shape
        # The norm sees the whole video, so its statistics run over the frames as well. From [b, c, t, h, w] then to
        # one sequence of t tokens for each place: [b·h·w, t, c].
        tokens = self.proj_in(self.norm(video).permute(0, 3, 4, 2, 1).flatten(0, 2))
        for block in self.transformer_blocks:
            tokens = block(tokens)
        out: Tensor = self.proj_out(tokens)
        return x + to_images(out.reshape(batch, height, width, frames, -1).permute(0, 4, 3, 1, 2))


class PointwiseConv(nn.Conv1d):
    """A linear layer whose weight is stored as that of a convolution over one frame: [out, in, 1]."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[n, t, channels] to [n, t, out]."""
        return nn.functional.linear(x, self.weight.squeeze(-1), self.bias)


def _projection(channels: int, out: int, convolve: bool) -> nn.Module:
    return PointwiseConv(channels, out) if convolve else nn.Linear(channels, out)
