"""`models list`, `plugins list`: what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmevalkit_core.cli.catalog import load_registry, tell_problems
from vmevalkit_core.terminal import out

if TYPE_CHECKING:
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
    needs = ", ".join("|".join(need.names) for need in spec.needs if not need.optional) or "-"
    solution = "sees the solution; " if spec.sees_solution else ""
    return spec.name, spec.kind, state, needs, " ".join(f"{solution}{spec.description}".split())


def _plain(value: Any) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(value)
