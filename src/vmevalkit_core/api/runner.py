"""`InferenceRunner`: the engine of the command line as an object, for scripts, threads, notebooks and coroutines."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from vmevalkit_core.api.call import ELSEWHERE, Call, Result, Save
from vmevalkit_core.api.given import Given
from vmevalkit_core.api.orders import Changed, Dollars, Limits, asks_of, limits_of, policy_of
from vmevalkit_core.api.pictures import Picture
from vmevalkit_core.api.results import RunResult
from vmevalkit_core.api.room import Room
from vmevalkit_core.api.tasks import Tasks, given_of
from vmevalkit_core.api.types import mapping, names, whole_number
from vmevalkit_core.errors import UsageError
from vmevalkit_core.planner import Plan, Policy
from vmevalkit_core.scan import check_apart


class InferenceRunner:
    """Runs models on questions and leaves one checkable folder for each clip; what is finished is not done again.

    Naming a paid model is the order to pay for it: nothing asks again, `plan` tells the price beforehand. A model is
    built once and kept until `close`, so one runner should serve a whole loop; it may be shared by threads, and all of
    its calls together keep at most `concurrency` runs in flight for each account. Ctrl-C sends nothing more, cancels
    nothing that was paid for, and raises KeyboardInterrupt once every job's id is on disk; a second one stops waiting.
    """

    def __init__(
        self,
        output_dir: str | os.PathLike[str] = "data/outputs",
        experiment: str = "default",
        *,
        env: Mapping[str, str] | None = None,
        concurrency: int = 8,
        seed: int = 0,
        interceptors: Sequence[str] = (),
        allow_gone: bool = False,
        verbose: bool = False,
    ) -> None:
        """`env` takes the place of the process's environment and of the file .env in the current folder."""
        self.output_dir = Path(output_dir)
        self.experiment = experiment
        self._room = Room(
            output_dir,
            experiment,
            env=env,
            concurrency=whole_number("concurrency", concurrency),
            seed=whole_number("seed", seed),
            interceptors=names("interceptors", interceptors, "cache"),
        )
        self._allow_gone = allow_gone
        self._verbose = verbose

    def run(
        self,
        model_name: str,
        image_path: Picture,
        text_prompt: str,
        *,
        question_data: Mapping[str, Any] | None = None,
        final_image_path: Picture | None = None,
        sample: int = 0,
        retry_failed: bool = False,
        changed: Changed = "refuse",
        **options: Any,
    ) -> RunResult:
        """One clip, new or finished before; `options` are the model's own.

        UnfinishedRun when it neither succeeded nor failed; a UsageError (UnknownModel, MissingCredential, MissingFrame,
        ConfigError, ChangedRuns ...) says what to fix, and nothing was sent.
        """
        given = given_of(image_path, text_prompt, question_data, final_image_path)
        return _only(
            self._room.wait(self._single(model_name, given, sample, policy_of(retry_failed, changed), options))
        )

    async def arun(
        self,
        model_name: str,
        image_path: Picture,
        text_prompt: str,
        *,
        question_data: Mapping[str, Any] | None = None,
        final_image_path: Picture | None = None,
        sample: int = 0,
        retry_failed: bool = False,
        changed: Changed = "refuse",
        **options: Any,
    ) -> RunResult:
        """`run` for coroutines; cancelling it stops in order, as Ctrl-C does."""
        given = given_of(image_path, text_prompt, question_data, final_image_path)
        call = self._single(model_name, given, sample, policy_of(retry_failed, changed), options)
        return _only(await self._room.awaited(call))

    def run_all(
        self,
        tasks: Tasks,
        models: str | Sequence[str],
        *,
        samples: int = 1,
        concurrency: int | None = None,
        options: Mapping[str, Any] | None = None,
        retry_failed: bool = False,
        changed: Changed = "refuse",
        resubmit_uncertain: bool = False,
        adopt: Mapping[str, str] | None = None,
        max_cost: Dollars | None = None,
        allow_unpriced: bool = False,
    ) -> list[Result]:
        """Every run of tasks x models x samples, in that order, new or finished before.

        A run that neither succeeded nor failed, or whose task cannot be used, is an UnfinishedRun in its place.
        `options` hold for every model, those under a model's name for that one. A `concurrency` other than the runner's
        counts for this call alone. `adopt` maps run ids to jobs that were found at the vendor. `max_cost` is what the
        experiment may cost in all, in US dollars: a run that does not fit is not sent, and its UnfinishedRun has a
        CeilingReached as `__cause__`. UsageError for unknown prices under it, unless `allow_unpriced`.
        """
        policy = policy_of(retry_failed, changed, resubmit_uncertain, adopt)
        limits = limits_of(concurrency, max_cost, allow_unpriced)
        return self._room.wait(self._many(tasks, models, samples, limits=limits, options=options, policy=policy))

    async def arun_all(
        self,
        tasks: Tasks,
        models: str | Sequence[str],
        *,
        samples: int = 1,
        concurrency: int | None = None,
        options: Mapping[str, Any] | None = None,
        retry_failed: bool = False,
        changed: Changed = "refuse",
        resubmit_uncertain: bool = False,
        adopt: Mapping[str, str] | None = None,
        max_cost: Dollars | None = None,
        allow_unpriced: bool = False,
    ) -> list[Result]:
        """`run_all` for coroutines; cancelling it stops in order, as Ctrl-C does."""
        policy = policy_of(retry_failed, changed, resubmit_uncertain, adopt)
        limits = limits_of(concurrency, max_cost, allow_unpriced)
        return await self._room.awaited(
            self._many(tasks, models, samples, limits=limits, options=options, policy=policy)
        )

    def plan(
        self,
        tasks: Tasks,
        models: str | Sequence[str],
        *,
        samples: int = 1,
        options: Mapping[str, Any] | None = None,
        retry_failed: bool = False,
        changed: Changed = "refuse",
    ) -> Plan:
        """What `run_all` would do: send `plan.sends` runs, for `plan.cost` US dollars at most, None where unknown.

        `plan.total` is all runs, `plan.actions` what is to be done about them, `plan.problems` the unusable tasks.
        """
        policy = policy_of(retry_failed, changed)
        return self._many(tasks, models, samples, limits=Limits(), options=options, policy=policy).plan()

    def close(self) -> None:
        """Stop what is in flight in order, let the models go; the runner cannot be used any more."""
        self._room.close()

    def __enter__(self) -> InferenceRunner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _save_metadata(self, inference_dir: Path, result: RunResult, question_data: dict[str, Any] | None) -> None:
        """Does nothing; a subclass may note down more about a run.

        Called once for each run that succeeded or failed in a call, after its record is on disk, in a thread and one at
        a time for each call. What it raises becomes a RuntimeWarning; the results are returned all the same.
        """

    def _single(self, model: str, given: Given, sample: int, policy: Policy, options: Mapping[str, Any]) -> Call:
        if whole_number("sample", sample) < 0:
            raise UsageError(f"sample={sample} is less than 0")
        (model,) = names("model_name", [model], "baseline-hold")
        return self._call([given], model, {model: options}, [sample], limits=Limits(), policy=policy)

    def _many(
        self,
        tasks: Tasks,
        models: str | Sequence[str],
        samples: int,
        *,
        limits: Limits,
        options: Mapping[str, Any] | None,
        policy: Policy,
    ) -> Call:
        if whole_number("samples", samples) < 1:
            raise UsageError(f"samples={samples} is less than 1")
        if isinstance(tasks, str | os.PathLike):
            check_apart(self.output_dir / self.experiment, Path(tasks), ELSEWHERE)
        shared = mapping("options", options, '{"seconds": 5}')
        return self._call(tasks, models, shared, range(samples), limits=limits, policy=policy)

    def _call(
        self,
        tasks: Tasks | Sequence[Given],
        models: str | Sequence[str],
        options: Mapping[str, Any],
        samples: Collection[int],
        *,
        limits: Limits,
        policy: Policy,
    ) -> Call:
        engine = self._room.engine(policy, limits)
        asks = partial(asks_of, models=models, options=options, allow_gone=self._allow_gone, refresh=self._room.own_env)
        return Call(engine, tasks, asks, samples, limits, save=self._saving(), verbose=self._verbose)

    def _saving(self) -> Save | None:
        if getattr(self._save_metadata, "__func__", None) is InferenceRunner._save_metadata:
            return None

        def save(result: RunResult) -> None:
            self._save_metadata(Path(result.inference_dir), result, result.metadata.question_data)

        return save


def _only(results: list[Result]) -> RunResult:
    result = results[0]
    if isinstance(result, RunResult):
        return result
    # What the caller has to fix keeps its natural type: a missing frame is a FileNotFoundError.
    raise result.__cause__ if isinstance(result.__cause__, UsageError) else result
