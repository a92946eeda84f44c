"""The engine behind the command line and the Python API: plans, asks nobody, runs, and stops in order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from vmevalkit_core.attempts import Attempt, find_attempts
from vmevalkit_core.ceiling import Ceiling
from vmevalkit_core.claims import Claims, claims_of
from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import ClaimsUnavailable, UsageError, VmevalError
from vmevalkit_core.limits import Limiter
from vmevalkit_core.planner import Ask, Decision, Plan, PlannedRun, Planner, Policy
from vmevalkit_core.planner.adopting import check_adoptions
from vmevalkit_core.planner.ask import ask_of
from vmevalkit_core.questions import QuestionProblem, Task
from vmevalkit_core.records import Event, RunKey
from vmevalkit_core.registry import Registry, is_file_target
from vmevalkit_core.runner.devices import ready, runs_on_devices
from vmevalkit_core.runner.engine import GRACE, contained, drive
from vmevalkit_core.runner.execute import Executor
from vmevalkit_core.runner.lanes import lanes_of
from vmevalkit_core.runner.observers import Observers
from vmevalkit_core.runner.pictures import Pictures
from vmevalkit_core.runner.report import Outcome, Report
from vmevalkit_core.runner.taking import Taking
from vmevalkit_core.runner.workshop import Workshop, limit_key
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.store import HIDDEN, Store


class Runner:
    """One experiment, one set of models, one set of orders; `plan` first, then `execute`.

    A `workshop` brings its own environment, interceptors and clock, and stays open for its owner's next runner.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        output: str | Path,
        experiment: str,
        env: Mapping[str, str] | None = None,
        policy: Policy | None = None,
        seed: int = 0,
        concurrency: int = 8,
        interceptors: Sequence[str] = (),
        whole: Callable[[Attempt], bool] = Attempt.has_clip,
        clock: Clock | None = None,
        workshop: Workshop | None = None,
        max_cost: Decimal | None = None,
    ) -> None:
        if concurrency < 1:
            raise UsageError(f"concurrency {concurrency} is less than 1")
        self.registry = registry
        self._shared = workshop
        self._max_cost = max_cost
        self.workshop = workshop or Workshop(
            registry,
            env=os.environ if env is None else env,
            concurrency=concurrency,
            interceptors=interceptors,
            clock=clock,
        )
        self._concurrency = concurrency
        self._lanes = self.workshop.lanes if concurrency == self.workshop.concurrency else {}
        self.store = Store(output, experiment, self.workshop.redactor)
        self.planner = Planner(self.store, policy or Policy(), seed=seed, whole=whole)
        self._devices: Limiter | None = None
        self.stop = asyncio.Event()

    def ask(self, spec: ModelSpec, given: Mapping[str, Any]) -> Ask:
        """A model with options; ConfigError or MissingCredential says what the user has to fix."""
        account = self.workshop.account(spec)
        version = self.registry.owner(spec.name).version if is_file_target(spec.factory) else ""
        return ask_of(spec, self.registry.options_class(spec), given, account, version=version)

    def plan(
        self,
        tasks: Iterable[Task | QuestionProblem],
        asks: Sequence[Ask],
        samples: int | Collection[int] = 1,
        *,
        collect: bool = False,
        tell: Callable[[PlannedRun, Decision], None] | None = None,
    ) -> Plan:
        """What is left to do; nothing is written and nothing is sent. ConfigError for a wrong adoption.

        With `collect`, submitted jobs of these models are planned even where their task pair is gone.
        """
        numbers = range(samples) if isinstance(samples, int) else samples
        plan = self.planner.plan(tasks, asks, numbers, collect=collect, tell=tell)
        check_adoptions(self.planner.policy.adopt, plan.adopted, find_attempts(self.store.root.parent))
        return plan

    async def execute(
        self,
        plan: Plan,
        *,
        ended: Callable[[Outcome], None] | None = None,
        display: Callable[[Event], None] | None = None,
    ) -> Report:
        """Carry out a plan. Set `stop` to end early: ids are kept and nothing paid is cancelled."""
        claims, shop = self._claims(plan), self.workshop
        ceiling = await asyncio.to_thread(self._ceiling, claims)
        observers = Observers(self.registry, contained(display or (lambda _: None)))
        taking = Taking(
            store=self.store,
            planner=self.planner,
            registry=self.registry,
            clock=shop.clock,
            disk=shop.disk,
            emit=observers.emit,
            pictures=Pictures(self.store),
            ceiling=ceiling,
            interceptors=shop.interceptors,
        )
        executor = Executor(
            store=self.store,
            claims=claims,
            taking=taking,
            worker=shop.worker,
            clock=shop.clock,
            disk=shop.disk,
            stop=self.stop,
        )
        try:
            shop.job_seconds.update({model: list(known) for model, known in plan.job_seconds.items()})
            for spec in {run.ask.spec: None for run in plan.runs}:
                await shop.worker.prepare(spec)
            runs = await ready(shop.worker, plan.runs)
            self._devices = await shop.worker.device_limiter() if runs_on_devices(runs) else None
            lanes = lanes_of(runs, self._limiter)
            report = await drive(lanes, executor, ended or (lambda _: None))
        finally:
            if not self._shared:
                await shop.close(GRACE)
            observers.close()
        if not report.interrupted and report.ends.total() != len(plan.runs):
            raise VmevalError(f"{len(plan.runs) - report.ends.total()} runs ended without a word", hint=_LOST_HINT)
        return report

    def _claims(self, plan: Plan) -> Claims:
        claims = claims_of(self.store.root)
        probe = RunKey("", "", "", os.getpid())
        try:
            if claims.take(probe):
                claims.release(probe)
        except ClaimsUnavailable:
            if plan.cost != 0:
                raise
        return claims

    def _ceiling(self, claims: Claims) -> Ceiling:
        ceiling = Ceiling(claims, self.store.root / HIDDEN, self._max_cost)
        if self._max_cost is not None:
            ceiling.recount(find_attempts(self.store.root))
        return ceiling

    def _limiter(self, run: PlannedRun) -> Limiter:
        if self._devices and run.ask.spec.runs_in == "process":
            return self._devices
        key = limit_key(run.ask.spec, run.ask.account)
        return self._lanes.setdefault(key, Limiter(self._concurrency))


_LOST_HINT = "run the same command again; if it happens again, please report it with --debug"
