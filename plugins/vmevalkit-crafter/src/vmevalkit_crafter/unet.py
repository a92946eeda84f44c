"""The denoising network: a U-Net over space whose blocks also look along time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from vmevalkit_crafter.blocks import Downsample, ResBlock, Upsample
from vmevalkit_crafter.config import UNetConfig
from vmevalkit_crafter.embedding import number_mlp, sinusoid
from vmevalkit_crafter.layout import group_norm, to_images, to_video
from vmevalkit_crafter.transformers import SpatialTransformer, TemporalTransformer

FIRST_HEADS = 8
"""Heads of the attention over time that comes before all blocks (`openaimodel3d.py`, `init_attn`)."""


class Entry(nn.ModuleList):
    """One entry of the U-Net: layers in a row, each given what it asks for."""

    def forward(self, x: Tensor, emb: Tensor, context: Tensor, frames: int) -> Tensor:
        """x [b·t, c, h, w], emb [b·t, 4·channels] and context [b·t, tokens, context_width] to [b·t, c', h', w']."""
        for layer in self:
            if isinstance(layer, ResBlock):
                x = layer(x, emb, frames)
            elif isinstance(layer, SpatialTransformer):
                x = layer(x, context)
            elif isinstance(layer, TemporalTransformer):
                x = layer(x, frames)
            else:
                x = layer(x)
        return x


class UNet(nn.Module):
    """Predicts noise or velocity of a video's latents; its parameters have the names of the released files."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        width, emb = config.channels, config.channels * 4
        self.time_embed = number_mlp(width, emb)
        self.fps_embedding = number_mlp(width, emb)
        first = nn.Conv2d(config.in_channels, width, 3, padding=1)
        inner = FIRST_HEADS * config.head_width
        # The authors' code does not hand `use_linear` to this one, so its projections are convolutions.
        self.init_attn = Entry([TemporalTransformer(width, inner=inner, head_width=config.head_width, convolve=True)])
        down, skips = self._down(emb)
        deepest = skips[-1]
        self.input_blocks = nn.ModuleList([Entry([first]), *down])
        self.middle_block = Entry(
            [ResBlock(deepest, deepest, emb), *self._attentions(deepest), ResBlock(deepest, deepest, emb)]
        )
        self.output_blocks = nn.ModuleList(self._up(emb, skips))
        self.out = nn.Sequential(group_norm(width), nn.SiLU(), nn.Conv2d(width, config.out_channels, 3, padding=1))

    def _down(self, emb: int) -> tuple[list[Entry], list[int]]:
        """The entries on the way down, and the width of what each entry, the first included, leaves for the way up."""
        entries, skips = [], [self.config.channels]
        last = len(self.config.level_factors) - 1
        for level, factor in enumerate(self.config.level_factors):
            out = self.config.channels * factor
            for _ in range(self.config.res_blocks):
                entries.append(Entry([ResBlock(skips[-1], out, emb), *self._attentions_at(level, out)]))
                skips.append(out)
            if level < last:
                entries.append(Entry([Downsample(out)]))
                skips.append(out)
        return entries, skips

    def _up(self, emb: int, skips: list[int]) -> Iterator[Entry]:
        """The entries on the way up, each of which takes one skip off the end."""
        left, channels = list(skips), skips[-1]
        for level, factor in reversed(list(enumerate(self.config.level_factors))):
            out = self.config.channels * factor
            for number in range(self.config.res_blocks + 1):
                layers = [ResBlock(channels + left.pop(), out, emb), *self._attentions_at(level, out)]
                if level > 0 and number == self.config.res_blocks:
                    layers.append(Upsample(out))
                yield Entry(layers)
                channels = out

    def _attentions_at(self, level: int, channels: int) -> list[nn.Module]:
        return self._attentions(channels) if 2**level in self.config.attention_at else []

    def _attentions(self, channels: int) -> list[nn.Module]:
        over_time = TemporalTransformer(channels, inner=channels, head_width=self.config.head_width)
        return [SpatialTransformer(channels, self.config), over_time]

    def forward(self, x: Tensor, timesteps: Tensor, context: Tensor, fps: Tensor) -> Tensor:
        """The prediction [b, out_channels, t, h, w] for the noisy latents x [b, in_channels, t, h, w].

        timesteps [b]; context [b, tokens, context_width], as `per_frame_context` takes it; fps [b], the frame rate or
        frame stride, whichever the model was trained on.
        """
        frames = x.shape[2]
        # Outside of the temporal parts a video is a batch of pictures, so all that belongs to it is repeated.
        emb = self._embedding(timesteps, fps, x.dtype).repeat_interleave(frames, dim=0)
        context = self.per_frame_context(context, frames)
        hidden: Tensor = self.input_blocks[0](to_images(x), emb, context, frames)
        hidden = self.init_attn(hidden, emb, context, frames)
        # The last entry on the way up joins this one: behind the attention over time, not the bare convolution.
        skips = [hidden]
        for entry in self.input_blocks[1:]:
            skips.append(entry(skips[-1], emb, context, frames))
        hidden = self.middle_block(skips[-1], emb, context, frames)
        for entry in self.output_blocks:
            hidden = entry(torch.cat([hidden, skips.pop()], dim=1), emb, context, frames)
        return to_video(self.out(hidden), frames)

    def _embedding(self, timesteps: Tensor, fps: Tensor, dtype: torch.dtype) -> Tensor:
        """[b, 4·channels] for the noise level and the frame rate."""
        width = self.config.channels
        level: Tensor = self.time_embed(sinusoid(timesteps, width).to(dtype))
        rate: Tensor = self.fps_embedding(sinusoid(fps, width).to(dtype))
        return level + rate

    def per_frame_context(self, context: Tensor, frames: int) -> Tensor:
        """[b, tokens, width] as [b·t, tokens', width]: what each frame sees.

        Text is the same for all. Where a model has picture tokens for each frame, and there are as many, frame k sees
        its own ones; else every frame sees all of them.
        """
        text, image = context[:, : self.config.text_tokens], context[:, self.config.text_tokens :]
        each = self.config.tokens_per_frame
        # Told by their number, as in the original: another number of frames needs another resampler.
        if each is None or image.shape[1] != each * frames:
            return context.repeat_interleave(frames, dim=0)
        image = image.reshape(-1, each, image.shape[2])
        return torch.cat([text.repeat_interleave(frames, dim=0), image], dim=1)
