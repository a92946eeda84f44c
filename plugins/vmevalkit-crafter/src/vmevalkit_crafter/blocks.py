"""Residual blocks with their convolutions over space and time, and the two changes of resolution."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from vmevalkit_crafter.layout import group_norm, to_images, to_video


class ResBlock(nn.Module):
    """Two 3x3 convolutions around a shift by the time embedding, then convolutions over time."""

    def __init__(self, channels: int, out: int, emb_width: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(group_norm(channels), nn.SiLU(), nn.Conv2d(channels, out, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(emb_width, out))
        # Identities stand where the training code has dropouts: parameters are named by their place.
        self.out_layers = nn.Sequential(group_norm(out), nn.SiLU(), nn.Identity(), nn.Conv2d(out, out, 3, padding=1))
        self.skip_connection = nn.Identity() if channels == out else nn.Conv2d(channels, out, 1)
        self.temopral_conv = TemporalConv(out)  # the released files spell it so

    def forward(self, x: Tensor, emb: Tensor, frames: int) -> Tensor:
        """x [b·t, channels, h, w] and emb [b·t, emb_width] to [b·t, out, h, w]."""
        inner = self.in_layers(x) + self.emb_layers(emb)[:, :, None, None]
        # Over time last: the skip is in it by then, so these convolutions see all of the block's output.
        whole: Tensor = self.skip_connection(x) + self.out_layers(inner)
        return to_images(self.temopral_conv(to_video(whole, frames)))


class TemporalConv(nn.Module):
    """Four convolutions over three frames each, added to their input (ModelScope, arXiv:2308.06571)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # The first stage alone has no dropout, so its convolution has another number in the files.
        self.conv1 = nn.Sequential(group_norm(channels), nn.SiLU(), _over_time(channels))
        self.conv2, self.conv3, self.conv4 = (
            nn.Sequential(group_norm(channels), nn.SiLU(), nn.Identity(), _over_time(channels)) for _ in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[b, c, t, h, w]."""
        inner: Tensor = self.conv4(self.conv3(self.conv2(self.conv1(x))))
        return x + inner


def _over_time(channels: int) -> nn.Conv3d:
    return nn.Conv3d(channels, channels, (3, 1, 1), padding=(1, 0, 0))


class Downsample(nn.Module):
    """Half the resolution, by a convolution of stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[b·t, c, h, w] to [b·t, c, h/2, w/2]."""
        out: Tensor = self.op(x)
        return out


class Upsample(nn.Module):
    """Twice the resolution: every pixel four times, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[b·t, c, h, w] to [b·t, c, 2h, 2w]."""
        out: Tensor = self.conv(interpolate(x, scale_factor=2, mode="nearest"))
        return out
