"""Last mends of the paid path, each of which a dollar or an id hung on: found jobs, counts of money, doubt, clocks."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import REPOSITORY, make_task, records, runner_in, statuses
from tests.models.memory import VENDORS, MemoryJob, MemoryVendor
from tests.models.straggler import WRITERS
from tests.test_reliability_clock import Site, point_of_acceptance
from tests.test_resume import stopped
from tests.test_runner import run
from tests.virtual import World
from vmevalkit_core.attempts import Attempt, find_attempts
from vmevalkit_core.audit import validate
from vmevalkit_core.ceiling import Ceiling
from vmevalkit_core.claims import claims_of
from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import RetryableError
from vmevalkit_core.metadata import (
    Cost,
    InferenceSection,
    InputSection,
    PathsSection,
    PluginFacts,
    Provenance,
    RunMetadata,
)
from vmevalkit_core.records import Intent, RunKey, Submission
from vmevalkit_core.retry import RetryPolicy, retried
from vmevalkit_core.runner.disk import THREADS, WORKERS, Disk
from vmevalkit_core.runner.handle import Handle
from vmevalkit_core.store import Store
from vmevalkit_core.testing.clocks import VirtualClock

PRICE = Decimal("0.50")
STRAGGLER = f"{REPOSITORY}/tests/models/straggler.py:Straggler"


@pytest.fixture
def made() -> Iterator[list[Site]]:
    """The sites of a test."""
    sites: list[Site] = []
    yield sites
    for site in sites:
        del VENDORS[site.key]


@pytest.fixture
def site(tmp_path: Path, made: list[Site]) -> Site:
    made.append(Site(tmp_path))
    return made[0]


class ForgetfulVendor(MemoryVendor):
    """Its list holds a job only until somebody has asked about it."""

    def strike(self, faults: Any, kinds: Any) -> str:
        if faults is self.polls:
            for job in self.jobs.values():
                job.listed_from = float("inf")
        return super().strike(faults, kinds)


class UnwritableVendor(MemoryVendor):
    """Does something to the disk while its video is fetched, and charges less than its price."""

    def __init__(self, world: World, damage: Callable[[], object]) -> None:
        super().__init__(world, lambda token, price: None)
        self.damage = damage

    def strike(self, faults: Any, kinds: Any) -> str:
        for job in self.jobs.values():
            job.price = Decimal("0.30")
        if faults is self.fetches:
            self.damage()
        return super().strike(faults, kinds)


class LateVendor(MemoryVendor):
    """Shows a job in his list as late as he may."""

    def take(self, token: str, price: Decimal, *, hidden: float) -> MemoryJob:
        return super().take(token, price, hidden=88.0)


def with_vendor(site: Site, vendor: MemoryVendor) -> Site:
    """The same site with another vendor."""
    site.vendor = VENDORS[site.key] = vendor
    return site


def found_job(site: Site) -> Site:
    """A site whose first command died with its request on the way; the vendor has the job."""
    with_vendor(site, ForgetfulVendor(site.world, lambda token, price: None))
    assert site.run({point_of_acceptance(site): site.world.die}) is None
    assert statuses(site.folder / "out") == ["submitting"]
    return site


@pytest.mark.parametrize("model", ["Memory", "PartMemory"])
def test_found_job_with_a_broken_video_is_fetched_again(tmp_path: Path, made: list[Site], model: str) -> None:
    """By its id, which is on record: a second look at the list would not see it any more."""
    made.append(site := Site(tmp_path, model=model))
    found_job(site).vendor.fetches += ["half", "html"]
    report = site.run()
    assert report
    assert (report.good, len(site.vendor.jobs)) == (1, 1)


@pytest.mark.parametrize("fault", ["half", "lost"])
def test_found_job_whose_video_stays_away_is_kept(site: Site, fault: str) -> None:
    """It is paid for, so its id stays on record and the next command goes on with it."""
    found_job(site).vendor.fetches += [fault] * 40
    report = site.run()
    assert report
    assert report.ends == {"submitted": 1}
    assert records(site.folder / "out")[0]["provenance"]["submission"]["id"] == "job-1"
    site.vendor.fetches.clear()
    report = site.run()
    assert report
    assert (report.good, len(site.vendor.jobs)) == (1, 1)


@pytest.fixture
def ceiling(tmp_path: Path) -> Ceiling:
    """The count of an experiment in which nothing is spent."""
    claims = claims_of(tmp_path / "out" / "pilot")
    counted = Ceiling(claims, claims.path.parent, Decimal(100))
    counted.recount([])
    return counted


def spent(tmp_path: Path) -> Decimal:
    """What the count says."""
    return Decimal((tmp_path / "out" / "pilot" / ".vmeval" / "spent").read_text())


@pytest.mark.parametrize(("by", "during", "after"), [("0.2", "0.7", "0.7"), ("-0.2", "0.5", "0.3")])
def test_count_is_never_below_the_records(tmp_path: Path, ceiling: Ceiling, by: str, during: str, after: str) -> None:
    """More is counted before its record is written, less after it: a kill in between leaves it too high at most."""
    with ceiling.spending(PRICE):
        pass
    with ceiling.settling(Decimal(by)):
        assert spent(tmp_path) == Decimal(during)
    assert spent(tmp_path) == Decimal(after)


@pytest.mark.parametrize(("by", "after"), [("0.2", "0.7"), ("-0.2", "0.5")])
def test_error_while_settling_frees_nothing(tmp_path: Path, ceiling: Ceiling, by: str, after: str) -> None:
    """A record that could not be written may still be the old one."""
    with ceiling.spending(PRICE):
        pass
    with pytest.raises(OSError, match="full"), ceiling.settling(Decimal(by)):
        raise OSError("full")
    assert spent(tmp_path) == Decimal(after)


class WatchedStore(Store):
    """A store to whose `save` something happens."""

    def __init__(self, output: Path, *deeds: Callable[[RunMetadata], object]) -> None:
        super().__init__(output, "pilot")
        self.deeds = list(deeds)

    def save(self, folder: Path, metadata: RunMetadata) -> None:
        if self.deeds:
            self.deeds.pop(0)(metadata)
        super().save(folder, metadata)


def full(_: RunMetadata) -> None:
    """The disk is."""
    raise OSError("full")


def fine(_: RunMetadata) -> None:
    """Nothing happens."""


def handle_in(tmp_path: Path, ceiling: Ceiling | None, *deeds: Callable[[RunMetadata], object]) -> Handle:
    """A paid attempt that is about to be sent."""
    now, folder = datetime.now(UTC), tmp_path / "out" / "pilot" / "m" / "d_task" / "t" / "run"
    (folder / "video").mkdir(parents=True)
    metadata = RunMetadata(
        inference=InferenceSection(run_id="run", model="m", timestamp=now, status="submitting"),
        input=InputSection(prompt="p", image_path="i", question_id="t"),
        paths=PathsSection(inference_dir="", video_dir="", question_dir=""),
        provenance=Provenance(
            core="0",
            python="3",
            plugin=PluginFacts(name="p", distribution="p", version="0"),
            provider_model="m",
            inputs=(),
            prompt_sha256="",
            prompt_size=0,
            prompt_mtime_ns=0,
            cost=Cost(estimated=PRICE),
        ),
    )
    return Handle(
        key=RunKey("m", "d", "t", 0),
        store=WatchedStore(tmp_path / "out", *deeds),
        folder=folder,
        metadata=metadata,
        clock=Clock(),
        disk=Disk(),
        emit=lambda event: None,
        draft=Intent(time=now, price=PRICE),
        ceiling=ceiling,
    )


async def trying(work: Any) -> None:
    """The disk refuses it."""
    with pytest.raises(OSError, match="full"):
        await work


def test_settling_twice_counts_once(tmp_path: Path, ceiling: Ceiling) -> None:
    """The first try counted what it could not record."""

    async def work() -> None:
        handle = handle_in(tmp_path, ceiling, fine, full)
        await handle.intend()
        handle.metadata.provenance.cost.charged = Decimal("0.70")
        await trying(handle.settle())
        assert spent(tmp_path) == Decimal("0.70")
        await handle.settle()

    asyncio.run(work())
    assert spent(tmp_path) == Decimal("0.70")


def test_intent_that_cannot_be_written_is_freed_once_that_is_known(tmp_path: Path, ceiling: Ceiling) -> None:
    """Reserved while nobody knows what is on disk, and no more once a record says that nothing was sent."""

    async def work() -> None:
        handle = handle_in(tmp_path, ceiling, full)
        await trying(handle.intend())
        assert spent(tmp_path) == PRICE
        await handle.forget_intent()

    asyncio.run(work())
    assert spent(tmp_path) == 0


def test_recount_never_comes_between_a_record_and_its_count(tmp_path: Path, ceiling: Ceiling) -> None:
    """Another command that reads the tree just then would count the difference, and we a second time."""
    recounts: list[threading.Thread] = []

    def recounted(metadata: RunMetadata) -> None:
        attempt = Attempt("run", metadata.model_dump(mode="json"))
        recounts.append(threading.Thread(target=ceiling.recount, args=([attempt],)))
        recounts[0].start()
        recounts[0].join(0.2)

    async def work() -> None:
        handle = handle_in(tmp_path, ceiling, fine, recounted)
        await handle.intend()
        handle.metadata.provenance.cost.charged = Decimal("0.70")
        await handle.settle()

    asyncio.run(work())
    recounts[0].join()
    assert spent(tmp_path) == Decimal("0.70")


def unwritable(site: Site) -> None:
    """The count cannot be replaced any more."""
    (site.folder / "out" / "pilot" / ".vmeval" / f"spent.{os.getpid()}.part").mkdir()


def gone(site: Site) -> None:
    """Somebody has deleted the count."""
    (site.folder / "out" / "pilot" / ".vmeval" / "spent").unlink()


@pytest.mark.parametrize("damage", [unwritable, gone])
def test_success_stays_one_where_its_cost_cannot_be_counted(site: Site, damage: Callable[[Site], None]) -> None:
    """The clip is whole and paid for; the count is made anew by the next command."""
    site.settings["max_cost"] = Decimal(1)
    with_vendor(site, UnwritableVendor(site.world, lambda: damage(site)))
    report = site.run()
    assert report
    assert report.good == 1
    (record,) = records(site.folder / "out")
    assert (record["inference"]["status"], record["inference"]["error"]) == ("success", None)
    assert record["provenance"]["cost"]["charged"] == "0.30"


class WatchfulWorld(World):
    """Does something when somebody waits for an account that is busy."""

    at_wait: Callable[[], None] = staticmethod(lambda: None)

    async def sleep(self, seconds: float) -> None:
        if seconds >= 20.0:
            self.at_wait()
        await super().sleep(seconds)


def test_run_that_waits_for_a_limit_is_in_no_doubt(tmp_path: Path, made: list[Site]) -> None:
    """Killed while it waits, at a vendor that lists nothing, it is sent by the next command without a question."""
    world = WatchfulWorld()
    made.append(site := Site(tmp_path, model="BlindMemory", world=world))
    site.vendor.submits.append("throttled")
    seen: list[Any] = []

    def killed() -> None:
        seen.append(records(site.folder / "out")[0]["provenance"]["intent"])
        world.at_wait = lambda: None
        world.die()

    world.at_wait = killed
    assert site.run() is None
    assert seen == [None]
    report = site.run()
    assert report
    assert (report.good, len(site.vendor.jobs)) == (1, 1)


def test_id_is_written_while_everything_else_is_busy(tmp_path: Path) -> None:
    """Decoders, readers, a plugin's own threads, and an intent that waits for the count."""
    release = threading.Event()

    async def work() -> None:
        handle = handle_in(tmp_path, None)
        disk, loop = handle._disk, asyncio.get_running_loop()
        held = [disk.work(release.wait) for _ in range(2 * WORKERS)]
        held += [disk.run(release.wait) for _ in range(2 * THREADS)]
        held += [disk.run_intent(release.wait)]
        waiting = [asyncio.ensure_future(one) for one in held]
        waiting += [loop.run_in_executor(None, release.wait) for _ in range(64)]
        await asyncio.sleep(0)
        try:
            writing = asyncio.ensure_future(handle.submitted(Submission(id="job-1")))
            await asyncio.wait([writing], timeout=10.0)
            assert writing.done()
        finally:
            release.set()
            await asyncio.gather(*waiting, writing)

    asyncio.run(work())
    (attempt,) = find_attempts(tmp_path / "out")
    assert attempt.data["provenance"]["submission"]["id"] == "job-1"


