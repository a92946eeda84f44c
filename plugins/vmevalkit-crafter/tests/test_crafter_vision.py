"""Pictures as CLIP is shown them."""

import pytest

torch = pytest.importorskip("torch")

from crafter_numbers import numbers

from vmevalkit_crafter.vision import DEVIATION, MEAN, clip_pixels


def plain(pixels: torch.Tensor) -> torch.Tensor:
    """What CLIP is shown, in 0 to 1."""
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    return pixels * deviation + mean


def test_one_colour_stays_that_colour() -> None:
    """Whatever the size."""
    for size in ((320, 512), (100, 224), (224, 224)):
        shown = plain(clip_pixels(torch.full((1, 3, *size), 0.5)))
        assert shown.shape == (1, 3, 224, 224)
        assert torch.allclose(shown, torch.tensor(0.75), atol=1e-6)


def test_right_size_is_not_resampled() -> None:
    """224 x 224 pixels come through as they are."""
    picture = numbers(1, 1, 3, 224, 224)
    assert torch.allclose(plain(clip_pixels(picture)), (picture + 1) / 2, atol=1e-6)


def test_shrinking_smooths_first() -> None:
    """A chequerboard of single pixels becomes grey instead of a moiré."""
    board = (torch.arange(896)[:, None] + torch.arange(896)) % 2 * 2.0 - 1
    assert float((plain(clip_pixels(board.expand(1, 3, -1, -1))) - 0.5).abs().max()) < 0.05


def test_corners_stay_corners() -> None:
    """The outermost pixels of a picture are those of what is shown."""
    picture = numbers(2, 1, 3, 64, 64)
    shown = plain(clip_pixels(picture))
    for place in (0, -1):
        assert torch.allclose(shown[..., place, place], (picture[..., place, place] + 1) / 2, atol=1e-5)
