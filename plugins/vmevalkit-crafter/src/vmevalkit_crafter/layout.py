"""The two layouts of a video inside the network, and the way between them."""

from __future__ import annotations

from torch import Tensor, nn


def to_video(x: Tensor, frames: int) -> Tensor:
    """[b·t, c, h, w] as [b, c, t, h, w]."""
    return x.reshape(-1, frames, *x.shape[1:]).transpose(1, 2)


def to_images(x: Tensor) -> Tensor:
    """[b, c, t, h, w] as [b·t, c, h, w]."""
    return x.transpose(1, 2).flatten(0, 1)


def group_norm(channels: int, *, eps: float = 1e-5) -> nn.GroupNorm:
    """A norm over 32 groups, for any number of trailing axes; over [b, c, t, h, w] it averages over time too."""
    return nn.GroupNorm(32, channels, eps=eps)
