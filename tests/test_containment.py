"""What one run, one plugin or one vendor does wrong stays with that run; what was paid for stays known."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers import BLIND_LEDGER, LEDGER, REPOSITORY, ledger_lines, make_task, records, runner_in, statuses
from tests.test_runner import planned, run
from vmevalkit_core.attempts import find_attempts, read_attempt
from vmevalkit_core.errors import (
    AccountError,
    ConfigError,
    KeyRefused,
    NoCredit,
    PluginError,
    QuotaExhausted,
    RejectedError,
    Throttled,
    UncertainSubmitError,
)
from vmevalkit_core.planner import Action, Policy
from vmevalkit_core.status_codes import submit_error

SINNERS = f"{REPOSITORY}/tests/models/sinners.py"


@pytest.mark.parametrize(
    ("sin", "says"),
    [
        pytest.param("RaisesCancelled", "CancelledError", id="cancelled-error"),
        pytest.param("Exits", "SystemExit: 3", id="sys-exit"),
        pytest.param("ReturnsText", "generate returned str 'a.mp4' instead of a Clip", id="returns-text"),
        pytest.param("WritesNothing", "generate wrote nothing to job.clip_path", id="no-file"),
        pytest.param("WritesText", "the model's clip is not", id="html"),
    ],
)
def test_sin_of_a_model_stays_with_its_runs(tmp_path: Path, questions: Path, sin: str, says: str) -> None:
    """Each run fails with its reason, and the runs of another model in the same command succeed."""
    report = run(runner_in(tmp_path), questions, f"{SINNERS}:{sin}", "baseline-hold")
    assert report.ends == {"success": 4, "failed": 4}
    assert all(says in outcome.error for outcome in report.troubles)


def test_odd_extras_become_text(tmp_path: Path, questions: Path) -> None:
    """A clip that is whole is a success, whatever else was handed over."""
    assert run(runner_in(tmp_path), questions, f"{SINNERS}:OddExtras").good == 4
    record = records(tmp_path / "out")[0]
    assert "object" in record["provenance"]["extras"]["raw"]
    assert record["output"]["video_url"] == "[not a link]"


def test_model_that_cannot_close_hides_nothing(tmp_path: Path, questions: Path) -> None:
    """The runs are done and on record."""
    assert run(runner_in(tmp_path), questions, f"{SINNERS}:FailsToClose").good == 4


@pytest.mark.parametrize("sin", ["CannotBeBuilt", "CallsItselfLocal"])
def test_model_that_cannot_work_stops_before_anything_is_sent(tmp_path: Path, questions: Path, sin: str) -> None:
    """A plugin error that names the class; no folder is made."""
    with pytest.raises(PluginError, match=r"sinners\.py|liar"):
        run(runner_in(tmp_path), questions, f"{SINNERS}:{sin}")
    assert records(tmp_path / "out") == []


def test_model_without_a_price_is_named(tmp_path: Path, questions: Path) -> None:
    """Not a mistake of the kit."""
    with pytest.raises(PluginError, match="no-price cannot tell its price: KeyError"):
        planned(runner_in(tmp_path), questions, f"{SINNERS}:NoPrice")


def test_odd_metadata_blocks_its_run_only(tmp_path: Path, questions: Path) -> None:
    """Whatever stands in a question's metadata."""
    odd = {"task_category": 5, "deep": json.loads("[" * 90 + "]" * 90)}
    (questions / "maze_task" / "maze_0000" / "question_metadata.json").write_text(json.dumps(odd))
    assert run(runner_in(tmp_path), questions, "baseline-hold").good >= 3


def test_job_id_survives_odd_resume_data(tmp_path: Path, questions: Path) -> None:
    """The id is on disk, and the job is collected."""
    assert run(runner_in(tmp_path), questions, f"{SINNERS}:OddResume").good == 4


def test_job_id_is_never_redacted(tmp_path: Path, questions: Path) -> None:
    """A later process asks for the id as it was, also where it holds the name of a project that is a declared need."""
    run(runner_in(tmp_path, env={"LEDGER_DIR": str(tmp_path)}), questions, LEDGER)
    for record in records(tmp_path / "out"):
        record["provenance"]["submission"]["id"] = f"{tmp_path}/job"
        cleaned = runner_in(tmp_path).store.redactor
        cleaned.add([str(tmp_path)])
        assert cleaned.record(record)["provenance"]["submission"]["id"] == f"{tmp_path}/job"
        assert cleaned.record({"output": {"video_url": f"{tmp_path}"}})["output"]["video_url"] == "[redacted]"


def test_error_after_the_id_leaves_the_job_to_be_collected(tmp_path: Path, questions: Path) -> None:
    """Only the vendor's word that a job is over ends it."""
    assert run(runner_in(tmp_path), questions, f"{SINNERS}:KeyExpires").ends == {"submitted": 4}
    plan = planned(runner_in(tmp_path, policy=Policy(retry_failed=True)), questions, f"{SINNERS}:KeyExpires")
    assert plan.actions == {Action.RESUME: 4}


