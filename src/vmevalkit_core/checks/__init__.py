"""What `vmeval doctor` looks at: each check is a small function, and its findings are plain values."""

from vmevalkit_core.checks.check import Check, Surroundings
from vmevalkit_core.checks.order import check_all

__all__ = ["Check", "Surroundings", "check_all"]
