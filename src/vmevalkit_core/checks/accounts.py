"""What the vendors say about the keys that are set: one free call for each account, all of them at the same time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, NamedTuple

from vmevalkit_core.checks.check import Check, Surroundings
from vmevalkit_core.containment import reason
from vmevalkit_core.errors import KeyRefused, LostAnswer, NoCredit, PluginError, RetryableError, UsageError
from vmevalkit_core.generator import Account, ApiGenerator
from vmevalkit_core.runner import Workshop
from vmevalkit_core.runner.engine import GRACE
from vmevalkit_core.specs import ModelSpec, Need

LIMIT = 20.0
"""Seconds for one account's answer."""
_WRONG: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (KeyRefused, "key refused"),
    (NoCredit, "no credit"),
    ((RetryableError, LostAnswer, TimeoutError), "cannot be reached"),
)
_NOBODY = Check("account", "note", "no key of an installed API model is set, so no vendor was asked")


class Door(NamedTuple):
    """One account at one address, and a generator that can ask there."""

    who: str
    """How people tell it from others: the family, and the variables that name the account."""
    generator: Any


def ask_vendors(around: Surroundings) -> list[Check]:
    """One finding for each account."""
    return asyncio.run(_asked(around)) or [_NOBODY]


async def _asked(around: Surroundings) -> list[Check]:
    workshop = Workshop(around.registry, env=around.env)
    try:
        specs = [spec for spec in around.registry.models() if _is_ready(spec, around)]
        built = await asyncio.gather(*(_built(spec, workshop) for spec in specs))
        doors: dict[object, Door] = {}
        for spec, generator in zip(specs, built, strict=True):
            if not isinstance(generator, Check):
                doors.setdefault(_account_of(spec, generator, around), Door(_name(spec, around), generator))
        problems = dict.fromkeys(one for one in built if isinstance(one, Check))
        return [*problems, *await asyncio.gather(*(_verdict(door) for door in doors.values()))]
    finally:
        await workshop.close(GRACE)


def _is_ready(spec: ModelSpec, around: Surroundings) -> bool:
    """Whether it is a vendor's living model, and what names its account is set."""
    asked = spec.kind == "api" and spec.runs_in == "inline" and spec.state.life != "gone"
    return asked and all(need.is_met(around.env) for need in _naming(spec))


def _naming(spec: ModelSpec) -> list[Need]:
    """What names the account: its keys, or all that it needs where no key is among it."""
    needed = [need for need in spec.needs if not need.optional]
    return [need for need in needed if need.secret] or needed


async def _built(spec: ModelSpec, workshop: Workshop) -> Any:
    """The generator, or the problem that stands in its way."""
    try:
        await workshop.worker.prepare(spec)
        return workshop.worker.generator(spec)
    except UsageError as error:
        return Check("account", "problem", f"{spec.family}: cannot be checked: {error}", error.hint)


def _account_of(spec: ModelSpec, generator: Any, around: Surroundings) -> object:
    """Equal for models that one answer speaks for."""
    owner, address = around.registry.owner(spec.name).name, getattr(generator, "address", "")
    return owner, address, *(around.env.get(name) for name in _set(spec, around))


def _name(spec: ModelSpec, around: Surroundings) -> str:
    return " with ".join(filter(None, (spec.family, " and ".join(_set(spec, around)))))


def _set(spec: ModelSpec, around: Surroundings) -> list[str]:
    """The variables that name the account and are set, of each need the first; an optional key is among them."""
    needs = [*_naming(spec), *(need for need in spec.needs if need.optional)]
    found = (next((name for name in need.names if around.env.get(name)), "") for need in needs)
    return [name for name in found if name]


async def _verdict(door: Door) -> Check:
    try:
        async with asyncio.timeout(LIMIT):
            return _told(door.who, await _answer(door.generator))
    except NotImplementedError:
        text = f"{door.who}: was not asked, for no call is known there that costs nothing"
        return Check("account", "note", text)
    except (Exception, SystemExit) as error:
        wrong = next((word for kinds, word in _WRONG if isinstance(error, kinds)), "cannot be checked")
        said = f"no answer within {LIMIT:g} s" if isinstance(error, TimeoutError) else reason(error)
        hint = getattr(error, "hint", "") or _HINTS.get(wrong, "")
        return Check("account", "problem", f"{door.who}: {wrong}: {said}", hint)


async def _answer(generator: Any) -> Account:
    if isinstance(generator, ApiGenerator):
        found = await generator.account()
    elif hasattr(generator, "check_account"):
        found = await generator.check_account()
    else:
        raise NotImplementedError
    if not isinstance(found, Account):
        raise PluginError(f"check_account answered with {type(found).__name__}, not with an Account")
    return found


def _told(who: str, account: Account) -> Check:
    remark = f" ({account.remark})" if account.remark else ""
    if account.credit is None:
        return Check("account", "ok", f"{who}: works; what is left is not told{remark}")
    left = f"{account.credit:,.2f} {account.unit} left{remark}"
    if account.credit > Decimal(0):
        return Check("account", "ok", f"{who}: works; {left}")
    return Check("account", "problem", f"{who}: no credit: the key works, {left}", _HINTS["no credit"])


_HINTS = {
    "no credit": "top the account up",
    "cannot be reached": "look at the network, and at the base address if you set one; else try again later",
    "cannot be checked": "report it to whoever wrote the plugin; `vmeval plugins list` names its package",
}
