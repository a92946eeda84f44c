"""Carries out a plan: many runs at once, each from its claim to its record."""

from vmevalkit_core.runner.report import Outcome, Report
from vmevalkit_core.runner.runner import Runner
from vmevalkit_core.runner.workshop import Workshop

__all__ = ["Outcome", "Report", "Runner", "Workshop"]
