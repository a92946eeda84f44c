"""The help of every command, at 80 columns."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of an old Typer beside a new click
    import typer

    from vmevalkit_core.cli.app import app

COLUMNS = 80
LAYOUT = "0.29"
"""The Typer whose layout the page shows; others print the same words in another one."""
Context = Any
"""A context of click, which newer versions of Typer hold inside themselves."""


def commands_page() -> str:
    """A section for each command with its `--help`."""
    return "\n\n".join(f"## `{one.command_path}`\n\n```text\n{_help(one)}\n```" for one in walked())


def same_layout() -> bool:
    """Whether the installed Typer prints the page as it stands."""
    return typer.__version__.startswith(f"{LAYOUT}.")


def walked() -> Iterator[Context]:
    """A context for each command, `vmeval` itself first."""
    yield from _below(typer.main.get_command(app), "vmeval", None)


def _below(command: Any, name: str, parent: Context) -> Iterator[Context]:
    widths = {"terminal_width": COLUMNS, "max_content_width": COLUMNS}
    context = command.make_context(name, [], parent=parent, resilient_parsing=True, **widths)
    yield context
    for below, one in sorted(getattr(command, "commands", {}).items()):
        yield from _below(one, below, context)


def _help(context: Context) -> str:
    return "\n".join(line.rstrip() for line in context.get_help().splitlines())
