"""Any sequence of commands, kills, faults, orders and clocks: nothing is paid twice, nothing lost, no success is false.

The engine, the tree and the claims are the real ones; the vendor and the time are in memory. The long version is
benchmarks/state_machine.py.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.helpers import REPOSITORY, make_task
from tests.models.memory import REFUSALS, SUBMITS, VENDORS, MemoryVendor
from tests.virtual import World, chosen_seed
from vmevalkit_core.attempts import Attempt, find_attempts, read_attempt
from vmevalkit_core.audit import problems_of
from vmevalkit_core.claims import claims_of
from vmevalkit_core.errors import ConfigError
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.planner import Action, Decision, PlannedRun, Policy
from vmevalkit_core.questions import Task
from vmevalkit_core.records import RunKey
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.runner.cancelling import Canceller, submitted_at
from vmevalkit_core.runner.workshop import Workshop
from vmevalkit_core.scan import scan

NAMES = ("memory", "blind-memory")
EDGES = {
    "submitting": {"submitting", "submitted", "failed", "uncertain"},
    "uncertain": {"uncertain", "submitting", "submitted"},
    "submitted": {"submitted", "success", "failed", "cancelled"},
}
"""Where a status may lead; the others are ends."""
ORDERED_FOR = {"failed": "retry_failed", "cancelled": "retry_failed", "success": "changed"}
DAY = 86400.0
RAM = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

_models = st.sampled_from(NAMES)
_chosen = st.sets(st.integers(0, 2), min_size=1)
_points = st.integers(1, 45)
_many = st.integers(1, 4)


class Machine(RuleBasedStateMachine):
    """One experiment with three task pairs, two models and an owner who gives orders."""

    steps: ClassVar[Counter[str]] = Counter()
    """What was done, and what came of it, over all machines of this process."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=RAM, prefix="machine-"))
        for number in range(3):
            make_task(self.folder / "questions", "maze", f"maze_{number}", final=False)
        self.tasks: list[Task] = [one for one in scan(self.folder / "questions") if not hasattr(one, "reason")]
        self.registry = Registry.load()
        for name in ("Memory", "BlindMemory"):
            self.registry.add_file(f"{REPOSITORY}/tests/models/memory.py:{name}")
        self.world = World()
        self.vendor = MemoryVendor(self.world, self.check_taking)
        self.key = uuid.uuid4().hex
        VENDORS[self.key] = self.vendor
        self.seconds, self.most = 5, None  # type: int, Decimal | None
        self.dies_when_taken = False
        self.again = set[str]()
        """The tokens of attempts that the user ordered, although there was one before."""
        self.looked_at: dict[str, bytes] = {}
        self.faults: list[AssertionError] = []

    @initialize(dice=st.integers(0, 2**16), odds=st.sampled_from([0.05, 0.2, 0.5]))
    def open_the_vendor(self, dice: int, odds: float) -> None:
        self.vendor.chance, self.vendor.odds = random.Random(dice), odds

    # What the owner does.

    @rule(model=_models, chosen=_chosen, samples=st.integers(1, 2), concurrency=_many)
    def run(self, model: str, chosen: set[int], samples: int, concurrency: int) -> None:
        self.command("run", model, chosen, samples=samples, concurrency=concurrency)

    @rule(model=_models, chosen=_chosen, concurrency=_many, at=_points)
    def run_killed(self, model: str, chosen: set[int], concurrency: int, at: int) -> None:
        self.command("kill", model, chosen, concurrency=concurrency, events={at: self.world.die})

    @rule(model=_models, chosen=_chosen, concurrency=_many, at=_points)
    def run_interrupted(self, model: str, chosen: set[int], concurrency: int, at: int) -> None:
        self.command("interrupt", model, chosen, concurrency=concurrency, events={at: self.interrupt})

    @rule(model=_models, chosen=_chosen, at=_points, days=st.sampled_from([-1.0, 1.0]))
    def run_while_the_clock_jumps(self, model: str, chosen: set[int], at: int, days: float) -> None:
        self.command("clock", model, chosen, events={at: lambda: self.set_wall(days)})

    @rule(
        model=_models, chosen=_chosen, fault=st.sampled_from(["slow", "late"]), days=st.sampled_from([-1.0, 0.0, 1.0])
    )
    def run_dies_with_a_request_inside(self, model: str, chosen: set[int], fault: str, days: float) -> None:
        self.vendor.submits.appendleft(fault)
        self.dies_when_taken = True
        self.command("dies", model, chosen)
        self.dies_when_taken = False
        self.set_wall(days)

    @rule(model=_models, chosen=_chosen)
    def retry_failed(self, model: str, chosen: set[int]) -> None:
        self.command("retry", model, chosen, Policy(retry_failed=True))

    @rule(model=_models, chosen=_chosen, at=st.none() | _points)
    def resubmit(self, model: str, chosen: set[int], at: int | None) -> None:
        events = {at: self.world.die} if at else {}
        self.command("resubmit", model, chosen, Policy(resubmit_uncertain=True), events=events)

    @rule(model=_models, chosen=_chosen, seconds=st.sampled_from([5, 7]))
    def change_options(self, model: str, chosen: set[int], seconds: int) -> None:
        self.seconds = seconds
        self.command("rerun", model, chosen, Policy(changed="rerun"))

    @rule(which=st.integers(0, 99))
    def adopt(self, which: int) -> None:
        doubtful = [one for one in self.attempts() if self.newest(one) and self.in_doubt(one) and self.jobs_of(one)]
        if doubtful:
            one = doubtful[which % len(doubtful)]
            policy = Policy(adopt={one.run_id: self.jobs_of(one)[0]})
            try:
                self.command("adopt", one.data["inference"]["model"], {0, 1, 2}, policy, samples=2)
            except ConfigError:  # an earlier attempt has what is asked now
                self.steps["adopt: refused"] += 1

    @rule(which=st.integers(0, 99))
    def cancel(self, which: int) -> None:
        if waiting := submitted_at(self.attempts()):
            one = waiting[which % len(waiting)]
            ending = self.world.live(self.cancelled(one))
            assert ending
            self.steps[f"cancel: {ending.end}"] += 1

    @rule(most=st.none() | st.integers(0, 8))
    def set_ceiling(self, most: int | None) -> None:
        self.most = None if most is None else Decimal(most) / 2

    # What the vendor and the machine do.

    @rule(faults=st.lists(st.sampled_from([*SUBMITS, *REFUSALS]), min_size=1, max_size=4))
    def next_requests_fail(self, faults: list[str]) -> None:
        self.vendor.submits.extend(faults)

    @rule(which=st.integers(0, 99), end=st.sampled_from(["failed", "forgotten"]))
    def job_goes_wrong(self, which: int, end: str) -> None:
        known = [one.provenance["submission"]["id"] for one in submitted_at(self.attempts())]
        if known:
            job = self.vendor.jobs[known[which % len(known)]]
            job.forgotten |= end == "forgotten"
            job.end = "failed" if end == "failed" and job.end == "done" else job.end

    @rule(runs=st.sampled_from([0.0, 30.0, 400.0]))
    def jobs_take(self, runs: float) -> None:
        self.vendor.runs = runs

    @rule(seconds=st.sampled_from([1.0, 60.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.seconds += seconds

    @rule(days=st.sampled_from([-1.0, 1.0]))
    def set_wall(self, days: float) -> None:
        self.world.wall += timedelta(days=days)

    # What must never happen.

    @invariant()
    def nobody_complained(self) -> None:
        """What was seen in the middle of a command, where an error would have been caught."""
        if self.faults:
            raise self.faults[0]

    @invariant()
    def tree_validates(self) -> None:
        """Every record, question and clip; a success has a clip that decodes to its last frame."""
        for one in self.attempts():
            content = Path(one.folder, "metadata.json").read_bytes()
            if self.looked_at.get(one.folder) != content:
                assert problems_of(one) == []
                self.looked_at[one.folder] = content

    @invariant()
    def every_job_is_known(self) -> None:
        """Its id is on disk, or its run says that there may be one."""
        by_token = {one.provenance["token"]: one for one in self.attempts()}
        for job in self.vendor.jobs.values():
            one = by_token[job.token]
            known = (one.provenance.get("submission") or {}).get("id") == job.id
            assert known or self.in_doubt(one), f"{job} and {one.data['inference']}"

    @invariant()
    def run_ids_are_unique(self) -> None:
        names = [one.run_id for one in self.attempts()]
        assert len(names) == len(set(names))

    def teardown(self) -> None:
        """In the end a sane vendor gets everything done that nobody has to decide."""
        try:
            if not self.faults:
                self.finish()
        finally:
            claims_of(self.folder / "out" / "pilot").close()
            shutil.rmtree(self.folder)
            del VENDORS[self.key]

    def finish(self) -> None:
        for faults in (self.vendor.submits, self.vendor.polls, self.vendor.fetches):
            faults.clear()
        self.most, self.vendor.runs, self.vendor.odds = None, 0.0, 0.0
        self.world.seconds += DAY / 24
        # Twice: a lost request that is asked otherwise by now is proven lost by the first, and sent by the second.
        for model in 2 * NAMES:
            self.command("finish", model, {0, 1, 2}, samples=2)
        self.nobody_complained()
        self.tree_validates()
        self.every_job_is_known()
        for one in filter(self.newest, self.attempts()):
            if one.status not in ("success", "failed", "cancelled"):
                assert self.may_stay(one), f"{one.data['inference']}"

    # How it is done.

    def command(
        self,
        name: str,
        model: str,
        chosen: Iterable[int],
        policy: Policy | None = None,
        *,
        samples: int = 1,
        concurrency: int = 2,
        events: dict[int, Callable[[], None]] | None = None,
    ) -> None:
        """One command in a new process."""
        self.runner = Runner(
            self.registry,
            output=self.folder / "out",
            experiment="pilot",
            env={"MEMORY_VENDOR": self.key},
            policy=policy or Policy(),
            concurrency=concurrency,
            clock=self.world,
            max_cost=self.most,
        )
        self.watch(self.runner)
        self.ordered: Counter[str] = Counter()
        ask = self.runner.ask(self.registry.get(model), {"seconds": self.seconds})
        plan = self.runner.plan([self.tasks[number] for number in sorted(chosen)], [ask], samples, tell=self.count)
        report = self.world.live(self.runner.execute(plan), events)
        self.note(name, report)

    def interrupt(self) -> None:
        self.runner.stop.set()

    def note(self, name: str, report: Report | None) -> None:
        self.steps[name] += 1
        self.steps[f"{name}: died"] += report is None
        for end, number in (report.ends if report else {}).items():
            self.steps[f"end: {end}"] += number

    def count(self, run: PlannedRun, decision: Decision) -> None:
        """Which further requests the user has ordered."""
        one = decision.attempt
        if decision.action is Action.START and one and not one.was_not_sent:
            order = ORDERED_FOR.get(one.status, "resubmit_uncertain")
            policy = self.runner.planner.policy
            self.expect(getattr(policy, order) not in (False, "refuse"), f"{one.status} is sent again, unordered")
            self.ordered[str(run.key)] += 1

    def check_taking(self, token: str, price: Decimal) -> None:
        """A request has arrived: it is on record, the first one for its run unless ordered, and affordable."""
        attempts = list(self.attempts())
        (one,) = (attempt for attempt in attempts if attempt.provenance["token"] == token)
        key = self.key_of(one)
        tokens = {attempt.provenance["token"] for attempt in attempts if self.key_of(attempt) == key}
        before = [job for job in self.vendor.jobs.values() if job.token in tokens]
        self.expect(one.status == "submitting" and bool(one.provenance["intent"]), f"no intent: {one.data}")
        self.expect(all(job.token != token for job in before), f"one attempt is sent twice: {key}")
        self.expect(not before or token in self.again, f"{key} is sent again, unordered: {before}")
        if self.most is not None:
            self.expect(self.vendor.billed + price <= self.most, f"{self.vendor.billed} + {price} > {self.most}")
        self.steps["accepted"] += 1
        if self.dies_when_taken:
            self.world.die()

    def watch(self, runner: Runner) -> None:
        """Every attempt that is begun is the first or ordered; every record that is written leads along an edge."""
        create, save = runner.store.create, runner.store.save

        def created(key: RunKey, *given: Any) -> tuple[Path, RunMetadata]:
            before = runner.store.attempts_of(key)
            folder, metadata = create(key, *given)
            if self.ordered[str(key)] > 0 or (before and before[-1].was_not_sent):
                self.again.add(str(metadata.provenance.token))
                self.ordered[str(key)] -= 1
            else:
                self.expect(not before, f"{key} is begun again, unordered")
            return folder, metadata

        def watched(folder: Path, metadata: RunMetadata) -> None:
            then, now = read_attempt(str(folder)).status, metadata.inference.status
            self.expect(now in EDGES.get(then, ()), f"{then} became {now}: {metadata.inference}")
            save(folder, metadata)

        runner.store.create = created  # type: ignore[method-assign, assignment]
        runner.store.save = watched  # type: ignore[method-assign]

    def expect(self, holds: bool, words: str) -> None:
        if not holds:
            self.faults.append(AssertionError(words))

    async def cancelled(self, one: Attempt) -> Any:
        workshop = Workshop(self.registry, env={"MEMORY_VENDOR": self.key}, clock=self.world)
        try:
            return await Canceller(self.registry, workshop).cancel(one)
        finally:
            await workshop.close(1.0)

    def attempts(self) -> list[Attempt]:
        return list(find_attempts(self.folder / "out" / "pilot"))

    def key_of(self, one: Attempt) -> str:
        return f"{one.data['inference']['model']}/maze/{one.data['input']['question_id']}/{one.sample}"

    def newest(self, one: Attempt) -> bool:
        same = [other.number for other in self.attempts() if self.key_of(other) == self.key_of(one)]
        return one.number == max(same)

    def in_doubt(self, one: Attempt) -> bool:
        return one.status == "uncertain" or (one.status == "submitting" and not one.was_not_sent)

    def jobs_of(self, one: Attempt) -> list[str]:
        return [job.id for job in self.vendor.jobs.values() if job.token == one.provenance["token"]]

    def may_stay(self, one: Attempt) -> bool:
        """Whether it cannot be ended without the user or the vendor."""
        if one.status == "submitted":
            return self.vendor.jobs[one.provenance["submission"]["id"]].forgotten
        if one.was_not_sent:  # ordered with options that nobody asks for any more
            return any(same.status == "success" for same in self.attempts() if self.key_of(same) == self.key_of(one))
        return one.status == "uncertain" and one.data["inference"]["model"] == "blind-memory"


def drive(steps: int, machines: int, with_seed: int, *, shrink: bool = True) -> None:
    """So many machines with so many steps each; what goes wrong is made short unless that would take too long."""
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    chosen = settings(
        stateful_step_count=steps,
        max_examples=machines,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    # A copy, because the seed stays with the class.
    run_state_machine_as_test(seed(with_seed)(type("Seeded", (Machine,), {})), settings=chosen)


def test_no_sequence_of_events_breaks_a_promise() -> None:
    """Neither the user's money nor his clips."""
    drive(steps=30, machines=40, with_seed=chosen_seed())
    assert Machine.steps["accepted"] > 0
