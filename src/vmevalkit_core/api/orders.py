"""Which models a call names, and with which options: from the words of the caller to what the engine asks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from vmevalkit_core.api.types import mapping, names, whole_number
from vmevalkit_core.environment import environment
from vmevalkit_core.errors import ConfigError, UsageError
from vmevalkit_core.keys import check_keys, key_faults
from vmevalkit_core.planner import Ask, Policy
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Runner
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.terminal.wording import deprecated, dollars, gone

Dollars: TypeAlias = Decimal | int | str
"""US dollars; no float, whose value is not what it shows."""
Changed: TypeAlias = Literal["refuse", "keep", "rerun"]
"""What to do about finished runs that were asked differently: raise ChangedRuns, keep them, or run them again."""
_CHANGED = ("refuse", "keep", "rerun")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may do at most."""

    concurrency: int | None = None
    """None is the runner's own."""
    max_cost: Decimal | None = None
    allow_unpriced: bool = False


def limits_of(concurrency: int | None, max_cost: Dollars | None, allow_unpriced: bool) -> Limits:
    """The limits of a call; ConfigError for an amount that is none."""
    most = None if max_cost is None else dollars(max_cost, "max_cost", 'max_cost="12.50"')
    at_once = None if concurrency is None else whole_number("concurrency", concurrency)
    return Limits(at_once, most, allow_unpriced)


def policy_of(
    retry_failed: bool,
    changed: Changed,
    resubmit_uncertain: bool = False,
    adopt: Mapping[str, str] | None = None,
) -> Policy:
    """The orders for runs that exist already; ConfigError for a word that is none."""
    if changed not in _CHANGED:
        raise ConfigError(f"changed={changed!r} is none of {', '.join(_CHANGED)}")
    jobs = dict(mapping("adopt", adopt, '{"RUN_ID": "JOB_ID"}'))
    return Policy(retry_failed=retry_failed, changed=changed, resubmit_uncertain=resubmit_uncertain, adopt=jobs)


def asks_of(
    engine: Runner, models: str | Sequence[str], options: Mapping[str, Any], *, allow_gone: bool, refresh: bool
) -> list[Ask]:
    """What is asked of each model; with `refresh`, a key that was set since the runner was made is seen."""
    named = names("models", models, "baseline-hold")
    specs = [_usable(engine.registry, name, allow_gone) for name in named]
    if not specs:
        raise UsageError("no model is named", hint="available_models() lists them")
    if len({spec.name for spec in specs}) < len(specs):
        raise UsageError(f"a model is named twice: {', '.join(named)}")
    if refresh:
        for spec in specs:
            engine.workshop.env.update(_newly_set(spec, engine.workshop.env))
    for spec in specs:
        check_keys(spec, engine.workshop.env)
    own = {name for name, spec in zip(named, specs, strict=True) for name in (name, spec.name)}
    return [
        engine.ask(spec, _options_of(options, (spec.name, name), own)) for name, spec in zip(named, specs, strict=True)
    ]


def _options_of(options: Mapping[str, Any], called: Sequence[str], own: set[str]) -> dict[str, Any]:
    """The options of one model; those under its own name count for more than the common ones."""
    found = {key: value for key, value in options.items() if key not in own}
    for name in called:
        found |= mapping(f"options[{name!r}]", options.get(name), '{"seconds": 5}')
    return found


def _usable(registry: Registry, name: str, allow_gone: bool) -> ModelSpec:
    spec = registry.find(name)
    if spec.state.life == "gone" and not allow_gone:
        raise gone(spec, "InferenceRunner(allow_gone=True)")
    if spec.state.life == "deprecated":
        warnings.warn(deprecated(spec), FutureWarning, stacklevel=2)
    return spec


def _newly_set(spec: ModelSpec, env: Mapping[str, str]) -> dict[str, str]:
    # Only where nothing served so far: another account must not slip under a generator that was built with the first.
    lacking = [need for need in spec.needs if not need.is_met(env) or key_faults(spec, need, env)]
    now = environment() if lacking else {}
    return {name: now[name] for need in lacking for name in need.names if now.get(name)}
