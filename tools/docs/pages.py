"""The pages, and the generated blocks in them: `<!-- generated: KIND NAME... -->` up to `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tools.docs.commands import commands_page, same_layout
from tools.docs.environment import environment_table
from tools.docs.errors import error_table
from tools.docs.faults import fault_table
from tools.docs.fields import field_table, function_table, method_table
from tools.docs.hooks import hook_sections
from tools.docs.models import model_table, option_tables

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
KINDS: dict[str, Callable[..., str]] = {
    "commands": commands_page,
    "environment": environment_table,
    "errors": error_table,
    "faults": fault_table,
    "fields": field_table,
    "functions": function_table,
    "hooks": hook_sections,
    "methods": method_table,
    "models": model_table,
    "options": option_tables,
}
BLOCK = re.compile(r"(?P<mark><!-- generated: (?P<kind>\w+)(?P<names>[^>]*?) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def refreshed(page: Path) -> str:
    """The text of a page with every generated block made anew."""
    return BLOCK.sub(_made, page.read_text("utf-8"))


def _made(block: re.Match[str]) -> str:
    if block["kind"] == "commands" and not same_layout():
        return block[0]
    return f"{block['mark']}\n{KINDS[block['kind']](*block['names'].split())}\n\n"
