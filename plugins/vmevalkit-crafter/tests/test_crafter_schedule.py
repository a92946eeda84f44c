"""The noise, the steps through it, and the places where the original breaks."""

import pytest

torch = pytest.importorskip("torch")

from crafter_own import tiny

from vmevalkit_crafter.config import RELEASED, DiffusionConfig
from vmevalkit_crafter.sampler import ddim
from vmevalkit_crafter.schedule import alphas_cumprod, ddim_steps, latent_scales, timesteps

NAN_BEFORE = (7, 11, 14, 15, 20, 25, 33, 34, 35, 37, 38, 39, 61, 62, 63, 64)
"""Step counts at which the authors' sampler gives a video of NaN, with zero terminal SNR and eta 1."""
CRASHED_BEFORE = (3, 9, 27, 36, 37, *range(101, 112))
"""Step counts at which it looks for training step 1000 with spacing `uniform`."""
V = RELEASED["dynamicrafter-512"].diffusion


def authors_uniform(steps: int) -> list[int]:
    """As their code has it."""
    return [step + 1 for step in range(0, 1000, 1000 // steps)]


def authors_trailing(steps: int) -> list[int]:
    """As their code has it; it needs numpy."""
    numpy = pytest.importorskip("numpy")
    return (numpy.round(numpy.arange(1000, 0, -1000 / steps)).astype(int) - 1)[::-1].tolist()


def test_uniform_steps_are_the_authors() -> None:
    """One more than asked included; only the step that does not exist is another."""
    for steps in range(1, 201):
        given, wanted = timesteps(steps, "uniform"), authors_uniform(steps)
        assert given[:-1] == wanted[:-1]
        assert given[-1] == min(wanted[-1], 999)
        assert (wanted[-1] == 1000) == (steps in CRASHED_BEFORE)


def test_trailing_steps_are_the_authors() -> None:
    """But for the step -1 that rounding gives the original at four counts."""
    extra = []
    for steps in range(1, 201):
        wanted = authors_trailing(steps)
        assert timesteps(steps, "uniform_trailing") == [step for step in wanted if step >= 0]
        extra += [steps] if wanted[0] < 0 else []
    assert extra == [61, 103, 121, 122]


def test_30_uniform_steps_are_31() -> None:
    """As released, and documented."""
    assert len(timesteps(30, "uniform")) == 31


@pytest.mark.parametrize("steps", [0, 1001])
def test_impossible_counts_are_refused(steps: int) -> None:
    """There are 1000 training steps."""
    with pytest.raises(ValueError, match="from 1 to 1000"):
        timesteps(steps, "uniform")


def test_terminal_noise_is_pure() -> None:
    """The first step of the sampler starts from noise alone, and the last one is as before."""
    bars, before = alphas_cumprod(zero_terminal_snr=True), alphas_cumprod(zero_terminal_snr=False)
    assert float(bars[-1]) == 0.0
    assert float(bars[0]) == pytest.approx(float(before[0]), rel=1e-12)
    assert float(before[-1]) > 0.004


def test_latents_are_rescaled_over_400_steps() -> None:
    """Down to the end value, which then stays."""
    scales = latent_scales(0.3)
    assert scales.shape == (1000,)
    assert [float(scales[k]) for k in (0, 399, 999)] == pytest.approx([1.0, 0.3, 0.3])


def test_video_crafter_ends_on_scale_one() -> None:
    """DynamiCrafter repeats the scale of its last step; both share everything else."""
    ours = ddim_steps(DiffusionConfig(prediction="eps", rescale_end=0.7), 50, "uniform", 1.0)
    other = ddim_steps(DiffusionConfig(prediction="eps", rescale_end=0.7, rescale_from_one=True), 50, "uniform", 1.0)
    assert [float(step.rescale) for step in ours[:-1]] == [float(step.rescale) for step in other[:-1]]
    assert float(ours[-1].rescale) == 1.0
    assert float(other[-1].rescale) > 1.0


def radicand(step_count: int, spacing: str) -> float:
    """What the original takes the root of in its first step, in float32."""
    table = alphas_cumprod(zero_terminal_snr=True).float()
    visited = timesteps(step_count, spacing)
    before, bar = table[visited[-2]].double(), table[visited[-1]].double()
    sigma = ((1 - before) / (1 - bar) * (1 - bar / before)).sqrt().float()
    return float(1 - before.float() - sigma**2)


def test_clamp_changes_only_what_was_nan() -> None:
    """The radicand is negative at exactly the counts that were NaN; elsewhere it is as it was."""
    negative = [steps for steps in range(2, 101) if radicand(steps, "uniform_trailing") < 0]
    assert tuple(negative) == NAN_BEFORE
    for steps in set(range(2, 101)) - set(negative):
        wanted = radicand(steps, "uniform_trailing") ** 0.5
        first = ddim_steps(V, steps, "uniform_trailing", 1.0)[0]
        assert float(first.direction) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("spacing", ["uniform", "uniform_trailing"])
@torch.inference_mode()
def test_every_step_count_is_finite(spacing: str) -> None:
    """A small v-predicting network, all counts from 2 to 100, with as much fresh noise as there can be."""
    config = tiny("dynamicrafter-512")
    torch.manual_seed(0)
    network = torch.nn.Conv3d(4, 4, 3, padding=1)
    for count in range(2, 101):
        steps = ddim_steps(config.diffusion, count, spacing, 1.0)
        walk = ddim(
            lambda x, timestep: network(x),
            torch.randn(1, 4, 4, 8, 8),
            steps,
            prediction="v",
            noise=lambda: torch.randn(1, 4, 4, 8, 8),
        )
        assert list(walk)[-1].x.isfinite().all(), count
