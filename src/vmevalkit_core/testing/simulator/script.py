"""The script of faults: rules as plain JSON, and which of them strikes.

    [{"phase": "submit", "fault": "lost-reset", "times": 1},
     {"phase": "poll", "fault": "page-502", "after": 2, "every": 3},
     {"phase": "download", "fault": "cut", "share": 0.9, "job": 4},
     {"phase": "any", "fault": "rate-seconds", "seconds": 2, "probability": 0.1, "seed": 7}]

`phase` is one of PHASES, or `any`. `fault` is a name in FAULTS. A rule looks at the requests of its phase and strikes
at those that its other words leave: `job`, an id or a number counted from 1 (for a submit, the number that the job
would get); `match`, a text that the target or the body has to contain; `state`, the state that the job has to be in;
then `after`, how many of those are let pass first; `every`, only each so-manieth from then on; `probability`, with
`seed`; and at last `times`, after how many strikes the rule is used up (null for never). The first rule that strikes
is the one that counts. Whatever else stands in a rule is an argument of its fault.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vmevalkit_core.testing.simulator.dialect import PHASES, Phase
from vmevalkit_core.testing.simulator.faults import FAULTS, Fault
from vmevalkit_core.testing.simulator.messages import Request
from vmevalkit_core.testing.simulator.settings import BadSetting
from vmevalkit_core.testing.simulator.vendor import Vendor

OWN = ("phase", "fault", "job", "match", "state", "after", "every", "probability", "seed", "times")


@dataclass(slots=True, kw_only=True)
class Rule:
    """One line of the script, and how often it has struck."""

    phase: str
    name: str
    fault: Fault
    job: str | int | None = None
    match: str | None = None
    state: str | None = None
    after: int = 0
    every: int = 1
    probability: float = 1.0
    times: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    chance: random.Random = field(default_factory=random.Random)
    met: int = 0
    """Requests that it could have struck at."""
    struck: int = 0

    def strikes(self) -> bool:
        """Whether it strikes at a request that it fits."""
        self.met += 1
        turn = self.met - self.after - 1
        if self.times is not None and self.struck >= self.times:
            return False
        if turn < 0 or turn % self.every or self.chance.random() >= self.probability:
            return False
        self.struck += 1
        return True

    def fits(self, request: Request, phase: Phase, vendor: Vendor) -> bool:
        """Whether a request is of the kind that the rule is about."""
        if self.phase not in ("any", phase) or phase not in self.fault.phases:
            return False
        if self.match is not None and self.match.encode() not in request.target.encode() + b"\n" + request.body:
            return False
        return (self.job is None and self.state is None) or self._fits_job(request, phase, vendor)

    def _fits_job(self, request: Request, phase: Phase, vendor: Vendor) -> bool:
        if phase == "submit":
            return self.state is None and self.job == len(vendor.jobs) + 1
        job = vendor.find_job(request)
        if job is None or self.job not in (None, job.id, job.number):
            return False
        return self.state is None or vendor.look(job).state == self.state


class Script:
    """The rules that hold now."""

    def __init__(self, rules: Iterable[Mapping[str, Any]] = (), *, seed: int = 0) -> None:
        self.rules = [_rule(rule, number, seed) for number, rule in enumerate(rules, start=1)]

    def choose(self, request: Request, phase: Phase, vendor: Vendor) -> Rule | None:
        """The rule that strikes at a request."""
        return next((rule for rule in self.rules if rule.fits(request, phase, vendor) and rule.strikes()), None)

    def counts(self) -> list[dict[str, Any]]:
        """How often each rule has met a request, and has struck."""
        return [
            {"phase": rule.phase, "fault": rule.name, "met": rule.met, "struck": rule.struck} for rule in self.rules
        ]


def _rule(given: Mapping[str, Any], number: int, seed: int) -> Rule:
    name, phase = given.get("fault"), given.get("phase", "any")
    where = f"rule {number} of the script"
    if not isinstance(name, str) or name not in FAULTS:
        raise BadSetting(f"{where}: no fault is called {name!r}; there are {', '.join(sorted(FAULTS))}")
    if phase not in ("any", *PHASES):
        raise BadSetting(f"{where}: {phase!r} is no phase; there are any, {', '.join(PHASES)}")
    fault = FAULTS[name]
    extra = {key: value for key, value in given.items() if key not in OWN}
    if unknown := sorted(set(extra) - set(fault.arguments)):
        known = ", ".join(fault.arguments) or "none"
        raise BadSetting(f"{where}: {unknown[0]!r} is no argument of {name}, which takes {known}")
    own = {
        key: given[key] for key in ("job", "match", "state", "after", "every", "probability", "times") if key in given
    }
    if fault.stage in ("link", "odd"):
        own.setdefault("state", "done" if fault.stage == "link" else None)
    chance = random.Random(f"{given.get('seed', seed)}/{number}")
    return Rule(phase=phase, name=name, fault=fault, arguments={**fault.arguments, **extra}, chance=chance, **own)
