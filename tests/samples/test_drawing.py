"""The shipped samples are what the program draws, and are fit to ship."""

import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tools.samples.collection import write_all

TEXTS = ["prompt.txt", "question_metadata.json"]
PICTURES = ["first_frame.png", "final_frame.png"]
KEYS = ["id", "prompt", "first_image_path", "final_image_path", "task_category", "domain", "difficulty", "seed"]
NAMES = [
    f"{domain}_task/{domain}_sample_{index}"
    for domain in ("chess", "maze", "raven", "rotation", "sudoku")
    for index in (0, 1)
]


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all samples drawn anew."""
    out = tmp_path_factory.mktemp("samples")
    assert [str(folder.relative_to(out).as_posix()) for folder in write_all(out)] == NAMES
    return out


def difference(one: Path, other: Path) -> float:
    """The mean absolute difference of two pictures, of 255."""
    with Image.open(one) as first, Image.open(other) as second:
        channels = ImageStat.Stat(ImageChops.difference(first, second)).mean
    return sum(channels) / len(channels)


@pytest.mark.parametrize("name", NAMES)
def test_redrawing_gives_the_same_texts(name: str, shipped: Path, redrawn: Path) -> None:
    """Prompt and metadata come out the same, byte for byte."""
    for text in TEXTS:
        assert (redrawn / name / text).read_bytes() == (shipped / name / text).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_redrawing_gives_the_same_pictures(name: str, shipped: Path, redrawn: Path) -> None:
    """Pictures come out the same but for what versions of Pillow and its fonts may change."""
    for picture in PICTURES:
        assert difference(redrawn / name / picture, shipped / name / picture) < 2


def test_no_two_pictures_are_alike(shipped: Path) -> None:
    """All twenty pictures differ, above all the two of a pair."""
    contents = {Image.open(shipped / name / picture).tobytes() for name in NAMES for picture in PICTURES}
    assert len(contents) == 20


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_fit_to_ship(name: str, shipped: Path) -> None:
    """Pictures are RGB, have even sides, and take less than 60 kB."""
    for picture in PICTURES:
        with Image.open(shipped / name / picture) as image:
            assert (image.mode, image.format) == ("RGB", "PNG")
            assert (image.width % 2, image.height % 2) == (0, 0)
        assert (shipped / name / picture).stat().st_size < 60_000


@pytest.mark.parametrize("name", NAMES)
def test_metadata_describe_their_folder(name: str, shipped: Path) -> None:
    """The keys stand in their order, the paths exist, and the prompt is the one in prompt.txt."""
    metadata = json.loads((shipped / name / "question_metadata.json").read_text(encoding="utf-8"))
    domain, identifier = metadata["domain"], metadata["id"]
    assert list(metadata) == [*KEYS, f"{domain}_data"]
    assert f"{domain}_task/{identifier}" == name
    assert metadata["task_category"] == domain.capitalize()
    assert [metadata["first_image_path"], metadata["final_image_path"]] == [f"{name}/{picture}" for picture in PICTURES]
    assert all((shipped / name / file).is_file() for file in [*TEXTS, *PICTURES])
    assert (shipped / name / "prompt.txt").read_text(encoding="utf-8") == metadata["prompt"] + "\n"
