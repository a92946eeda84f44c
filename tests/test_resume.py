"""Going on with what an earlier command left: submitted jobs, dead local runs, other keys."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.helpers import LEDGER, close, ledger_lines, records, runner_in, statuses
from tests.test_runner import planned, run
from vmevalkit_core.planner import Action, Policy
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.scan import scan

SLEEPER = LEDGER.replace("ledger.py:Ledger", "sleeper.py:Sleeper")


def stopped(runner: Runner, questions: Path, model: str, ready: Callable[[], bool], **options: object) -> Report:
    """Start all runs and stop the runner, in order, as soon as `ready` says so."""

    async def main() -> Report:
        work = asyncio.create_task(runner.execute(planned(runner, questions, model, **options)))
        while not ready():  # noqa: ASYNC110 (a file is watched, not an event)
            await asyncio.sleep(0.01)
        runner.stop.set()
        return await work

    return asyncio.run(main())


def leave_submitted(tmp_path: Path, questions: Path) -> None:
    """Four jobs at the vendor, and nobody who waits for them."""
    ready = lambda: len([one for one in statuses(tmp_path / "out") if one == "submitted"]) == 4  # noqa: E731
    report = stopped(runner_in(tmp_path), questions, LEDGER, ready, latency=1.0)
    assert report.interrupted
    assert statuses(tmp_path / "out") == ["submitted"] * 4


def test_submitted_jobs_are_collected_without_their_inputs(tmp_path: Path, questions: Path) -> None:
    """The question was copied with the intent, so the dataset may be emptied meanwhile."""
    leave_submitted(tmp_path, questions)
    for path in questions.rglob("*.*"):
        path.unlink()
    report = run(runner_in(tmp_path), questions, LEDGER)
    assert report.good == 4
    assert len(ledger_lines(tmp_path)) == 4


def test_job_of_a_task_that_is_gone_is_collected(tmp_path: Path, questions: Path) -> None:
    """It is paid for; what was asked is in the run's own folder."""
    leave_submitted(tmp_path, questions)
    shutil.rmtree(questions / "maze_task")
    runner = runner_in(tmp_path)
    ask = runner.ask(runner.registry.add_file(LEDGER), {})
    plan = runner.plan(scan(questions), [ask], collect=True)
    assert plan.actions == {Action.RESUME: 4}
    assert "prompt" not in plan.collected_as_asked
    assert asyncio.run(runner.execute(plan)).good == 4
    assert len(ledger_lines(tmp_path)) == 4


def test_moved_tree_is_resumed(tmp_path: Path, questions: Path) -> None:
    """Everything is found from the folder that holds metadata.json."""
    leave_submitted(tmp_path, questions)
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    (tmp_path / "out").symlink_to("elsewhere")
    assert run(runner_in(tmp_path), questions, LEDGER).good == 4
    assert len(ledger_lines(tmp_path)) == 4


def test_another_key_does_not_collect(tmp_path: Path, questions: Path) -> None:
    """A job goes back to the account that took it; another key stops with a sentence and changes nothing."""
    leave_submitted(tmp_path, questions)
    report = run(runner_in(tmp_path, env={"LEDGER_DIR": str(tmp_path / "other")}), questions, LEDGER)
    assert report.ends["blocked"] == 4
    assert "another key" in report.troubles[0].error
    assert statuses(tmp_path / "out") == ["submitted"] * 4


def test_dead_local_run_is_done_again_in_its_folder(tmp_path: Path, questions: Path) -> None:
    """Nothing was paid, so no new folder is needed; the number of attempts rises."""
    ready = lambda: statuses(tmp_path / "out") == ["running"] * 4  # noqa: E731
    stopped(runner_in(tmp_path), questions, SLEEPER, ready, seconds=0.2)
    assert statuses(tmp_path / "out") == ["running"] * 4
    assert run(runner_in(tmp_path), questions, SLEEPER, seconds=0.2).good == 4
    assert {record["inference"]["attempts"] for record in records(tmp_path / "out")} == {2}


def test_dead_local_run_asked_anew_is_closed(tmp_path: Path, questions: Path) -> None:
    """What is asked now gets a folder of its own, and the dead one says why it ended."""
    ready = lambda: statuses(tmp_path / "out") == ["running"] * 4  # noqa: E731
    stopped(runner_in(tmp_path), questions, SLEEPER, ready, seconds=0.2)
    assert run(runner_in(tmp_path), questions, SLEEPER, seconds=0.0).good == 4
    assert statuses(tmp_path / "out") == ["failed"] * 4 + ["success"] * 4


