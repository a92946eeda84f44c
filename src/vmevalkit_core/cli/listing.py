"""`models list|show`, `plugins list`: what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmevalkit_core.cli.catalog import is_file_target, load_registry, tell_problems
from vmevalkit_core.terminal import out

if TYPE_CHECKING:
    from vmevalkit_core.options import Options
    from vmevalkit_core.specs import ModelSpec


def list_models(*, as_json: bool) -> int:
    """Every model of every plugin, then the plugins that have a problem."""
    registry = load_registry()
    if as_json:
        out.dump([spec.to_json() | {"plugin": registry.owner(spec.name).distribution} for spec in registry.models()])
    else:
        rows = [_model_row(spec) for spec in registry.models()]
        out.say(out.table(("MODEL", "KIND", "STATE", "NEEDS", "DESCRIPTION"), rows))
    tell_problems(registry)
    return 0


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
        out.say(f"{label:<15} {value}")
    if rows := _option_rows(options):
        out.say()
        out.say(out.table(("OPTION", "TYPE", "DEFAULT", "BOUNDS", "MEANING"), rows))
    return 0


def list_plugins(*, as_json: bool) -> int:
    """Every plugin with its models, then the plugins that have a problem."""
    registry = load_registry()
    owned: dict[str, list[str]] = {plugin.name: [] for plugin in registry.plugins}
    for spec in registry.models():
        owned[registry.owner(spec.name).name].append(spec.name)
    if as_json:
        plugins = [_plain(plugin) | {"models": owned[plugin.name]} for plugin in registry.plugins]
        out.dump({"plugins": plugins, "problems": [_plain(problem) for problem in registry.problems]})
        return 0
    rows = [(one.name, one.distribution, one.version, len(owned[one.name])) for one in registry.plugins]
    out.say(out.table(("PLUGIN", "DISTRIBUTION", "VERSION", "MODELS"), rows))
    tell_problems(registry)
    return 0


def _model_row(spec: ModelSpec) -> tuple[str, ...]:
    state = spec.state.life + (f" since {spec.state.since}" if spec.state.since else "")
    needs = ", ".join("|".join(need.names) for need in spec.needs) or "-"
    solution = "sees the solution; " if spec.sees_solution else ""
    return spec.name, spec.kind, state, needs, solution + spec.description


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
        ("needs", "; ".join(" or ".join(need.names) for need in spec.needs) or "nothing"),
        ("seeds", "none" if spec.seeds is None else f"{spec.seeds[0]} to {spec.seeds[1]}"),
        ("price", _price(options)),
    ]
    return facts + [(label, url) for label, url in spec.links]


def _price(options: type[Options]) -> str:
    from pydantic import ValidationError

    try:
        price = options().price()
    except ValidationError:
        return "depends on the options"
    return "free" if price == 0 else f"{out.money(price)} a clip with the defaults"


def _option_rows(options: type[Options]) -> list[tuple[str, ...]]:
    schema = options.model_json_schema()
    required = schema.get("required", ())
    return [
        (name, _type(field), "required" if name in required else str(field.get("default")), _bounds(field), _doc(field))
        for name, field in schema.get("properties", {}).items()
    ]


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "anyOf" in field:
        return " | ".join(_type(one) for one in field["anyOf"])
    return str(field.get("const", field.get("type", "any")))


def _bounds(field: dict[str, Any]) -> str:
    words = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    return ", ".join(f"{sign} {field[key]}" for key, sign in words.items() if key in field) or "-"


def _doc(field: dict[str, Any]) -> str:
    return " ".join(field.get("description", "").split())


def _plain(value: Any) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(value)