def test_retries_are_counted_from_the_first_failure() -> None:
    """A call that took longer than its retries may take is still tried again, and for no longer than that."""
    clock, tried = VirtualClock(), list[float]()

    async def call() -> None:
        tried.append(clock.monotonic())
        await clock.sleep(1000.0 if len(tried) == 1 else 1.0)
        raise RetryableError("busy")

    policy = RetryPolicy(attempts=1000, within=60.0, first=10.0, longest=10.0)
    with pytest.raises(RetryableError):
        asyncio.run(clock.run(retried(call, policy, clock)))
    assert len(tried) > 3
    assert 1040.0 < tried[-1] < 1060.0


@pytest.mark.parametrize("days", [-3, 3])
def test_job_from_a_wrong_clock_is_collected(site: Site, days: int) -> None:
    """Sent in the future, or so long ago that its deadline is over, says a clock: it is watched for a while."""
    site.vendor.runs = 200.0
    report = site.run()
    assert report
    assert report.ends == {"submitted": 1}
    site.jump(days)
    report = site.run()
    assert report
    assert (report.good, len(site.vendor.jobs)) == (1, 1)


@pytest.mark.parametrize("days", [0, 3])
def test_job_that_never_ends_fails_at_its_deadline_in_a_later_command_too(site: Site, days: int) -> None:
    """After it was watched as long as any; before the deadline it stays submitted."""
    site.vendor.runs = 10 * 86400.0
    site.run()
    site.jump(days)
    report = site.run()
    assert report
    assert report.ends == {"failed" if days else "submitted": 1}


