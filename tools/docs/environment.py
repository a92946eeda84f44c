"""The environment variables that the command reads."""

from __future__ import annotations

from typing import Any

from tools.docs.commands import walked
from tools.docs.markdown import code, table
from vmevalkit_core.containment import LIMIT
from vmevalkit_core.workers.timing import PATIENCE

OTHERS = {
    LIMIT: "Seconds that a plugin may take to be imported, and again to list its models; default 10, 0 is no limit.",
    "VMEVAL_WEIGHTS": "Where local models find their weights: a model's folder, a folder of several, or a hub id.",
    "VMEVAL_CACHE": "Where local models keep encoded texts; `none` for nowhere, default below the user's cache.",
    PATIENCE: "Seconds that a local model may go without a step before it is killed; default 1800.",
    "CUDA_VISIBLE_DEVICES": "The NVIDIA cards that local models may use; empty for the CPU.",
    "VMEVAL_RUNTIME_DIR": "Folder of the locks that keep two commands off one card; default /tmp/vmeval-UID.",
    "VMEVAL_DEBUG": "Any value shows the traceback of an error, like `--debug`.",
    "NO_COLOR": "Any value switches colours off.",
    "TERM": "`dumb` shows progress as plain lines instead of a bar.",
}
"""Those that belong to no option."""


def environment_table() -> str:
    """The variables of options, those of `vmeval run` first, then the others."""
    places: dict[str, list[str]] = {}
    meanings: dict[str, str] = {}
    for context in sorted(walked(), key=lambda one: one.info_name != "run"):
        for option in context.command.params:
            for variable in _variables(option.envvar):
                places.setdefault(variable, []).append(f"{code(_typed(option))} of `{context.command_path}`")
                meanings.setdefault(variable, option.help or "")
    options = [(code(name), ", ".join(places[name]), meanings[name]) for name in places]
    others = [(code(name), "", text) for name, text in OTHERS.items()]
    return table(("Variable", "Stands for", "Meaning"), [*options, *others])


def _variables(names: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [names] if isinstance(names, str) else list(names or ())


def _typed(option: Any) -> str:
    """An option by its long name, an argument as the usage line has it."""
    name = max(option.opts, key=len)
    return name if name.startswith("-") else str(option.metavar or name.upper())
