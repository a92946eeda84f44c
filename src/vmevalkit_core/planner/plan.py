"""Goes once over the questions and the tree and lists, compactly, the runs that are left to do."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from vmevalkit_core.planner.ask import Ask, Change
from vmevalkit_core.planner.decision import SENDS, WORK, Action, Decision, Policy, decide
from vmevalkit_core.questions import SHOWN_FILES, QuestionProblem, TaskFolder
from vmevalkit_core.records import RunKey
from vmevalkit_core.store import Attempt, Store

SHOWN = 20
"""How many of a kind are kept for the user to read; the rest is counted."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run that is left to do. Thousands of these are alive at once, so it holds references only."""

    ask: Ask
    task: TaskFolder
    sample: int
    seed: int | None

    @property
    def key(self) -> RunKey:
        """The run key."""
        return RunKey(self.ask.spec.name, self.task.domain, self.task.id, self.sample)


@dataclass(slots=True)
class Plan:
    """What an invocation has to do, after what is finished already is taken off."""

    runs: list[PlannedRun] = field(default_factory=list)
    actions: Counter[Action] = field(default_factory=Counter)
    per_model: Counter[str] = field(default_factory=Counter)
    """Runs that would be sent, by model."""
    problems: list[QuestionProblem] = field(default_factory=list)
    problem_count: int = 0
    changed: list[tuple[RunKey, Sequence[Change]]] = field(default_factory=list)
    changed_fields: Counter[str] = field(default_factory=Counter)
    changed_cost: Decimal | None = Decimal(0)
    failed: list[tuple[RunKey, str]] = field(default_factory=list)
    cost: Decimal | None = Decimal(0)
    """US dollars at most of what would be sent; None when a price is unknown."""

    @property
    def total(self) -> int:
        """All runs that were asked for."""
        return sum(self.actions.values())

    def add_problem(self, problem: QuestionProblem) -> None:
        """Count a task pair that cannot be used, and keep it when there is room."""
        self.problem_count += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


class Planner:
    """Compares what is asked for with what the tree of one experiment holds."""

    def __init__(
        self, store: Store, policy: Policy, *, seed: int = 0, check: Callable[[Attempt], bool] | None = None
    ) -> None:
        self.store = store
        self.policy = policy
        self.seed = seed
        self._check = check

    def plan(
        self, tasks: Iterable[TaskFolder | QuestionProblem], asks: Sequence[Ask], samples: Collection[int]
    ) -> Plan:
        """The runs left to do, in the order of tasks, then models, then samples."""
        plan = Plan()
        for task in tasks:
            if isinstance(task, QuestionProblem):
                plan.add_problem(task)
                continue
            missing: set[str] = set()
            for ask in asks:
                for run, decision in self._decided(task, ask, samples):
                    if decision.action in SENDS and (name := _missing(run)):
                        missing.add(name)
                    else:
                        _add(plan, run, decision)
            for name in sorted(missing):
                plan.add_problem(QuestionProblem(str(task.folder), f"has no {name}", _needed_by(name, asks)))
        return plan

    def decide(self, run: PlannedRun) -> Decision:
        """What one run needs, from the tree as it is now; to be called under its claim."""
        return self._decide(run, self.store.attempts_of(run.key))

    def _decided(self, task: TaskFolder, ask: Ask, samples: Collection[int]) -> Iterator[tuple[PlannedRun, Decision]]:
        found = self.store.attempts(ask.spec.name, task.domain, task.id)
        damaged = [one for one in found if one.problem]
        by_sample: dict[int, list[Attempt]] = {}
        for one in found:
            if not one.problem:
                by_sample.setdefault(one.sample, []).append(one)
        for sample in samples:
            run = PlannedRun(ask, task, sample, ask.seed(self.seed, sample))
            yield run, self._decide(run, by_sample.get(sample, []) + damaged)

    def _decide(self, run: PlannedRun, attempts: list[Attempt]) -> Decision:
        decision = decide(attempts, lambda old: run.ask.changes(old, run.task, run.seed), self.policy)
        if decision.action is Action.DONE and self._check and decision.attempt and not self._check(decision.attempt):
            action = Action.START if self.policy.retry_failed else Action.FAILED
            return Decision(action=action, attempt=decision.attempt, reason="its video is not what was recorded")
        return decision


def _missing(run: PlannedRun) -> str | None:
    """The file that the model has to be shown and that the task pair lacks."""
    shown = [SHOWN_FILES[name] for name in run.ask.spec.inputs]
    return next((name for name in shown if not os.path.isfile(run.task.source(name))), None)


def _needed_by(name: str, asks: Sequence[Ask]) -> str:
    models = [ask.spec.name for ask in asks if name in (SHOWN_FILES[one] for one in ask.spec.inputs)]
    return f"{', '.join(models)} must be shown it; add the file, or leave the model out"


def _add(plan: Plan, run: PlannedRun, decision: Decision) -> None:
    plan.actions[decision.action] += 1
    if decision.action in WORK:
        plan.runs.append(run)
    if decision.action in SENDS:
        plan.per_model[run.ask.spec.name] += 1
        plan.cost = _sum(plan.cost, run.ask.price)
    elif decision.action is Action.CHANGED:
        plan.changed_fields.update(change.field for change in decision.changes)
        plan.changed_cost = _sum(plan.changed_cost, run.ask.price)
        if len(plan.changed) < SHOWN:
            plan.changed.append((run.key, decision.changes))
    elif decision.action in (Action.FAILED, Action.DAMAGED) and len(plan.failed) < SHOWN:
        plan.failed.append((run.key, decision.reason))


def _sum(total: Decimal | None, price: Decimal | None) -> Decimal | None:
    return None if total is None or price is None else total + price
