"""What has to be done: which runs are asked for, which of them are finished, and whether they were asked the same."""

from vmevalkit_core.planner.ask import Ask, Change
from vmevalkit_core.planner.decision import Action, Decision, Policy, decide
from vmevalkit_core.planner.plan import Plan, PlannedRun, Planner, missing_file

__all__ = ["Action", "Ask", "Change", "Decision", "Plan", "PlannedRun", "Planner", "Policy", "decide", "missing_file"]
