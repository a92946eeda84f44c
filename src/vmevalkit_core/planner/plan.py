"""Goes once over the questions and the tree and lists, compactly, the runs that are left to do."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache

from vmevalkit_core.attempts import Attempt
from vmevalkit_core.lacking import lacking
from vmevalkit_core.planner.ask import Ask, Change, Stat
from vmevalkit_core.planner.decision import MAY_SEND, SENDS, WORK, Action, Decision, Policy, decide
from vmevalkit_core.questions import SHOWN_FILES, QuestionProblem, Task, TaskFolder
from vmevalkit_core.records import RunKey
from vmevalkit_core.store import Store

JOBS = 200
"""Durations of jobs that are remembered for each model."""
SHOWN = 200
"""How many of a kind are kept for the user to read; the rest is counted."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run that is left to do. Thousands of these are alive at once, so it holds references only."""

    ask: Ask
    task: Task
    sample: int
    seed: int | None
    newest: int = 0
    """The number of the newest attempt that the plan saw; orders to try again are for that one."""
    may_send: bool = False
    """Whether the plan counted and priced a new request for this run."""

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
    other_versions: Counter[str] = field(default_factory=Counter)
    """Finished runs that a model's file made before it was edited, by model."""
    kept: int = 0
    """Finished runs that were asked differently and are kept by order."""
    failed: list[tuple[RunKey, str]] = field(default_factory=list)
    remedies: dict[str, None] = field(default_factory=dict)
    """What mends the damaged records, each once."""
    cost: Decimal | None = Decimal(0)
    """US dollars at most of what would or might be sent; None when a price is unknown."""
    collected_as_asked: Counter[str] = field(default_factory=Counter)
    """Fields in which jobs that are to be collected were asked differently from now."""
    adopted: Counter[str] = field(default_factory=Counter)
    """Run ids named with --adopt that were found."""
    job_seconds: dict[str, deque[float]] = field(default_factory=dict)
    """How long the jobs of finished runs took, by model."""

    @property
    def total(self) -> int:
        """All runs that were asked for."""
        return sum(self.actions.values())

    @property
    def sends(self) -> int:
        """Runs that would be sent, or may have to be."""
        return self.per_model.total()

    def add_problem(self, problem: QuestionProblem) -> None:
        """Count a task pair that cannot be used, and keep it when there is room."""
        self.problem_count += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


