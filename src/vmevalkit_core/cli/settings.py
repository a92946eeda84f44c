"""Where each setting of a run comes from: command line, file, environment, .env, default, in this order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vmevalkit_core.cli.catalog import usual
from vmevalkit_core.cli.parameters import GivenOption
from vmevalkit_core.environment import environment
from vmevalkit_core.errors import UsageError
from vmevalkit_core.questions import LAYOUT_HINT
from vmevalkit_core.terminal import out

if TYPE_CHECKING:
    import typer

    from vmevalkit_core.cli.fields import RunConfig
    from vmevalkit_core.planner import Ask

COMMAND_LINE = "command line"
DEFAULT = "default"
YAML = (".yaml", ".yml")
ORDERS = ("options", "resubmit_uncertain", "adopt", "dry_run", "yes", "as_json")
"""Parameters of `run` that are no settings: they are for one command, or, like -p, are told option by option."""
MANY = ("models", "domains")
"""Settings whose variable holds several words."""
OPPOSITE = {"rerun_changed": "keep_changed", "keep_changed": "rerun_changed"}


class Setting(NamedTuple):
    """A setting of a run with its value, and where that came from."""

    name: str
    value: Any
    origin: str

    def to_json(self) -> dict[str, Any]:
        """For programs; what is no JSON value is text."""
        plain = self.value if isinstance(self.value, str | int | float | list | dict | None) else str(self.value)
        return {"setting": _label(self.name), "value": plain, "from": self.origin}


def resolved(ctx: typer.Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of RunCommand: what was given to `run`, and what a file and a .env add to it."""
    path = _config_path(ctx, given)
    sources = _Sources(ctx, {**given, "questions": None} if path else given, path)
    settings = [sources.setting(name) for name in given if name not in ORDERS]
    values = {one.name: one.value for one in settings if one.origin != DEFAULT}
    return {**given, "questions": None, **values, "settings": settings, "written": sources.written()}


def tell_settings(settings: Sequence[Setting]) -> None:
    """A table of the settings in effect."""
    rows = [(_label(one.name), _shown(one.value), one.origin) for one in settings]
    out.say(out.table(("SETTING", "VALUE", "FROM"), rows))


def option_settings(ask: Ask, given: Mapping[str, GivenOption]) -> Iterator[Setting]:
    """The options of a model in effect, named as -p names them."""
    for name, value in ask.options.items():
        yield Setting(f"{ask.spec.name}:{name}", value, given[name].origin if name in given else DEFAULT)


class _Sources:
    """The places in which a setting may be given, asked in their order."""

    def __init__(self, ctx: typer.Context, given: Mapping[str, Any], path: Path | None) -> None:
        self.ctx = ctx
        self.given = given
        self.path = path
        self.config = _read(path) if path else None
        self.env = environment()
        self.variables = {param.name: str(param.envvar) for param in ctx.command.params if param.envvar}

    def setting(self, name: str) -> Setting:
        """The value that counts, and its origin."""
        variable = self.variables.get(name, "")
        if self._is_typed(name):
            return Setting(name, self.given[name], COMMAND_LINE)
        if self.config and name in self.config.model_fields_set:
            if self._is_typed(OPPOSITE.get(name, "")):
                return Setting(name, False, COMMAND_LINE)
            return Setting(name, self.config.value(name), str(self.path))
        if text := self.env.get(variable):
            place = "environment" if os.environ.get(variable) else ".env"
            return Setting(name, _value_of_text(name, text, f"{variable} in {place}"), f"{place} {variable}")
        return Setting(name, usual(name) if self.given[name] is None else self.given[name], DEFAULT)

    def written(self) -> list[GivenOption]:
        """The options in the file, of all models first."""
        if self.config is None:
            return []
        options = [("", self.config.options), *((entry.name, entry.options) for entry in self.config.models or ())]
        origin = str(self.path)
        return [GivenOption(model, key, value, origin) for model, some in options for key, value in some.items()]

    def _is_typed(self, name: str) -> bool:
        return _is_typed(self.ctx, name) and not (name == "questions" and self.path)


def _config_path(ctx: typer.Context, given: Mapping[str, Any]) -> Path | None:
    path: Path | None = given["questions"]
    if path is None or path.is_dir():
        return None
    if path.suffix.lower() not in YAML:
        if path.is_file():
            raise UsageError(
                f"{path} is a file, not a folder", hint=f"a configuration ends in {YAML[0]}; {LAYOUT_HINT}"
            )
        return None
    if not _is_typed(ctx, "questions"):
        hint = f"a configuration is given on the command line: vmeval run {path}"
        raise UsageError(f"VMEVAL_QUESTIONS names {path}, which is no folder of task pairs", hint=hint)
    return path


def _is_typed(ctx: typer.Context, name: str) -> bool:
    # By name: Typer keeps click's enumeration to itself.
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _read(path: Path) -> RunConfig:
    from vmevalkit_core.cli.config import read_config

    return read_config(path)


def _value_of_text(name: str, text: str, where: str) -> Any:
    from vmevalkit_core.cli.config import config_of_texts

    return config_of_texts({name: text.split() if name in MANY else text}, where).value(name)


def _label(name: str) -> str:
    return "with" if name == "interceptors" else name


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
