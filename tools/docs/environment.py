"""The environment variables that the command reads."""

from __future__ import annotations

from tools.docs.commands import walked
from tools.docs.markdown import code, table
from vmevalkit_core.containment import LIMIT

OTHERS = {
    LIMIT: "Seconds that a plugin may take to be imported, and again to list its models; default 10, 0 is no limit.",
    "VMEVAL_DEBUG": "Any value shows the traceback of an error, like `--debug`.",
    "NO_COLOR": "Any value switches colours off.",
    "TERM": "`dumb` shows progress as plain lines instead of a bar.",
}
"""Those that belong to no option."""


def environment_table() -> str:
    """The variables of options, then the others."""
    options = [
        (code(variable), f"{code(max(option.opts, key=len))} of `{context.command_path}`", option.help or "")
        for context in walked()
        for option in context.command.params
        for variable in _variables(option.envvar)
    ]
    others = [(code(name), "", text) for name, text in OTHERS.items()]
    return table(("Variable", "Stands for", "Meaning"), [*options, *others])


def _variables(names: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [names] if isinstance(names, str) else list(names or ())