def test_record_without_id_is_no_submission(tmp_path: Path, questions: Path) -> None:
    """A null must not count as an id that can be polled."""
    leave_submitted(tmp_path, questions)
    path = next((tmp_path / "out").rglob("metadata.json"))
    record = json.loads(path.read_text())
    record["provenance"]["submission"] = None
    record["inference"]["status"] = "submitting"
    path.write_text(json.dumps(record))
    actions = planned(runner_in(tmp_path), questions, LEDGER).actions
    assert actions == {Action.RESUME: 3, Action.RECOVER: 1}


def test_lost_request_that_is_sent_again_stays_uncertain(tmp_path: Path, questions: Path) -> None:
    """The order to send again does not make the first request unbilled."""
    leave_submitted(tmp_path, questions)
    for path in (tmp_path / "out").rglob("metadata.json"):
        record = json.loads(path.read_text())
        record["provenance"]["submission"] = None
        record["inference"]["status"] = "submitting"
        path.write_text(json.dumps(record))
    assert run(runner_in(tmp_path, policy=Policy(resubmit_uncertain=True)), questions, LEDGER).good == 4
    assert statuses(tmp_path / "out") == ["success"] * 4 + ["uncertain"] * 4


def test_unknown_keys_of_a_record_are_kept(tmp_path: Path, questions: Path) -> None:
    """A newer version may have written them."""
    leave_submitted(tmp_path, questions)
    for path in (tmp_path / "out").rglob("metadata.json"):
        record = json.loads(path.read_text()) | {"review": {"stars": 5}}
        path.write_text(json.dumps(record))
    run(runner_in(tmp_path), questions, LEDGER)
    assert [record["review"] for record in records(tmp_path / "out")] == [{"stars": 5}] * 4


def test_newer_format_is_left_alone(tmp_path: Path, questions: Path) -> None:
    """Nobody knows what it means, so nothing is sent and the user is told to upgrade."""
    leave_submitted(tmp_path, questions)
    for path in (tmp_path / "out").rglob("metadata.json"):
        path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    plan = planned(runner_in(tmp_path), questions, LEDGER)
    assert plan.actions == {Action.DAMAGED: 4}
    assert "newer than this version knows" in plan.failed[0][1]
    assert list(plan.remedies) == ["upgrade vmevalkit-core"]


def test_remedy_follows_the_cause(tmp_path: Path, questions: Path) -> None:
    """To move a record away that could be read with more rights would pay for its run twice."""
    leave_submitted(tmp_path, questions)
    damaged, closed, *_ = sorted((tmp_path / "out").rglob("metadata.json"))
    damaged.write_text("{")
    assert [one.partition(",")[0] for one in planned(runner_in(tmp_path), questions, LEDGER).remedies] == [
        "move the run folder away"
    ]
    close(closed)
    remedies = planned(runner_in(tmp_path), questions, LEDGER).remedies
    assert "give read access to what cannot be read, or see to its disk" in remedies


def test_lost_request_is_looked_for_without_its_question(tmp_path: Path, questions: Path) -> None:
    """A picture that broke meanwhile must not keep a paid job from being found."""
    run(runner_in(tmp_path), questions, LEDGER, fault="dies")
    for path in questions.rglob("first_frame.png"):
        path.write_bytes(b"broken")
    assert run(runner_in(tmp_path), questions, LEDGER, fault="dies").good == 4
    assert len(ledger_lines(tmp_path)) == 4


def test_request_that_is_sent_later_has_its_hash_on_record(tmp_path: Path, questions: Path) -> None:
    """The intent of a run that was stopped before it was sent is as whole as any other."""
    run(runner_in(tmp_path), questions, LEDGER)
    hashes = [record["provenance"]["intent"]["request_sha256"] for record in records(tmp_path / "out")]
    for path in (tmp_path / "out").rglob("metadata.json"):
        record = json.loads(path.read_text())
        record["provenance"] |= {"intent": None, "submission": None}
        record["inference"]["status"] = "submitting"
        path.write_text(json.dumps(record))
    assert run(runner_in(tmp_path), questions, LEDGER).good == 4
    assert [record["provenance"]["intent"]["request_sha256"] for record in records(tmp_path / "out")] == hashes


def test_unknown_keys_of_a_geometry_are_kept(tmp_path: Path, questions: Path) -> None:
    """A newer version may know more of where a picture lies."""
    leave_submitted(tmp_path, questions)
    for path in (tmp_path / "out").rglob("metadata.json"):
        record = json.loads(path.read_text())
        record["provenance"]["first_frame"]["geometry"]["turned"] = 90
        path.write_text(json.dumps(record))
    assert run(runner_in(tmp_path), questions, LEDGER).good == 4
    assert {one["provenance"]["first_frame"]["geometry"]["turned"] for one in records(tmp_path / "out")} == {90}
