"""What authors of plugins test with; nothing here is needed to run models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmevalkit_core.testing.clocks import QuickClock, VirtualClock
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
    from vmevalkit_core.testing.contract import GeneratorContract

__all__ = [
    "ANYTHING",
    "FAULTS",
    "PHASES",
    "BadSetting",
    "Desk",
    "Dialect",
    "Ending",
    "ExampleVendor",
    "Fault",
    "GeneratorContract",
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
    # On first use: it needs pytest, which the simulator does not.
    if name == "GeneratorContract":
        return _contract()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _contract() -> Any:
    import pytest

    # Else a failed assertion of the contract would not show its values.
    pytest.register_assert_rewrite(f"{__name__}.contract", f"{__name__}.promises")
    from vmevalkit_core.testing.contract import GeneratorContract

    return GeneratorContract
