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
from collections.abc import Mapping
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

    def __init__(self, rules: Any = (), *, seed: int = 0) -> None:
        if not isinstance(rules, list | tuple):
            raise BadSetting("a script is a list of rules")
        self.rules = [_rule(rule, number, seed) for number, rule in enumerate(rules, start=1)]

    def choose(self, request: Request, phase: Phase, vendor: Vendor) -> Rule | None:
        """The rule that strikes at a request."""
        return next((rule for rule in self.rules if rule.fits(request, phase, vendor) and rule.strikes()), None)

    def counts(self) -> list[dict[str, Any]]:
        """How often each rule has met a request, and has struck."""
        return [
            {"phase": rule.phase, "fault": rule.name, "met": rule.met, "struck": rule.struck} for rule in self.rules
        ]


def _numbers_problem(given: Mapping[str, Any]) -> str | None:
    for name, least in (("after", 0), ("every", 1), ("times", 0)):
        value = given.get(name, least)
        if (isinstance(value, bool) or not isinstance(value, int) or value < least) and (name, value) != (
            "times",
            None,
        ):
            return f"{name} is a whole number from {least} on, not {value!r}"
    chance = given.get("probability", 1)
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
        return f"probability is a number from 0 to 1, not {chance!r}"
    return None


def _arguments(given: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    usual = FAULTS[name].arguments
    extra = {key: value for key, value in given.items() if key not in OWN}
    for key, value in extra.items():
        if key not in usual:
            raise BadSetting(f"{where}: {key!r} is no argument of {name}, which takes {', '.join(usual) or 'none'}")
        wanted = float | int if isinstance(usual[key], float | int) else type(usual[key])
        if key != "data" and not isinstance(value, wanted):
            raise BadSetting(f"{where}: {key} of {name} is like {usual[key]!r}, not {value!r}")
    return {**usual, **extra}


def _rule(given: Any, number: int, seed: int) -> Rule:
    where = f"rule {number} of the script"
    if not isinstance(given, Mapping):
        raise BadSetting(f"{where} is no object: {given!r}")
    name, phase = given.get("fault"), given.get("phase", "any")
    if not isinstance(name, str) or name not in FAULTS:
        raise BadSetting(f"{where}: no fault is called {name!r}; there are {', '.join(sorted(FAULTS))}")
    if phase not in ("any", *PHASES):
        raise BadSetting(f"{where}: {phase!r} is no phase; there are any, {', '.join(PHASES)}")
    if problem := _numbers_problem(given):
        raise BadSetting(f"{where}: {problem}")
    fault, arguments = FAULTS[name], _arguments(given, name, where)
    own = {key: given[key] for key in OWN if key in given and key not in ("phase", "fault", "seed")}
    if fault.stage == "link":
        own.setdefault("state", "done")
    chance = random.Random(f"{given.get('seed', seed)}/{number}")
    return Rule(phase=phase, name=name, fault=fault, arguments=arguments, chance=chance, **own)
