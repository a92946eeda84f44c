"""The engine behind the command line and the Python API: plans, asks nobody, runs, and stops in order."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from vmevalkit_core.attempts import Attempt
from vmevalkit_core.claims import Claims, claims_of
from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import ClaimsUnavailable, ConfigError, MissingCredential, UsageError, VmevalError
from vmevalkit_core.generator import Context
from vmevalkit_core.limits import Limiter
from vmevalkit_core.planner import Ask, Plan, PlannedRun, Planner, Policy
from vmevalkit_core.planner.ask import ask_of
from vmevalkit_core.questions import QuestionProblem, Task
from vmevalkit_core.records import Event, RunKey
from vmevalkit_core.redact import Redactor
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner.disk import Disk
from vmevalkit_core.runner.engine import GRACE, contained, drive
from vmevalkit_core.runner.execute import Executor
from vmevalkit_core.runner.lanes import lanes_of
from vmevalkit_core.runner.observers import Observers
from vmevalkit_core.runner.pictures import Pictures
from vmevalkit_core.runner.report import Outcome, Report
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.store import Store


class Runner:
    """One experiment, one set of models, one set of orders; `plan` first, then `execute`."""

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
    ) -> None:
        if concurrency < 1:
            raise UsageError(f"--concurrency {concurrency} is less than 1")
        self.registry = registry
        self.env = dict(os.environ if env is None else env)
        self.clock = clock or Clock()
        self.interceptors = tuple(interceptors)
        self._concurrency = concurrency
        self._limiters: dict[str, Limiter] = {}
        self.store = Store(output, experiment, Redactor())
        self.planner = Planner(self.store, policy or Policy(), seed=seed, whole=whole)
        self.stop = asyncio.Event()

    def ask(self, spec: ModelSpec, given: Mapping[str, Any]) -> Ask:
        """A model with options; ConfigError or MissingCredential says what the user has to fix."""
        for need in spec.needs:
            if not any(self.env.get(name) for name in need.names):
                names = " or ".join(need.names)
                raise MissingCredential(f"{spec.name} needs {names}, which is not set", hint=need.hint or _KEY_HINT)
        self.store.redactor.add(_secrets(spec, self.env))
        return ask_of(spec, self.registry.options_class(spec), given, _account(spec, self.env))

    def plan(
        self,
        tasks: Iterable[Task | QuestionProblem],
        asks: Sequence[Ask],
        samples: int = 1,
        *,
        collect: bool = False,
    ) -> Plan:
        """What is left to do; nothing is written and nothing is sent. ConfigError for a wrong adoption.

        With `collect`, submitted jobs of these models are planned even where their task pair is gone.
        """
        plan = self.planner.plan(tasks, asks, range(samples), collect=collect)
        for run_id in self.planner.policy.adopt:
            if (found := plan.adopted[run_id]) != 1:
                problem = "is the id of several runs" if found else "is no unfinished run of this plan"
                raise ConfigError(f"--adopt: {run_id} {problem}", hint="`vmeval status` names the unfinished runs")
        return plan

    async def execute(
        self,
        plan: Plan,
        *,
        ended: Callable[[Outcome], None] | None = None,
        display: Callable[[Event], None] | None = None,
    ) -> Report:
        """Carry out a plan. Set `stop` to end early: ids are kept and nothing paid is cancelled."""
        from vmevalkit_core.workers import InlineWorker

        claims = self._claims(plan)
        disk = Disk()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="vmeval"))
        worker = InlineWorker(self.registry, self._context, self.interceptors)
        observers = Observers(self.registry, contained(display or (lambda _: None)))
        executor = Executor(
            store=self.store,
            claims=claims,
            planner=self.planner,
            registry=self.registry,
            worker=worker,
            clock=self.clock,
            disk=disk,
            stop=self.stop,
            emit=observers.emit,
            pictures=Pictures(self.store),
            interceptors=self.interceptors,
        )
        try:
            for spec in {run.ask.spec: None for run in plan.runs}:
                await worker.prepare(spec)
            lanes = lanes_of(plan.runs, self._limiter)
            report = await drive(lanes, executor, ended or (lambda _: None))
        finally:
            await disk.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(worker.close(), GRACE)
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

    def _limiter(self, run: PlannedRun) -> Limiter:
        return self._limiter_of(run.ask.spec, run.ask.account)

    def _limiter_of(self, spec: ModelSpec, account: str | None) -> Limiter:
        key = f"{spec.limit_key}:{account or 'local'}"
        return self._limiters.setdefault(key, Limiter(self._concurrency))

    def _context(self, spec: ModelSpec) -> Context:
        declared = {name: self.env[name] for need in spec.needs for name in need.names if name in self.env}
        return Context(env=declared, limiter=self._limiter_of(spec, _account(spec, self.env)), clock=self.clock)


def _secrets(spec: ModelSpec, env: Mapping[str, str]) -> list[str]:
    return [env[name] for need in spec.needs if need.secret for name in need.names if env.get(name)]


def _account(spec: ModelSpec, env: Mapping[str, str]) -> str | None:
    keys = _secrets(spec, env)
    return hashlib.sha256(keys[0].encode()).hexdigest()[:8] if keys else None


_LOST_HINT = "run the same command again; if it happens again, please report it with --debug"
_KEY_HINT = "set it in the environment or in a file .env in this folder"
