"""The hooks of the plugin contract, from hookspecs.py."""

from __future__ import annotations

import inspect

from tools.docs.fields import function_node, signature
from vmevalkit_core import hookspecs
from vmevalkit_core.contract import HOOKS


def hook_sections() -> str:
    """A section for each hook: its signature and what it is for."""
    return "\n\n".join(_section(name) for name in HOOKS)


def _section(name: str) -> str:
    function = getattr(hookspecs, name)
    return f"### `{name}`\n\n```text\n{signature(function_node(function))}\n```\n\n{inspect.getdoc(function)}"