@pytest.mark.parametrize("days", [-1, 1])
def test_duration_knows_no_wall_clock(site: Site, days: int) -> None:
    """However it is set meanwhile."""
    assert site.run({14: lambda: site.jump(days)})
    (record,) = records(site.folder / "out")
    assert 30.0 <= record["inference"]["duration_seconds"] < 60.0


def test_duration_counts_earlier_commands(site: Site) -> None:
    """From the beginning of the run, in whichever process."""
    site.vendor.runs = 200.0
    site.run()
    site.world.seconds += 1000.0
    site.run()
    (record,) = records(site.folder / "out")
    assert 1120.0 <= record["inference"]["duration_seconds"] < 1200.0


@pytest.mark.parametrize("days", [-1, 1])
def test_lost_answer_is_looked_for_as_long_whatever_the_clock_says(tmp_path: Path, made: list[Site], days: int) -> None:
    """By the process that sent the request: the job that shows late in a list without proof is found, not given up."""
    made.append(site := Site(tmp_path, tasks=5, model="PartMemory"))
    with_vendor(site, LateVendor(site.world, lambda token, price: site.jump(days if len(site.vendor.jobs) == 3 else 0)))
    # Four leave at once. The fifth has waited for its turn, for the first was told to wait, when its answer is lost.
    site.vendor.submits += ["throttled", "fine", "fine", "fine", "slow"]
    begun = site.world.seconds
    report = site.run()
    assert report
    assert (report.good, len(site.vendor.jobs)) == (5, 5)
    assert site.world.seconds - begun < 200.0


