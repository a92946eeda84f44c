"""The samples as they ship, for the tests that check what they claim."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

SHIPPED = Path(__file__).parents[2] / "src" / "vmevalkit_core" / "samples"


@pytest.fixture
def shipped() -> Path:
    """The folder that holds all samples."""
    return SHIPPED


@pytest.fixture(params=[0, 1])
def folder(request: pytest.FixtureRequest) -> Path:
    """The folder of each sample of the test module's DOMAIN in turn."""
    domain: str = request.module.DOMAIN
    return SHIPPED / f"{domain}_task" / f"{domain}_sample_{request.param}"


@pytest.fixture
def metadata(folder: Path) -> dict[str, Any]:
    """All that question_metadata.json holds."""
    content: dict[str, Any] = json.loads((folder / "question_metadata.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture
def facts(metadata: dict[str, Any]) -> dict[str, Any]:
    """The part of the metadata that only this domain has."""
    content: dict[str, Any] = metadata[f"{metadata['domain']}_data"]
    return content


@pytest.fixture
def first(folder: Path) -> Image.Image:
    """The picture that a model sees."""
    return Image.open(folder / "first_frame.png")


@pytest.fixture
def final(folder: Path) -> Image.Image:
    """The picture that shows the answer."""
    return Image.open(folder / "final_frame.png")
