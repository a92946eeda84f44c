"""Tables and paragraphs fit the terminal and lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Command
from tests.helpers import on_terminal
from tests.hostile.dists import write_dist
from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.tables import display_width, layout, wrapped

PLUGIN = """
from vmevalkit_core import ModelSpec, Need, hookimpl

@hookimpl
def vmeval_models():
    needs = (Need("ACME_CLOUD_APPLICATION_CREDENTIALS", "ACME_API_KEY"), Need("ACME_CLOUD_PROJECT"))
    yield ModelSpec(name="acme-movie-3.1-fast", factory="x:Y", needs=needs, description="Much to say. " * 12)
"""
CELLS = st.text(st.sampled_from("ab .|/-名é🎬"), max_size=40)
TABLES = st.integers(1, 5).flatmap(lambda size: st.lists(st.tuples(*[CELLS] * size), min_size=1, max_size=4))


def letters(text: str) -> list[str]:
    """What is not space."""
    return sorted("".join(text.split()))


@given(table=TABLES, width=st.integers(6, 120))
def test_no_line_is_wider_than_the_terminal(table: list[tuple[str, ...]], width: int) -> None:
    """Whatever the columns, down to very narrow terminals."""
    shown = layout(["H"] * len(table[0]), table, width)
    assert max(map(display_width, shown.split("\n"))) <= width


@given(text=CELLS, width=st.integers(2, 50))
def test_wrapped_text_loses_nothing(text: str, width: int) -> None:
    """Only spaces at the ends of lines go."""
    assert letters("".join(wrapped(text, width))) == letters(text)


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("名前", 4), ("🎬", 2), ("e\u0301", 1), ("ﾊ", 1)], ids=ascii)
def test_width_is_what_a_terminal_shows(text: str, columns: int) -> None:
    """Wide letters take two columns, marks none."""
    assert display_width(text) == columns


def test_columns_line_up_under_wide_names() -> None:
    """The second column begins where its head does."""
    lines = layout(["NAME", "KIND"], [["名前", "api"], ["x", "local"]], None).split("\n")
    found = [line.index(word) for line, word in zip(lines, ("KIND", "api", "local"), strict=True)]
    assert [display_width(line[:at]) for line, at in zip(lines, found, strict=True)] == [6, 6, 6]


def test_last_column_is_wrapped_under_itself() -> None:
    """Where it has room enough."""
    shown = layout(["NAME", "TEXT"], [["one", "some words that are too many for a line"]], 30)
    assert shown.split("\n") == ["NAME  TEXT", "one   some words that are too", "      many for a line"]


def test_column_without_room_goes_below() -> None:
    """On an indented line, under its head, and no word of it is cut."""
    shown = layout(["NAME", "TEXT"], [["a" * 20, "some words that are rather many"]], 34)
    assert shown.split("\n") == ["NAME", "    TEXT", "a" * 20, "    some words that are rather", "    many"]


def test_several_columns_below_are_named() -> None:
    """Each on a line of its own; empty ones are left out."""
    rows = [["a" * 20, "b" * 20, "c" * 20], ["a", "", "c"]]
    shown = layout(["ONE", "TWO", "THREE"], rows, 30).split("\n")
    assert shown == ["ONE", "a" * 20, f"    TWO  {'b' * 20}", "    THREE", f"    {'c' * 20}", "a", "    THREE  c"]


def test_cell_is_one_line_whatever_it_holds() -> None:
    """A hostile name can neither move the cursor nor break the table."""
    shown = out.table(("NAME", "KIND"), [("a\nb\x1b[2J", "c")])
    assert shown.split("\n")[1] == "a\\nb\\x1b[2J  c"


def test_models_list_fits_eighty_columns(tmp_path: Path) -> None:
    """On a real terminal, with long needs and a long description, all of it to be read."""
    write_dist(tmp_path, "acme", PLUGIN)
    shown = on_terminal("models", "list", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert max(map(display_width, shown.splitlines())) <= 80
    assert shown.count("Much to") + shown.count("Much\n") == 12
    assert "ACME_CLOUD_APPLICATION_CREDENTIALS|ACME_API_KEY" in shown


def test_piped_listing_keeps_one_line_a_model(vmeval: Command, tmp_path: Path) -> None:
    """For grep and awk."""
    write_dist(tmp_path, "acme", PLUGIN)
    lines = vmeval("models", "list", PYTHONPATH=str(tmp_path)).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["MODEL", "acme-movie-3.1-fast", "baseline-hold", "baseline-oracle"]