def test_every_attempt_writes_its_video_under_a_name_of_its_own(tmp_path: Path) -> None:
    """A thread that nobody waits for any more may still be writing."""
    first, second = (handle_in(tmp_path / name, None).clip_path for name in ("one", "other"))
    assert first.name != second.name
    assert first.parent.name == second.parent.name == "video"


def test_writer_that_was_given_up_spoils_no_later_clip(tmp_path: Path) -> None:
    """It goes on with a file that is gone, and nothing of it is left behind."""
    make_task(tmp_path / "questions", "maze", "maze_0000")
    stopped(runner_in(tmp_path), tmp_path / "questions", STRAGGLER, lambda: bool(WRITERS))
    assert run(runner_in(tmp_path), tmp_path / "questions", STRAGGLER).good == 1
    WRITERS.pop().close()
    assert validate(tmp_path / "out").findings == []
    assert list((tmp_path / "out").rglob("*.part")) == []


def test_records_in_flight_do_not_keep_which_fields_were_given(tmp_path: Path) -> None:
    """That is a quarter of the room of a waiting job; all count as given, and what is written says the same."""

    async def work(name: str) -> RunMetadata:
        handle = handle_in(tmp_path / name, None)
        await handle.intend()
        await handle.submitted(Submission(id="job"))
        return handle.metadata

    first, second = (asyncio.run(work(name)) for name in ("1", "2"))
    facts = first.provenance
    for part in filter(None, (first, first.inference, first.output, facts, facts.cost, facts.intent, facts.submission)):
        assert part.model_fields_set == set(type(part).model_fields)
    assert facts.submission
    assert facts.model_fields_set is second.provenance.model_fields_set
    record = (tmp_path / "1" / "out" / "pilot" / "m" / "d_task" / "t" / "run" / "metadata.json").read_bytes()
    assert RunMetadata.model_validate_json(record).model_dump() == first.model_dump()
