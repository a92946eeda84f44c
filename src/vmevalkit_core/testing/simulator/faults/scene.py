"""What a fault is, and what it may look at when it strikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vmevalkit_core.testing.simulator.dialect import PHASES, Phase
from vmevalkit_core.testing.simulator.life import Ending
from vmevalkit_core.testing.simulator.messages import Reply, Request
from vmevalkit_core.testing.simulator.vendor import Vendor


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One request that meets a fault."""

    request: Request
    phase: Phase
    vendor: Vendor
    elsewhere: str
    """The address of the listener that should never hear of anything secret."""
    arguments: Mapping[str, Any]
    """Those of the rule over those of the fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to go wrong; exactly one of the five functions is given."""

    sentence: str
    """What happens, for people."""
    accepted: bool
    """Whether a submit that meets it leaves a job that is billed."""
    phases: tuple[Phase, ...] = PHASES
    """Where it makes sense."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What a rule may set, with the values that hold otherwise."""
    instead: Callable[[Scene], Reply] | None = None
    """The answer to a request that the vendor never gets to see."""
    damage: Callable[[Reply, Scene], Reply] | None = None
    """What becomes of the right answer."""
    ending: Callable[[Scene], Ending] | None = None
    """How the job ends that the request creates."""
    link: Callable[[Scene], str] | None = None
    """The link that the answer shows in place of the right one."""
    odd: bool = False
    """Whether the job is in a state that nobody has heard of."""

    @property
    def stage(self) -> Literal["instead", "damage", "ending", "link", "odd"]:
        """Which of the five it is."""
        if self.instead is not None:
            return "instead"
        if self.damage is not None:
            return "damage"
        if self.ending is not None:
            return "ending"
        return "link" if self.link is not None else "odd"
