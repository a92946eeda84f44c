"""Sentences that the command line and the Python API have in common."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from vmevalkit_core.errors import ChangedRuns, ConfigError, UsageError
from vmevalkit_core.planner import Action, Plan
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.terminal import out

STOPPING = "Stopping: nothing new is sent; answers on their way are waited for, up to 30 s. Once more to stop at once."


def changed_runs(plan: Plan, ways: str) -> ChangedRuns:
    """Finished runs were asked differently: what differs, how many, the `ways` on, and what doing them again costs."""
    number = plan.actions[Action.CHANGED]
    key, changes = plan.changed[0]
    fields = ", ".join(plan.changed_fields)
    message = (
        f"{out.count(number, 'finished run')} {'was' if number == 1 else 'were'} asked differently ({fields}); "
        f"nothing was sent. For example {key.model} {key.domain}/{key.task_id}: {'; '.join(map(str, changes))}"
    )
    cost = "free" if plan.changed_cost == 0 else f"costs at most {out.money(plan.changed_cost)}"
    return ChangedRuns(message, hint=f"{ways} ({cost})")


def dollars(given: Decimal | int | str, name: str, example: str) -> Decimal:
    """An amount of US dollars that a user gave as `name`; ConfigError for anything else."""
    if isinstance(given, float):  # a binary fraction such as 0.1 is not the amount that its reader has in mind
        reason = "is no amount of US dollars: a float does not hold it exactly"
        raise ConfigError(f"{name} {given} {reason}", hint=f"give a text, such as {example}")
    try:
        amount = Decimal(given.strip().removeprefix("$")) if isinstance(given, str) else Decimal(given)
    except (InvalidOperation, TypeError, ValueError):
        amount = Decimal("NaN")
    if isinstance(given, bool) or not amount.is_finite() or amount < 0:
        raise ConfigError(f"{name} {given} is no amount of US dollars", hint=f"such as {example}")
    return amount


def unpriced(name: str, way: str) -> UsageError:
    """A plan that a ceiling cannot hold for."""
    return UsageError(
        f"a price is unknown, so {name} cannot hold; nothing was sent",
        hint=f"leave that model out, or add {way}: its runs count as nothing until they are charged",
    )


def gone(spec: ModelSpec, way: str) -> UsageError:
    """A model that its provider no longer serves; `way` is how to try it all the same."""
    since = f" since {spec.state.since}" if spec.state.since else ""
    return UsageError(f"{spec.name} is gone{since}{_successor(spec)}", hint=f"{way} tries it all the same")


def deprecated(spec: ModelSpec) -> str:
    """A model that its provider will cease to serve."""
    return f"{spec.name} is deprecated{_successor(spec)}"


def _successor(spec: ModelSpec) -> str:
    return f"; {spec.state.successor} replaces it" if spec.state.successor else ""
