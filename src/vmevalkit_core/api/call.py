"""One call of the API, from tasks to results: plan, refuse or run, and one result for each run in the order asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from vmevalkit_core.api.given import Given
from vmevalkit_core.api.orders import Limits
from vmevalkit_core.api.results import RunResult, ended, result_of, standing, unfinished
from vmevalkit_core.api.tasks import Tasks, Unusable, tasks_of
from vmevalkit_core.errors import MissingFrame, QuestionError, UnfinishedRun, UsageError
from vmevalkit_core.output import make_output, refusing
from vmevalkit_core.planner import Action, Ask, Decision, Plan, PlannedRun, missing_file
from vmevalkit_core.questions import FIRST, PROMPT, QuestionProblem, Task, TaskFiles
from vmevalkit_core.records import Event, RunKey
from vmevalkit_core.runner import Outcome, Runner
from vmevalkit_core.runner.engine import contained
from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.progress import Tally, progress_for
from vmevalkit_core.terminal.wording import changed_runs, unpriced

Result: TypeAlias = RunResult | UnfinishedRun
Save: TypeAlias = Callable[[RunResult], None]
ELSEWHERE = "choose another output_dir= or experiment="
WAYS = 'choose another experiment=, or changed="keep", or changed="rerun"'


class Call:
    """The runs of some tasks, models and samples, carried out once."""

    def __init__(
        self,
        engine: Runner,
        tasks: Tasks | Sequence[Given],
        asks: Callable[[Runner], list[Ask]],
        samples: Collection[int],
        limits: Limits,
        *,
        save: Save | None = None,
        verbose: bool = False,
    ) -> None:
        self.engine = engine
        self.failures: list[BaseException] = []
        """What `save` raised."""
        self._tasks = tasks
        self._ask = asks
        self._asks: list[Ask] = []
        self._samples = samples
        self._limits = limits
        self._verbose = verbose
        self._found: list[Task | Unusable] = []
        self._decided: list[tuple[PlannedRun, Decision]] = []
        self._outcomes: dict[RunKey, Outcome] = {}
        self._started: set[tuple[str, str, str, int]] = set()
        self._save = save
        self._saver = ThreadPoolExecutor(1, "vmeval-save") if save else None
        self._saves: list[Future[None]] = []

    def plan(self) -> Plan:
        """What is left to do; pictures and prompts that are in memory are files afterwards."""
        self._asks = self._ask(self.engine)
        with refusing(ELSEWHERE):  # what is in memory becomes a file
            self._found = list(tasks_of(self._tasks, self.engine.store.keep))
        listed = [_problem(one) if isinstance(one, Unusable) else one for one in self._found]
        return self.engine.plan(listed, self._asks, self._samples, tell=self._tell)

    async def results(self) -> list[Result]:
        """Every run of the call, in the order of tasks, models and samples; ChangedRuns before anything is sent."""
        try:
            plan = await asyncio.to_thread(self.plan)
            if plan.actions[Action.CHANGED]:
                raise changed_runs(plan, WAYS)
            if self._limits.max_cost is not None and plan.cost is None and not self._limits.allow_unpriced:
                raise unpriced("max_cost", "allow_unpriced=True")
            await self._execute(plan)
            return await asyncio.to_thread(lambda: list(self._results()))
        finally:
            await self._end_saves()

    async def _execute(self, plan: Plan) -> None:
        if self._verbose and (done := plan.total - len(plan.runs)):
            out.note(f"{done:,} of {out.count(plan.total, 'run')} ended before")
        if plan.runs:
            make_output(self.engine.store.root, ELSEWHERE)
            with progress_for(len(plan.runs), quiet=not self._verbose) as progress:
                await self._drive(plan, progress)

    async def _drive(self, plan: Plan, progress: Tally) -> None:
        show_event, show_end = contained(progress.event), contained(progress.ended)

        def event(event: Event) -> None:
            self._started.add((event.model, event.domain, event.task_id, event.sample))
            show_event(event)

        def end(outcome: Outcome) -> None:
            self._outcomes[outcome.key] = outcome
            self._begin_save(outcome)
            show_end(outcome)

        await self.engine.execute(plan, ended=end, display=event)

    def _begin_save(self, outcome: Outcome) -> None:
        # A run that this call never took up was finished by another, who saved it.
        if self._saver and outcome.key in self._started and outcome.end in ("success", "failed"):
            self._saves.append(self._saver.submit(self._saved, outcome))

    def _saved(self, outcome: Outcome) -> None:
        result = ended(outcome)
        if self._save and isinstance(result, RunResult):
            self._save(result)

    async def _end_saves(self) -> None:
        if self._saver:
            await asyncio.to_thread(self._saver.shutdown)
            self.failures = [error for save in self._saves if (error := save.exception())]

    def _tell(self, run: PlannedRun, decision: Decision) -> None:
        self._decided.append((run, decision))

    def _results(self) -> Iterator[Result]:
        decided = iter(self._decided)
        for task in self._found:
            for ask in self._asks:
                for sample in self._samples:
                    if isinstance(task, Unusable):
                        yield _blocked(RunKey(ask.spec.name, "", task.id, sample), task.error)
                    else:
                        yield self._result(*next(decided))

    def _result(self, run: PlannedRun, decision: Decision) -> Result:
        if outcome := self._outcomes.get(run.key):
            return ended(outcome)
        if decision.action is Action.DAMAGED:
            return unfinished(run.key, "damaged", decision.reason, attempt=decision.attempt)
        if decision.action in (Action.DONE, Action.FAILED) and decision.attempt:
            reason = decision.reason if decision.action is Action.FAILED else ""
            return result_of(run.key, decision.attempt, reason)
        if name := missing_file(run):
            return _blocked(run.key, _lacking(run, name))
        if problem := run.task.problem():
            return _blocked(run.key, QuestionError(f"{problem.path} {problem.reason}", hint=problem.hint))
        return standing(run.key, self.engine.store.attempts_of(run.key))


def _blocked(key: RunKey, cause: UsageError) -> UnfinishedRun:
    error = unfinished(key, "blocked", cause.message, hint=cause.hint)
    error.__cause__ = cause
    return error


def _lacking(run: PlannedRun, name: str) -> UsageError:
    task, path, model = run.task, run.task.source(name), run.ask.spec.name
    if isinstance(task, TaskFiles) and not path.startswith(task.source(FIRST) + os.sep):
        return MissingFrame(f"there is no image {path}", hint="check the name of the file")
    lacks = f"{task.domain}/{task.id} has no {name}, which {model} must be shown"
    if name == PROMPT:
        return QuestionError(lacks, hint="add the file")
    return MissingFrame(lacks, hint="give the picture, or leave the model out")


def _problem(task: Unusable) -> QuestionProblem:
    return QuestionProblem(f"task {task.id!r}", f"cannot be used: {task.error.message}", task.error.hint)