def test_request_without_answer_ends_in_time(tmp_path: Path, questions: Path) -> None:
    """It is looked for in the vendor's list by the same command, and never sent again."""
    assert run(runner_in(tmp_path), questions, f"{SINNERS}:NeverAnswers").good == 4
    assert len(ledger_lines(tmp_path)) == 4


def test_lost_request_is_not_looked_for_with_another_key(tmp_path: Path, questions: Path) -> None:
    """The list of another account proves nothing."""
    run(runner_in(tmp_path), questions, LEDGER, fault="dies")
    report = run(runner_in(tmp_path, env={"LEDGER_DIR": str(tmp_path / "other")}), questions, LEDGER)
    assert report.ends == {"blocked": 4}
    assert not (tmp_path / "other").exists()


def test_tokens_are_unique_in_the_world(tmp_path: Path, questions: Path) -> None:
    """The same task id in two domains, started in one second, must not share a name at the vendor."""
    make_task(questions, "other", "maze_0000")
    run(runner_in(tmp_path), questions, LEDGER, fault="dies")
    tokens = [line["token"] for line in ledger_lines(tmp_path)]
    assert len(set(tokens)) == 5
    assert run(runner_in(tmp_path), questions, LEDGER, fault="dies").good == 5
    assert len(ledger_lines(tmp_path)) == 5


def test_order_to_retry_counts_once(tmp_path: Path, questions: Path) -> None:
    """Two commands with the same order do not both carry it out."""
    run(runner_in(tmp_path), questions, LEDGER, fault="job")
    order = Policy(retry_failed=True)
    first, second = runner_in(tmp_path, policy=order), runner_in(tmp_path, policy=order)
    plans = planned(first, questions, LEDGER, fault="job"), planned(second, questions, LEDGER, fault="job")
    asyncio.run(first.execute(plans[0]))
    report = asyncio.run(second.execute(plans[1]))
    assert report.ends == {"failed": 4}
    assert len(ledger_lines(tmp_path)) == 8


def test_adoption_of_an_unknown_run_is_an_error(tmp_path: Path, questions: Path) -> None:
    """A typing error must not end in a second request."""
    run(runner_in(tmp_path), questions, BLIND_LEDGER, fault="bug")
    with pytest.raises(ConfigError, match="no unfinished run"):
        planned(runner_in(tmp_path, policy=Policy(adopt={"nope": "j"})), questions, BLIND_LEDGER, fault="bug")


@pytest.mark.parametrize(
    "change",
    [
        {"inference": {"status": "queued"}},
        {"inference": {"status": "submitted"}},
        {"inference": {"sample": "x"}},
        {"provenance": {"options": "x"}},
        {"provenance": {"first_frame": "x"}},
        {"provenance": {"format": 99}},
    ],
    ids=["unknown-status", "submitted-without-id", "sample", "options", "frame", "format"],
)
def test_odd_record_is_damaged_and_stops_nothing_else(
    tmp_path: Path, questions: Path, change: dict[str, dict[str, Any]]
) -> None:
    """Nobody knows what was paid, so its run is left alone; the plan of the others stands."""
    run(runner_in(tmp_path), questions, "baseline-hold")
    path = next((tmp_path / "out").rglob("metadata.json"))
    record = json.loads(path.read_text())
    for section, values in change.items():
        record[section].update(values)
    path.write_text(json.dumps(record))
    assert planned(runner_in(tmp_path), questions, "baseline-hold").actions == {Action.DAMAGED: 1, Action.DONE: 3}


def test_stop_before_sending_sends_nothing(tmp_path: Path, questions: Path) -> None:
    """A refused request that waits for its next try is not sent after Ctrl-C, and is open to the next command."""

    async def main() -> None:
        runner = runner_in(tmp_path)
        plan = planned(runner, questions, LEDGER, fault="throttled")
        runner.stop.set()
        report = await runner.execute(plan)
        assert report.interrupted

    asyncio.run(main())
    assert ledger_lines(tmp_path) == []
    assert run(runner_in(tmp_path), questions, LEDGER).good == 4


def test_cancelled_engine_leaves_no_lane_at_work(tmp_path: Path, questions: Path) -> None:
    """`execute` that is cancelled sends nothing more."""

    async def main() -> int:
        runner = runner_in(tmp_path, concurrency=1)
        plan = planned(runner, questions, LEDGER, latency=0.3)
        work = asyncio.create_task(runner.execute(plan))
        while not ledger_lines(tmp_path):  # noqa: ASYNC110 (a file is watched, not an event)
            await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.wait([work])
        sent = len(ledger_lines(tmp_path))
        await asyncio.sleep(1.0)
        return len(ledger_lines(tmp_path)) - sent

    assert asyncio.run(main()) == 0


