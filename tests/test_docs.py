"""The documentation keeps up with the code: what is generated is fresh, and what is public has its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import vmevalkit_core
from tests.helpers import REPOSITORY
from tests.package.blocks import blocks_of
from tools.docs.__main__ import REFRESH
from tools.docs.commands import walked
from tools.docs.errors import classes
from tools.docs.fields import class_of, fields_of
from tools.docs.pages import PAGES, refreshed
from vmevalkit_core import metadata, testing
from vmevalkit_core.contract import HOOKS
from vmevalkit_core.generator import ApiGenerator

TEXTS = {page.name: page.read_text("utf-8") for page in PAGES}
ALL = "\n".join(TEXTS.values())
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FUNCTIONS = " ".join(re.findall(r"<!-- generated: functions ([^>]*) -->", ALL)).split()
pages = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])


@pages
def test_generated_blocks_are_fresh(page: Path) -> None:
    """What the code says of itself is what the page says."""
    assert refreshed(page) == TEXTS[page.name], REFRESH


@pages
def test_every_block_is_run_or_of_a_kind_that_cannot_be(page: Path) -> None:
    """A snippet that nobody runs goes wrong unseen."""
    assert not [block.problem for block in blocks_of(page) if block.problem]


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading in it."""
    links = re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", TEXTS[page.name]))
    assert not [link for link in links if "://" not in link and not resolves(page, link)]


def test_every_page_is_in_the_navigation() -> None:
    """A page that nothing leads to is never read."""
    listed = re.findall(r'"([\w-]+\.md)"', (REPOSITORY / "zensical.toml").read_text("utf-8"))
    assert sorted(TEXTS) == sorted(listed)


@pytest.mark.parametrize("name", [name for name in vmevalkit_core.__all__ if name not in ("CONTRACT", "__version__")])
def test_public_names_have_a_place(name: str) -> None:
    """A heading of its own, or a row in a table of functions."""
    assert name in FUNCTIONS or has_section(name)


@pytest.mark.parametrize("name", testing.__all__)
def test_what_tests_import_has_a_place(name: str) -> None:
    """On the page about tests, or on that of plugins."""
    assert re.search(rf"\b{name}\b", TEXTS["testing.md"] + TEXTS["plugins.md"])


@pytest.mark.parametrize("name", [name for name in dir(ApiGenerator) if not name.startswith("_")])
def test_every_hook_and_figure_of_api_models_has_a_row(name: str) -> None:
    """What a plugin may write, call or set."""
    assert re.search(rf"^\| `(async )?{name}\b", TEXTS["plugins.md"], re.MULTILINE)


@pytest.mark.parametrize("name", [*HOOKS, *(cls.__name__ for cls in classes())])
def test_hooks_and_errors_have_a_section(name: str) -> None:
    """What it is for, what to do next."""
    assert has_section(name)


def test_every_field_of_the_record_has_a_row() -> None:
    """Of the record itself, of its sections, and of what they hold."""
    tables = re.findall(r"<!-- generated: fields metadata\.(\w+) -->", TEXTS["results.md"])
    assert sorted(tables) == sorted(set(held_by("RunMetadata")))


def test_every_option_is_on_the_page_of_commands() -> None:
    """Whatever Typer is installed: each version lays the same options out in its own way."""
    flags = {flag for context in walked() for option in context.command.params for flag in option.opts}
    assert not {flag for flag in flags if flag.startswith("-") and flag not in TEXTS["commands.md"]}


def test_every_variable_is_on_the_page_of_running() -> None:
    """Each that the source names, whether it stands for an option or not."""
    sources = (REPOSITORY / "src").rglob("*.py")
    named = {name for path in sources for name in re.findall(r"(?<!_)VMEVAL_[A-Z_]+", path.read_text("utf-8"))}
    assert named
    assert not {name for name in named if f"`{name}`" not in TEXTS["running.md"]}


def held_by(name: str) -> Iterator[str]:
    """A class of the record, and all that its fields name."""
    yield name
    for field in fields_of(class_of(f"metadata.{name}")):
        for word in re.findall(r"\b[A-Z]\w+", field.type):
            if hasattr(getattr(metadata, word, None), "model_fields"):
                yield from held_by(word)


def has_section(name: str) -> bool:
    """Whether a heading is that name and nothing else."""
    return f"`{name}`" in HEADING.findall(ALL)


def resolves(page: Path, link: str) -> bool:
    """Whether a relative link leads to a file, and its anchor to a heading."""
    target, _, anchor = link.partition("#")
    path = page.parent / target if target else page
    return path.is_file() and (not anchor or anchor in anchors(path))


def anchors(page: Path) -> set[str]:
    """The headings of a page as the site names them: lower case, words joined by hyphens."""
    headings = HEADING.findall(FENCED.sub("", page.read_text("utf-8")))
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", one).strip().lower()) for one in headings}
