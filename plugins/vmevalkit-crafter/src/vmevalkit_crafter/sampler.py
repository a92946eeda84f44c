"""DDIM: from noise to a clean latent, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from vmevalkit_crafter.config import Prediction
from vmevalkit_crafter.schedule import Step


@dataclass(frozen=True, slots=True)
class Sampled:
    """Where a step has led."""

    x: Tensor
    """The latents [b, 4, t, h, w] that the next step starts from."""
    clean: Tensor
    """The clean latents that the step predicted."""


def ddim(
    model: Callable[[Tensor, int], Tensor],
    x: Tensor,
    steps: Sequence[Step],
    *,
    prediction: Prediction,
    noise: Callable[[], Tensor],
) -> Iterator[Sampled]:
    """The result of each step in turn, beginning at pure noise x [b, 4, t, h, w]; the last one's `x` is the sample.

    `model(x, timestep)` predicts noise or velocity, `noise()` gives fresh normal numbers of the shape of x; it is
    called once in each step that adds noise.
    """
    for step in steps:
        output = model(x, step.timestep)
        clean, predicted_noise = _v_parts(x, output, step) if prediction == "v" else _eps_parts(x, output, step)
        # Only the prediction is rescaled; the noise that goes with it stays what it was.
        clean = clean * step.rescale
        x = step.previous_root * clean + step.direction * predicted_noise
        if step.sigma > 0:
            x = x + step.sigma * noise()
        yield Sampled(x, clean)


def _eps_parts(x: Tensor, output: Tensor, step: Step) -> tuple[Tensor, Tensor]:
    """The clean latents and the noise in x, when the network predicts the noise."""
    return (x - step.noise_root * output) / step.root, output


def _v_parts(x: Tensor, output: Tensor, step: Step) -> tuple[Tensor, Tensor]:
    """The same when it predicts the velocity: the two turned by a quarter (arXiv:2202.00512, appendix D)."""
    return step.root * x - step.noise_root * output, step.root * output + step.noise_root * x
