"""Every check, in the order in which people read them; one that breaks is a problem and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vmevalkit_core.checks.check import Check, Surroundings
from vmevalkit_core.checks.clips import codec, svg
from vmevalkit_core.checks.device import torch, video_cards
from vmevalkit_core.checks.disk import locks, output, space
from vmevalkit_core.checks.here import accounts, env_file, keys, questions
from vmevalkit_core.checks.software import core, libraries, plugins, python
from vmevalkit_core.containment import reason
from vmevalkit_core.redact import Redactor

CHECKS: tuple[Callable[[Surroundings], Iterable[Check]], ...] = (
    python,
    core,
    libraries,
    plugins,
    env_file,
    keys,
    accounts,
    codec,
    svg,
    video_cards,
    torch,
    output,
    space,
    locks,
    questions,
)
"""Another check is a function that yields findings, and a line here."""
_REPORT = "mend what it names, or report it with the output of `vmeval doctor --json`"


def check_all(around: Surroundings) -> Iterator[Check]:
    """The findings of all checks, without any secret in them."""
    redactor = Redactor(around.secrets())
    for check in CHECKS:
        for found in _contained(check, around):
            yield found._replace(text=redactor.text(found.text), hint=redactor.text(found.hint))


def _contained(check: Callable[[Surroundings], Iterable[Check]], around: Surroundings) -> Iterator[Check]:
    try:
        yield from check(around)
    except Exception as error:
        name = check.__name__.replace("_", " ")
        yield Check(name, "problem", reason(error), getattr(error, "hint", "") or _REPORT)
