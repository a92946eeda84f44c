"""What authors of plugins test with; nothing here is needed to run models."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vmevalkit_core.testing.examples import ExampleVendor
from vmevalkit_core.testing.recorded import ANYTHING, RecordedBody
from vmevalkit_core.testing.simulator import (
    FAULTS,
    PHASES,
    BadSetting,
    Desk,
    Dialect,
    Ending,
    Fault,
    Look,
    Order,
    Part,
    Phase,
    PlainVendor,
    Refusal,
    Reply,
    Request,
    Route,
    Settings,
    Simulator,
    State,
    Why,
    knows,
)

if TYPE_CHECKING:
    from vmevalkit_core.testing.clocks import QuickClock, VirtualClock
    from vmevalkit_core.testing.contract import GeneratorContract
    from vmevalkit_core.testing.local import DrawingContract, LocalContract

__all__ = [
    "ANYTHING",
    "FAULTS",
    "PHASES",
    "BadSetting",
    "Desk",
    "Dialect",
    "DrawingContract",
    "Ending",
    "ExampleVendor",
    "Fault",
    "GeneratorContract",
    "LocalContract",
    "Look",
    "Order",
    "Part",
    "Phase",
    "PlainVendor",
    "QuickClock",
    "RecordedBody",
    "Refusal",
    "Reply",
    "Request",
    "Route",
    "Settings",
    "Simulator",
    "State",
    "VirtualClock",
    "Why",
    "knows",
]


def __getattr__(name: str) -> Any:
    # On first use: they need pytest or asyncio, which the simulator's own client does not.
    if name in ("QuickClock", "VirtualClock"):
        return getattr(import_module(f"{__name__}.clocks"), name)
    if name not in CONTRACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import pytest

    home = f"{__name__}.{CONTRACTS[name]}"
    # Else a failed assertion of the contract would not show its values.
    pytest.register_assert_rewrite(home, f"{__name__}.promises")
    return getattr(import_module(home), name)


CONTRACTS = {"GeneratorContract": "contract", "DrawingContract": "local", "LocalContract": "local"}
