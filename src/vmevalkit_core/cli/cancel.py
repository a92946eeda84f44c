"""`cancel`: give up the jobs of a folder that the vendors still work on."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from vmevalkit_core.attempts import PLACE_HINT, Attempt, attempts_at
from vmevalkit_core.cli.catalog import load_registry
from vmevalkit_core.cli.consent import ask_consent
from vmevalkit_core.environment import environment
from vmevalkit_core.errors import UsageError
from vmevalkit_core.runner import Workshop
from vmevalkit_core.runner.cancelling import Canceller, Ending, submitted_at
from vmevalkit_core.runner.engine import GRACE
from vmevalkit_core.terminal import out


def cancel(path: Path, *, files: Sequence[str], give_up: bool, yes: bool, as_json: bool) -> int:
    """Ask, cancel, tell; 0 when no job in the folder is left, as far as its records can be read."""
    found, damaged = _jobs_at(path)
    if found:
        _allow(found, yes=yes)
    endings = [*(asyncio.run(_cancelled(found, files, give_up=give_up)) if found else ()), *damaged]
    if as_json:
        out.dump([one._asdict() for one in endings])
    elif endings:
        _tell(endings)
    else:
        out.say(f"No provider works on a job of {path}.")
    return int(any(one.end in ("kept", "finished", "damaged") for one in endings))


def _jobs_at(path: Path) -> tuple[list[Attempt], list[Ending]]:
    """The attempts whose job a provider has, and what may hide another; UsageError where there is no run at all."""
    jobs, damaged, empty = list[Attempt](), list[Ending](), True
    for one in attempts_at(path):
        empty = False
        jobs += submitted_at([one])
        if one.problem:
            damaged.append(Ending(one.folder, "", "damaged", one.problem, one.remedy))
    if empty:
        raise UsageError(f"{path} holds no runs, so there is nothing to cancel", hint=PLACE_HINT)
    return jobs, damaged


def _allow(found: list[Attempt], *, yes: bool) -> None:
    if yes:
        return
    prices = [(one.provenance.get("cost") or {}).get("estimated") for one in found]
    most = sum((Decimal(price) for price in prices if price), Decimal(0))
    what = f"{out.count(len(found), 'job')}, sent for {out.money(most)} at most"
    question = f"This cancels {what}; not every vendor gives the money back."
    ask_consent(f"this would cancel {what}", question, "nothing was cancelled")


async def _cancelled(found: list[Attempt], files: Sequence[str], *, give_up: bool) -> list[Ending]:
    registry = load_registry()
    for target in files:
        registry.find(target)
    workshop = Workshop(registry, env=environment())
    out.hide(workshop.redactor)
    canceller = Canceller(registry, workshop, give_up=give_up)
    try:
        return await asyncio.gather(*(canceller.cancel(one) for one in found))
    finally:
        await workshop.close(GRACE)


def _tell(endings: list[Ending]) -> None:
    for one in endings:
        hint = f" -> {one.hint}" if one.hint else ""
        reason = f": {one.reason}{hint}" if one.reason else ""
        out.say(out.paragraph(f"{one.end:<9} {os.path.basename(one.folder)}{reason}", rest="    "))
    counts = Counter(one.end for one in endings)
    out.say(f"\n{', '.join(f'{number:,} {end}' for end, number in sorted(counts.items()))}.")