class Planner:
    """Compares what is asked for with what the tree of one experiment holds."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        *,
        seed: int = 0,
        whole: Callable[[Attempt], bool] = Attempt.has_clip,
    ) -> None:
        self.store = store
        self.policy = policy
        self.seed = seed
        self._whole = whole

    def plan(
        self,
        tasks: Iterable[Task | QuestionProblem],
        asks: Sequence[Ask],
        samples: Collection[int],
        *,
        collect: bool = False,
        tell: Callable[[PlannedRun, Decision], None] | None = None,
    ) -> Plan:
        """The runs left to do, in the order of tasks, then models, then samples.

        With `collect`, jobs whose task pair is not among `tasks` any more are planned as well: they are paid for,
        and need none of their inputs. `tell` is called with every run of `tasks`, left to do or not, in this order.
        """
        plan, seen = Plan(), set[tuple[str, str]]()
        for task in tasks:
            if isinstance(task, QuestionProblem):
                plan.add_problem(task)
                continue
            seen.add((task.domain, task.id))
            self._plan_task(plan, task, asks, samples, tell or _nobody)
        if collect:
            self._collect(plan, asks, seen)
        return plan

    def _plan_task(
        self,
        plan: Plan,
        task: Task,
        asks: Sequence[Ask],
        samples: Collection[int],
        tell: Callable[[PlannedRun, Decision], None],
    ) -> None:
        problems: dict[QuestionProblem, None] = {}
        fault = cache(task.problem)  # looked for once, and only where something would be sent
        for ask in asks:
            for run, decision in self._decided(task, ask, samples):
                tell(run, decision)
                _learn(plan, decision)
                if decision.action in SENDS and (problem := _missing(run, asks) or fault()):
                    problems[problem] = None
                else:
                    _add(plan, run, decision)
        for problem in problems:
            plan.add_problem(problem)

    def _collect(self, plan: Plan, asks: Sequence[Ask], seen: Collection[tuple[str, str]]) -> None:
        for ask in asks:
            for domain, task_id in self.store.tasks(ask.spec.name):
                if (domain, task_id) in seen:
                    continue
                attempts = self.store.attempts(ask.spec.name, domain, task_id)
                task = TaskFolder(str(self.store.root / ask.spec.name / f"{domain}_task"), domain, task_id)
                for sample in sorted({one.sample for one in attempts if one.is_submitted}):
                    run = PlannedRun(ask, task, sample, None)
                    decision = self.decide(run, [one for one in attempts if one.problem or one.sample == sample])
                    if decision.action is Action.RESUME:
                        # Its question is gone, so there is nothing from which it could differ.
                        _add(plan, run, replace(decision, changes=()))

    def decide(self, run: PlannedRun, attempts: list[Attempt], stat: Stat = os.stat) -> Decision:
        """What one run needs, from the attempts there are; under its claim these have to be read anew."""
        return decide(
            attempts, lambda old: run.ask.changes(old, run.task, run.seed, stat), self.policy, whole=self._whole
        )

    def _decided(self, task: Task, ask: Ask, samples: Collection[int]) -> Iterator[tuple[PlannedRun, Decision]]:
        found = self.store.attempts(ask.spec.name, task.domain, task.id)
        damaged = [one for one in found if one.problem]
        stat = cache(os.stat)  # one task's files are looked at once for all of its samples
        by_sample: dict[int, list[Attempt]] = {}
        for one in found:
            if not one.problem:
                by_sample.setdefault(one.sample, []).append(one)
        for sample in samples:
            tried = by_sample.get(sample, [])
            newest = tried[-1].number if tried else 0
            run = PlannedRun(ask, task, sample, ask.seed(self.seed, sample), newest)
            decision = self.decide(run, tried + damaged, stat)
            yield (replace(run, may_send=True) if decision.action in MAY_SEND else run), decision


def _nobody(run: PlannedRun, decision: Decision) -> None:
    pass


def missing_file(run: PlannedRun) -> str | None:
    """The file that the model has to be shown and that the task pair lacks."""
    shown = [SHOWN_FILES[name] for name in run.ask.spec.inputs]
    return next((name for name in shown if not os.path.lexists(run.task.source(name))), None)


def _missing(run: PlannedRun, asks: Sequence[Ask]) -> QuestionProblem | None:
    name = missing_file(run)
    if name is None:
        return None
    return lacking(run.task, name, _needed_by(name, asks))


def _needed_by(name: str, asks: Sequence[Ask]) -> str:
    models = [ask.spec.name for ask in asks if name in (SHOWN_FILES[one] for one in ask.spec.inputs)]
    if len(models) == len(asks):
        return "add the file"
    return f"only {', '.join(models)} must be shown it, the others are run; add the file, or leave the model out"


def _add(plan: Plan, run: PlannedRun, decision: Decision) -> None:
    plan.actions[decision.action] += 1
    if decision.action in WORK:
        plan.runs.append(run)
    if run.ask.version and decision.action is Action.DONE and decision.attempt:
        then = (decision.attempt.provenance.get("plugin") or {}).get("version")
        plan.other_versions.update([run.ask.spec.name] if then != run.ask.version else [])
    plan.kept += decision.action is Action.DONE and bool(decision.changes)
    if decision.adopted and decision.attempt:
        plan.adopted[decision.attempt.run_id] += 1
    if decision.action is Action.RESUME and decision.changes:
        plan.collected_as_asked.update(change.field for change in decision.changes)
    if decision.action in MAY_SEND:
        plan.per_model[run.ask.spec.name] += 1
        plan.cost = _sum(plan.cost, run.ask.price)
    elif decision.action is Action.CHANGED:
        plan.changed_fields.update(change.field for change in decision.changes)
        plan.changed_cost = _sum(plan.changed_cost, run.ask.price)
        if len(plan.changed) < SHOWN:
            plan.changed.append((run.key, decision.changes))
    elif decision.action in (Action.FAILED, Action.DAMAGED) and len(plan.failed) < SHOWN:
        plan.failed.append((run.key, decision.reason))
        if decision.attempt and decision.attempt.remedy:
            plan.remedies[decision.attempt.remedy] = None


def _learn(plan: Plan, decision: Decision) -> None:
    seconds = decision.attempt.provenance.get("job_seconds") if decision.attempt else None
    if decision.attempt and type(seconds) is float:
        plan.job_seconds.setdefault(decision.attempt.data["inference"]["model"], deque(maxlen=JOBS)).append(seconds)


def _sum(total: Decimal | None, price: Decimal | None) -> Decimal | None:
    return None if total is None or price is None else total + price
