"""What authors of plugins test with; nothing here is needed to run models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from vmevalkit_core.testing.local import LocalContract

__all__ = [
    "FAULTS",
    "PHASES",
    "BadSetting",
    "Desk",
    "Dialect",
    "Ending",
    "Fault",
    "LocalContract",
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


def __getattr__(name: str) -> Any:
    # On first use: it needs pytest, which the simulator does not.
    if name == "LocalContract":
        from vmevalkit_core.testing.local import LocalContract

        return LocalContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
