"""Carries out a plan: many runs at once, each from its claim to its record."""

from vmevalkit_core.runner.report import Outcome, Report
from vmevalkit_core.runner.runner import Runner

__all__ = ["Outcome", "Report", "Runner"]