def test_broken_display_does_not_end_paid_runs(tmp_path: Path, questions: Path) -> None:
    """`vmeval run | head -1` goes on."""

    def broken(_: object) -> None:
        raise BrokenPipeError

    runner = runner_in(tmp_path)
    report = asyncio.run(runner.execute(planned(runner, questions, LEDGER), ended=broken, display=broken))
    assert report.good == 4
    assert statuses(tmp_path / "out") == ["success"] * 4


def cancelled_in_flight(tmp_path: Path, questions: Path, model: str) -> None:
    """Start the runs and cancel the whole engine once the vendor has accepted all of them."""

    async def main() -> None:
        runner = runner_in(tmp_path)
        work = asyncio.create_task(runner.execute(planned(runner, questions, model)))
        while len(ledger_lines(tmp_path)) < 4:  # noqa: ASYNC110 (a file is watched, not an event)
            await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.wait([work])

    asyncio.run(main())


def test_request_that_was_cut_off_is_never_called_unsent(tmp_path: Path, questions: Path) -> None:
    """Whatever a plugin makes of the cancellation, the next command sends nothing."""
    model = f"{SINNERS}:TurnsCancelIntoDoubt"
    cancelled_in_flight(tmp_path, questions, model)
    assert run(runner_in(tmp_path), questions, model).ends == {"uncertain": 4}
    assert len(ledger_lines(tmp_path)) == 4


def test_lost_request_asked_otherwise_is_not_sent_at_the_old_price(tmp_path: Path, questions: Path) -> None:
    """The plan priced what is asked now; the next command sends that, once."""
    run(runner_in(tmp_path), questions, LEDGER, fault="dies")
    (tmp_path / "ledger.jsonl").unlink()
    assert run(runner_in(tmp_path), questions, LEDGER, latency=0.01).ends == {"stopped": 4}
    assert ledger_lines(tmp_path) == []
    assert run(runner_in(tmp_path), questions, LEDGER, latency=0.01).good == 4
    assert {line["latency"] for line in ledger_lines(tmp_path)} == {0.01}


def test_answer_that_is_no_submission_is_kept(tmp_path: Path, questions: Path) -> None:
    """The id stands in the record's error, and the run is uncertain."""
    assert run(runner_in(tmp_path), questions, f"{SINNERS}:SubmitsText").ends == {"uncertain": 4}
    errors = [record["inference"]["error"] for record in records(tmp_path / "out")]
    assert all(any(line["id"] in error for error in errors) for line in ledger_lines(tmp_path))


def test_paid_model_without_a_clip_is_uncertain(tmp_path: Path, questions: Path) -> None:
    """It may have been billed before it forgot to return."""
    assert run(runner_in(tmp_path), questions, f"{SINNERS}:PaidText").ends == {"uncertain": 4}


def test_bad_answer_to_a_poll_is_asked_again(tmp_path: Path, questions: Path) -> None:
    """A 502 says nothing about the job."""
    assert run(runner_in(tmp_path), questions, f"{SINNERS}:Flaky").good == 4


@pytest.mark.parametrize(
    ("status", "wait", "kind"),
    [
        (400, None, RejectedError),
        (401, None, KeyRefused),
        (402, None, NoCredit),
        (404, None, AccountError),
        (405, None, AccountError),
        (422, None, RejectedError),
        (409, None, UncertainSubmitError),
        (429, None, Throttled),
        (429, "86400", QuotaExhausted),
        (500, None, UncertainSubmitError),
        (503, None, UncertainSubmitError),
        (503, "7", Throttled),
    ],
)
def test_status_of_a_submit_says_whether_it_was_taken(status: int, wait: str | None, kind: type) -> None:
    """Only a refusal that comes from the vendor himself, and before he takes the request, is one."""
    error = Exception("no")
    error.response = SimpleNamespace(status_code=status, headers={"retry-after": wait} if wait else {})  # type: ignore[attr-defined]
    known = submit_error(error)
    assert type(known) is kind
    assert getattr(known, "retry_after", None) == (float(wait) if wait else None)


def test_lone_surrogate_does_not_stop_a_record(tmp_path: Path, questions: Path) -> None:
    """Half a character from a vendor's broken answer becomes a question mark, and the record can be read."""
    run(runner_in(tmp_path), questions, "baseline-hold")
    (attempt, *_) = find_attempts(tmp_path / "out")
    metadata = attempt.metadata()
    metadata.provenance.extras["word"] = "half \ud83d"
    runner_in(tmp_path).store.save(Path(attempt.folder), metadata)
    assert read_attempt(attempt.folder).provenance["extras"]["word"] == "half ?"


def test_what_was_asked_is_never_redacted(tmp_path: Path, questions: Path) -> None:
    """An option that holds a link, or a word that is also a key, is kept: the same command asks the same again."""
    asked = {"note": f"https://x.example/style?strength=3 {tmp_path}"}
    assert run(runner_in(tmp_path), questions, LEDGER, **asked).good == 4
    assert records(tmp_path / "out")[0]["provenance"]["options"]["note"] == asked["note"]
    assert planned(runner_in(tmp_path), questions, LEDGER, **asked).actions == {Action.DONE: 4}
