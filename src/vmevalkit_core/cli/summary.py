"""What `vmeval run` says before and after: the plan, the report, the errors that stop it, what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vmevalkit_core.attempts import UNFIT
from vmevalkit_core.errors import ChangedRuns, VmevalError
from vmevalkit_core.planner import Action, Plan
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.progress import line_of
from vmevalkit_core.terminal.wording import changed_runs
from vmevalkit_core.unfit import Unfitted

PLAN_WORDS = {
    Action.START: "to send",
    Action.RESTART: "to do again, interrupted before",
    Action.RESUME: "to collect from the provider",
    Action.RECOVER: "to look for at the provider",
    Action.DONE: "done already",
    Action.FAILED: "failed before (--retry-failed tries again)",
    Action.DAMAGED: "with a record that cannot be read",
}


def tell_plan(plan: Plan) -> None:
    """The plan by action and by model, with its price."""
    out.say(out.count(plan.total, "run"))
    for action, words in PLAN_WORDS.items():
        if plan.actions[action]:
            out.say(f"  {plan.actions[action]:>6,} {words}")
    for model, number in plan.per_model.items():
        out.say(f"  {model}: {out.count(number, 'run')}")
    out.say(f"Cost at most: {out.money(plan.cost)}")


def tell_standing(plan: Plan) -> None:
    """Runs that this invocation leaves alone, and why."""
    for key, reason in plan.failed:
        out.note(f"left alone  {key.model}  {key.domain}/{key.task_id}  {reason}")
    if plan.actions[Action.FAILED]:
        out.note("Hint: --retry-failed tries failed runs again, each in a new folder")
    for model, number in plan.other_versions.items():
        runs = out.count(number, "finished run")
        out.note(f"Warning: the file of {model} was edited since {runs}; another -e makes them anew")
    if plan.kept:
        out.note(f"{out.count(plan.kept, 'finished run')} asked differently, kept as --keep-changed says")
    if plan.collected_as_asked:
        fields = ", ".join(plan.collected_as_asked)
        out.note(
            f"Warning: jobs that were sent before and asked differently ({fields}) are collected as they were asked"
        )
    for remedy in plan.remedies:
        out.note(f"Hint: {remedy}")


def tell_problems_of_plan(plan: Plan) -> None:
    """Task pairs that cannot be used."""
    for problem in plan.problems:
        hint = f"\n  {problem.hint}" if problem.hint else ""
        out.note(f"Problem: {problem.path} {problem.reason}{hint}")
    if plan.problem_count > len(plan.problems):
        out.note(f"... and {plan.problem_count - len(plan.problems)} more")


def tell_report(plan: Plan, report: Report, root: Path) -> None:
    """How the invocation ended, by numbers, and where the results are."""
    if plan.total and plan.actions[Action.DONE] == plan.total:
        out.say(f"Nothing to do: {'the run is' if plan.total == 1 else f'all {plan.total:,} runs are'} done already.")
        if plan.problem_count:
            out.say(f"{_unused(plan)}.")
    else:
        out.say(", ".join(_numbers(plan, report)) + ".")
    if report.charged:
        out.say(f"Charged: {out.money(report.charged)}")
    if root.is_dir():
        out.say(f"Results: {root}")
    if report.interrupted:
        out.note("Interrupted. Run the same command again to go on; jobs that were sent are collected, not sent again.")


def tell_unfit(cut: Sequence[Unfitted]) -> None:
    """How many clips were cut back, and why others cannot be."""
    for one in cut:
        if one.result == "impossible":
            out.note(f"not cut back  {one.folder}  {one.reason}")
    number = Counter(one.result for one in cut)
    if number["written"]:
        written = out.count(number["written"], "clip")
        out.say(f"{written} cut back to the question's own frame, as {UNFIT} beside the original.")
    if number["there"]:
        out.say(f"{out.count(number['there'], 'clip')} cut back before.")
    if number["same"]:
        out.say(f"{out.count(number['same'], 'clip')} in the question's own frame already.")


def as_facts(plan: Plan, report: Report, root: Path) -> dict[str, Any]:
    """Plan and report for programs."""
    return {
        "experiment": str(root),
        "asked": plan.total,
        "plan": {str(action): number for action, number in plan.actions.items()},
        "ended": dict(report.ends),
        "problems": [problem._asdict() for problem in plan.problems],
        "problem_count": plan.problem_count,
        "troubles": [line_of(outcome) for outcome in report.troubles],
        "cost_at_most": None if plan.cost is None else str(plan.cost),
        "charged": str(report.charged),
        "interrupted": report.interrupted,
    }


def changed_error(plan: Plan) -> ChangedRuns:
    """Finished runs were asked differently: what differs, how many, what it would cost, three ways on."""
    return changed_runs(plan, "choose another -e EXPERIMENT, or --keep-changed, or --rerun-changed")


def next_steps(registry: Registry, runner: Runner, runs: int) -> None:
    """The models that could run the same questions now, and what that would cost."""
    rows = list(_ready(registry, runner, runs))
    if rows:
        out.say(f"\nReady for these {out.count(runs, 'run')}:")
        out.say(out.table(("MODEL", "COSTS AT MOST", "COMMAND"), rows))
    else:
        out.say("\nNext: `vmeval models list` shows the models; one of your own is a file, -m my_model.py:MyModel.")


def _ready(registry: Registry, runner: Runner, runs: int) -> Iterator[tuple[str, str, str]]:
    for spec in registry.models():
        if spec.state.life != "live" or spec.family == "baseline":
            continue
        try:
            price = runner.ask(spec, {}).price
        except VmevalError:
            continue  # its key is not set, or an option has no default
        total = out.money(None if price is None else price * runs)
        yield spec.name, "nothing" if price == 0 else total, f"vmeval run -m {spec.name}"


def _numbers(plan: Plan, report: Report) -> Iterator[str]:
    done = plan.actions[Action.DONE] + report.good
    yield f"{done:,} of {plan.total:,} runs succeeded"
    if plan.actions[Action.DONE]:
        yield f"{plan.actions[Action.DONE]:,} of them before"
    for end, number in sorted(report.ends.items()):
        if end not in ("success", "elsewhere", "stopped"):
            yield f"{number:,} {end}"
    if left := len(plan.runs) - report.ends.total() + report.ends["stopped"]:
        yield f"{left:,} interrupted or not begun"
    if plan.actions[Action.FAILED]:
        yield f"{plan.actions[Action.FAILED]:,} failed before"
    if plan.actions[Action.DAMAGED]:
        yield f"{plan.actions[Action.DAMAGED]:,} with a damaged record"
    if plan.problem_count:
        yield _unused(plan)


def _unused(plan: Plan) -> str:
    """Counted as folders: some are of one task pair, some of a whole domain."""
    return f"{out.count(plan.problem_count, 'folder')} of the questions could not be used"
