"""`vmeval run`: from the words of the user to a plan, a question about money, and the runs themselves."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from vmevalkit_core.attempts import Attempt, find_attempts
from vmevalkit_core.cli.catalog import (
    FREE_MODEL,
    load_registry,
    questions_or_samples,
    tell_problems,
)
from vmevalkit_core.cli.choice import Choice
from vmevalkit_core.cli.consent import ask_consent
from vmevalkit_core.cli.parameters import GivenOption, parse_adopt, parse_money
from vmevalkit_core.cli.settings import Setting, option_settings, tell_settings
from vmevalkit_core.cli.summary import (
    as_facts,
    changed_error,
    next_steps,
    tell_plan,
    tell_problems_of_plan,
    tell_report,
    tell_standing,
    tell_unfit,
)
from vmevalkit_core.environment import environment
from vmevalkit_core.errors import CeilingReached, UsageError
from vmevalkit_core.output import check_output, make_output
from vmevalkit_core.planner import Action, Ask, Plan, Policy
from vmevalkit_core.questions import QuestionProblem, TaskFolder
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.scan import check_apart, scan
from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.wording import unpriced
from vmevalkit_core.unfit import Unfitted, unfit_results

ELSEWHERE = "choose another folder with -o, or another -e"
COLLECT_AFTER = 10_000
"""New objects until garbage is looked for. After some hundred, as Python does it, a thousand runs in flight are looked
through again and again, for a tenth of a second in which nothing is asked or answered."""


@dataclass(frozen=True, kw_only=True)
class RunCommand:
    """The options of `vmeval run`; calling it gives the exit code."""

    questions: Path | None
    models: Sequence[str] | None
    experiment: str
    output: Path
    domains: Sequence[str] | None
    tasks: Sequence[str] | None
    limit: int | None
    samples: int
    seed: int
    options: Sequence[str] | None
    concurrency: int
    max_cost: str | None
    allow_unpriced: bool
    retry_failed: bool
    rerun_changed: bool
    keep_changed: bool
    resubmit_uncertain: bool
    adopt: Sequence[str] | None
    interceptors: Sequence[str] | None
    allow_gone: bool
    verify: bool
    unfit: bool
    dry_run: bool
    yes: bool
    as_json: bool
    settings: Sequence[Setting]
    """Every value above that is a setting, with its origin."""
    written: Sequence[GivenOption]
    """The options in the configuration file."""

    def __call__(self) -> int:
        """Plan, ask, run, report."""
        tell_problems(self._registry)
        runner = self._runner
        asks = self._choice.asks(runner)
        chosen = bool(self.domains or self.tasks or self.limit)
        plan = runner.plan(self._tasks(), asks, self.samples, collect=not chosen)
        self._refuse_empty(plan)
        tell_problems_of_plan(plan)
        if plan.actions[Action.CHANGED]:
            raise changed_error(plan)
        if plan.runs:
            check_output(runner.store.root, ELSEWHERE)
        if self.dry_run:
            return self._told_plan(plan, asks)
        self._allow(plan)
        report = self._execute(plan)
        cut = [] if report.interrupted or not self.unfit else self._unfit(asks)
        return self._told(plan, report, cut=cut)

    @cached_property
    def _registry(self) -> Registry:
        return load_registry()

    @cached_property
    def _root(self) -> Path:
        return questions_or_samples(self.questions)

    @cached_property
    def _runner(self) -> Runner:
        runner = Runner(
            self._registry,
            output=self.output,
            experiment=self.experiment,
            env=environment(),
            policy=self._policy(),
            seed=self.seed,
            concurrency=self.concurrency,
            interceptors=self.interceptors or (),
            whole=_is_whole if self.verify else Attempt.has_clip,
            max_cost=self._most,
        )
        out.hide(runner.store.redactor)
        return runner

    @cached_property
    def _most(self) -> Decimal | None:
        return None if self.max_cost is None else parse_money(self.max_cost)

    def _policy(self) -> Policy:
        if self.rerun_changed and self.keep_changed:
            raise UsageError("--rerun-changed and --keep-changed exclude each other")
        return Policy(
            retry_failed=self.retry_failed,
            changed="rerun" if self.rerun_changed else "keep" if self.keep_changed else "refuse",
            resubmit_uncertain=self.resubmit_uncertain,
            adopt=parse_adopt(self.adopt or ()),
        )

    @cached_property
    def _choice(self) -> Choice:
        return Choice(
            registry=self._registry,
            models=self.models or [FREE_MODEL],
            options=self.options or (),
            written=self.written,
            seed=self.seed,
            allow_gone=self.allow_gone,
        )

    def _tasks(self) -> Iterator[TaskFolder | QuestionProblem]:
        check_apart(self._runner.store.root, self._root, ELSEWHERE)
        return scan(self._root, domains=self.domains or (), tasks=self.tasks or (), limit=self.limit)

    def _refuse_empty(self, plan: Plan) -> None:
        if plan.total == 0 and not plan.problem_count:
            wanted = f" {' or '.join(self.tasks)}" if self.tasks else ""
            wanted += f" of the domain {' or '.join(self.domains)}" if self.domains else ""
            hint = f"look with: vmeval questions list {self._root}"
            raise UsageError(f"no task pair{wanted} in {self._root}", hint=hint)

    def _allow(self, plan: Plan) -> None:
        """Money rule 1: a plan with a price is asked about, or ordered with --yes."""
        sends = plan.per_model.total()
        if not sends or plan.cost == 0:
            return
        if self._most is not None and plan.cost is None and not self.allow_unpriced:
            raise unpriced("--max-cost", "--allow-unpriced")
        if self.yes or self._most is not None:
            return
        cost = "an unknown amount" if plan.cost is None else f"up to {out.money(plan.cost)}"
        runs = out.count(sends, "run")
        ask_consent(f"{runs} would cost {cost}", f"This sends {runs} and costs {cost}.", "nothing was sent")

    def _execute(self, plan: Plan) -> Report:
        from vmevalkit_core.cli.interrupt import run_interruptible
        from vmevalkit_core.terminal.progress import progress_for

        if not plan.runs:
            return Report()
        make_output(self._runner.store.root, ELSEWHERE)
        gc.set_threshold(COLLECT_AFTER)
        with progress_for(len(plan.runs), quiet=self.as_json) as progress:
            work = self._runner.execute(plan, ended=progress.ended, display=progress.event)
            with redirect_stdout(sys.stderr):  # what a model prints is no result
                return run_interruptible(work, self._runner.stop)

    def _unfit(self, asks: Sequence[Ask]) -> list[Unfitted]:
        """Cut back every clip of these models that is not yet, those of earlier commands as well."""
        store = self._runner.store
        attempts = (one for ask in asks for one in find_attempts(store.root / ask.spec.name))
        return list(unfit_results(attempts))

    def _told_plan(self, plan: Plan, asks: Sequence[Ask]) -> int:
        settings = list(self.settings)
        for ask, (_, given) in zip(asks, self._choice.given, strict=True):
            settings += option_settings(ask, given)
        if self.as_json:
            facts = as_facts(plan, Report(), self._runner.store.root)
            out.dump(facts | {"settings": [one.to_json() for one in settings]})
        else:
            tell_settings(settings)
            out.say()
            tell_plan(plan)
        return 1 if plan.problem_count else 0

    def _told(self, plan: Plan, report: Report, cut: Sequence[Unfitted]) -> int:
        root = self._runner.store.root
        if self.as_json:
            unfit = {"unfit": [one._asdict() for one in cut]} if self.unfit else {}
            out.dump(as_facts(plan, report, root) | unfit)
        else:
            tell_standing(plan)
            tell_unfit(cut)
            tell_report(plan, report, root)
            if not self.models and plan.runs:
                next_steps(self._registry, self._runner, plan.total)
        if report.interrupted:
            return 130
        return CeilingReached.exit_code if report.ceiling_reached else int(_anything_bad(plan, report))


def _anything_bad(plan: Plan, report: Report) -> bool:
    left = plan.actions[Action.FAILED] + plan.actions[Action.DAMAGED]
    return bool(plan.problem_count or left or report.bad)


def _is_whole(attempt: Attempt) -> bool:
    from vmevalkit_core.audit import clip_problem

    return attempt.has_clip() and clip_problem(attempt) is None
