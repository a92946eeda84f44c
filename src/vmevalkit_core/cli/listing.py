"""`models list`, `plugins list`, `questions list`: what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmevalkit_core.cli.catalog import load_registry, questions_or_samples, tell_problems
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


def list_questions(path: Path | None, *, domains: list[str], as_json: bool) -> int:
    """Every task pair below a folder, and those that cannot be used."""
    from vmevalkit_core.questions import QuestionProblem, scan

    found = list(scan(questions_or_samples(path), domains=domains))
    problems = [one for one in found if isinstance(one, QuestionProblem)]
    tasks = [one for one in found if not isinstance(one, QuestionProblem)]
    if as_json:
        listed = [{"domain": one.domain, "id": one.id, "files": sorted(one.sources())} for one in tasks]
        out.dump({"task_pairs": listed, "problems": [problem._asdict() for problem in problems]})
    else:
        rows = [(one.domain, one.id, ", ".join(one.sources())) for one in tasks]
        out.say(out.table(("DOMAIN", "TASK", "FILES"), rows))
    for problem in problems:
        out.note(f"Problem: {problem.path} {problem.reason}; {problem.hint}")
    return 1 if problems else 0


def _model_row(spec: ModelSpec) -> tuple[str, ...]:
    state = spec.state.life + (f" since {spec.state.since}" if spec.state.since else "")
    needs = ", ".join("|".join(need.names) for need in spec.needs) or "-"
    solution = "sees the solution; " if spec.sees_solution else ""
    return spec.name, spec.kind, state, needs, " ".join(f"{solution}{spec.description}".split())


def _plain(value: Any) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(value)
