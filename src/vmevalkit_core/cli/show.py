"""`models show`: one model, its price, its pictures and its options."""

from __future__ import annotations

from pydantic import ValidationError

from vmevalkit_core.cli.catalog import is_file_target, load_registry
from vmevalkit_core.containment import reason
from vmevalkit_core.errors import ConfigError, VmevalError
from vmevalkit_core.options import Options
from vmevalkit_core.planner.ask import ask_of
from vmevalkit_core.specs import ModelSpec, Need
from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.fields import option_rows
from vmevalkit_core.terminal.pictures import in_words

LABEL = 15
"""Columns of a label."""


def show_model(name: str, *, as_json: bool) -> int:
    """One model with its options, their bounds and defaults."""
    registry = load_registry()
    spec = registry.add_file(name) if is_file_target(name) else registry.get(name)
    options = registry.options_class(spec)
    owner = registry.owner(spec.name)
    if as_json:
        out.dump(spec.to_json() | {"plugin": owner.distribution, "options_schema": options.model_json_schema()})
        return 0
    for label, value in _facts(spec, f"{owner.distribution} {owner.version}", options):
        out.say(out.paragraph(value, first=f"{label:<{LABEL}} ", rest=" " * (LABEL + 1)))
    if rows := option_rows(options.model_json_schema()):
        out.say()
        out.say(out.table(("OPTION", "TYPE", "DEFAULT", "VALUES", "MEANING"), rows))
    return 0


def _facts(spec: ModelSpec, plugin: str, options: type[Options]) -> list[tuple[str, str]]:
    successor = f", use {spec.state.successor}" if spec.state.successor else ""
    facts = [
        ("model", spec.name),
        ("description", spec.description),
        ("plugin", plugin),
        ("kind", f"{spec.kind}, runs {spec.runs_in}"),
        ("provider model", spec.provider_model),
        ("state", f"{spec.state.life} {spec.state.since}".strip() + successor),
        ("is shown", ", ".join(spec.inputs) + (" (it sees the solution)" if spec.sees_solution else "")),
        ("needs", "; ".join(map(_need, spec.needs)) or "nothing"),
        ("seeds", "none" if spec.seeds is None else f"{spec.seeds[0]} to {spec.seeds[1]}"),
        ("price", _price(spec, options)),
        *_picture(spec, options),
    ]
    return facts + [(label, url) for label, url in spec.links]


def _need(need: Need) -> str:
    return " or ".join(need.names) + (" (optional)" if need.optional else "")


def _price(spec: ModelSpec, options: type[Options]) -> str:
    try:
        price = ask_of(spec, options, {}, None).price
    except ConfigError:
        return "depends on the options"
    except VmevalError as error:
        return f"unknown: {error}"
    return "free" if price == 0 else f"{out.money(price)} a clip with the defaults"


def _picture(spec: ModelSpec, options: type[Options]) -> list[tuple[str, str]]:
    """What becomes of a question's pictures with the default options; nothing for a model that is shown none."""
    if not {"first_frame", "final_frame"} & set(spec.inputs):
        return []
    try:
        lines = in_words(options().image_rule())
    except ValidationError:
        lines = ["depends on the options"]
    except Exception as error:
        lines = [f"unknown: {reason(error)}"]
    return list(zip(("picture", ""), lines, strict=False))
