"""Clocks for tests; they are part of the testing kit."""

from vmevalkit_core.testing.clocks import QuickClock, VirtualClock

__all__ = ["QuickClock", "VirtualClock"]
