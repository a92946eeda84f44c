"""Classifier-free guidance: the network asked with and without the prompt and the picture (arXiv:2207.12598)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Predict = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""A `UNet`: x [b, c, t, h, w], timesteps [b], context [b, tokens, width], fps [b] to [b, 4, t, h, w]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """How strongly a video follows what it is given."""

    scale: float
    """Of the prompt and, without `image_scale`, of the picture as well; at 1 the network is asked once a step."""
    rescale: float = 0.0
    """Share of the correction of over-exposure (arXiv:2305.08891, section 3.4)."""
    image_scale: float | None = None
    """Of the picture, apart from the prompt, at the cost of a third question (`ddim_multiplecond.py`)."""
    batched: bool = False
    """Ask all questions of a step at once: the same numbers in less time and more memory."""

    @property
    def is_on(self) -> bool:
        """Whether anything is asked but the one question."""
        return self.scale != 1 or self.image_scale is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditioning:
    """What the network is told besides the noisy latents."""

    prompt: Tensor
    """Context [b, tokens, width] of the prompt and the picture."""
    nothing: Tensor | None = None
    """The same of the negative prompt and a grey picture; None where the scale is 1."""
    picture: Tensor | None = None
    """The same of the negative prompt and the picture; for `image_scale` only."""
    fps: Tensor
    """[b], the frame rate or stride."""
    latents: Tensor | None = None
    """[b, 4, t, h, w], the latents of the picture(s), which go in beside the noisy ones."""


class GuidedModel:
    """Predictions of a network under guidance."""

    def __init__(self, predict: Predict, conditioning: Conditioning, guidance: Guidance, dtype: torch.dtype) -> None:
        self._predict = predict
        self._given = conditioning
        self._guidance = guidance
        self._dtype = dtype

    def __call__(self, x: Tensor, timestep: int) -> Tensor:
        """[b, 4, t, h, w] in float32 for latents [b, 4, t, h, w] at a training step."""
        given, guidance = self._given, self._guidance
        if given.nothing is None:
            return self._ask(x, timestep, [given.prompt])[0]
        if guidance.image_scale is None or given.picture is None:
            full, none = self._ask(x, timestep, [given.prompt, given.nothing])
            guided = none + guidance.scale * (full - none)
        else:
            full, none, picture = self._ask(x, timestep, [given.prompt, given.nothing, given.picture])
            guided = none + guidance.image_scale * (picture - none) + guidance.scale * (full - picture)
        return rescaled(guided, full, guidance.rescale)

    def _ask(self, x: Tensor, timestep: int, contexts: Sequence[Tensor]) -> Sequence[Tensor]:
        """The prediction for each context."""
        # The picture's latent is there in every branch, so guidance concerns the prompt and CLIP's view only.
        if self._given.latents is not None:
            x = torch.cat([x, self._given.latents], dim=1)
        x = x.to(self._dtype)
        # In turn is what the authors do; it needs half of the memory for activations.
        if not self._guidance.batched:
            return [self._once(x, timestep, context) for context in contexts]
        count = len(contexts)
        return self._once(x.repeat(count, 1, 1, 1, 1), timestep, torch.cat(list(contexts))).chunk(count)

    def _once(self, x: Tensor, timestep: int, context: Tensor) -> Tensor:
        fps = self._given.fps.repeat(len(x) // len(self._given.fps))
        steps = torch.full((len(x),), timestep, device=x.device)
        # Sampling stays in float32 whatever the network computes in: it takes small differences of large numbers.
        return self._predict(x, steps, context.to(self._dtype), fps).float()


def rescaled(guided: Tensor, full: Tensor, share: float) -> Tensor:
    """`guided` [b, …], by that share brought to the standard deviation that `full` [b, …] has for each of the batch."""
    if share == 0:
        return guided
    axes = list(range(1, full.ndim))
    matched = guided * (full.std(dim=axes, keepdim=True) / guided.std(dim=axes, keepdim=True))
    return share * matched + (1 - share) * guided
