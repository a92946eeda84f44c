"""Every snippet of every page of the documentation, carried out from top to bottom in a fresh folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import REPOSITORY
from tests.package.blocks import blocks_of, carry_out
from tests.package.conftest import environment
from vmevalkit_core.testing import Simulator

pytestmark = pytest.mark.package
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))


@pytest.fixture(scope="module")
def shared(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A shell in an environment that holds the wheel and what it asks for."""
    return environment(tmp_path_factory.mktemp("docs") / "venv", wheel)


@pytest.fixture(scope="module")
def vendor() -> Iterator[dict[str, str]]:
    """The variables with which the vendor of the examples is reached: the one that the kit brings."""
    with Simulator(running_seconds=0.3) as one:
        yield {"ACME_API_KEY": "sk-secret", "ACME_BASE_URL": one.url}


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_snippets_work_as_they_stand(
    page: Path, shared: dict[str, str], wheel: Path, vendor: dict[str, str], tmp_path: Path
) -> None:
    """In order; a page that installs more than the core gets an environment of its own."""
    installs = re.search(r"^pip install (?!vmevalkit-core$)", page.read_text("utf-8"), re.MULTILINE)
    env = environment(tmp_path / "venv", wheel) if installs else shared
    folder = tmp_path / "work"
    folder.mkdir()
    for block in blocks_of(page):
        carry_out(block, folder, env | vendor)
