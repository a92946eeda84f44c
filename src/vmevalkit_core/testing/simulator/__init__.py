"""A vendor that can be told to misbehave: real HTTP over a loopback socket, in a process of its own."""

from vmevalkit_core.testing.simulator.client import Simulator
from vmevalkit_core.testing.simulator.dialect import PHASES, Desk, Dialect, Phase, Refusal, Route, Why, knows
from vmevalkit_core.testing.simulator.faults import FAULTS, Fault
from vmevalkit_core.testing.simulator.life import Ending, Look, Order, State
from vmevalkit_core.testing.simulator.messages import Part, Reply, Request
from vmevalkit_core.testing.simulator.plain import PlainVendor
from vmevalkit_core.testing.simulator.settings import BadSetting, Settings

__all__ = [
    "FAULTS",
    "PHASES",
    "BadSetting",
    "Desk",
    "Dialect",
    "Ending",
    "Fault",
    "Look",
    "Order",
    "Part",
    "Phase",
    "PlainVendor",
    "Refusal",
    "Reply",
    "Request",
    "Route",
    "Settings",
    "Simulator",
    "State",
    "Why",
    "knows",
]
