"""Paid jobs against a vendor that does everything wrong: one POST for each run, and nothing paid for is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import make_task, records, statuses
from tests.vendors import BLIND, HASTY, KEY, PLAIN, UPLOADING, books, client, run_all, vendor
from vmevalkit_core.audit import validate
from vmevalkit_core.testing import Simulator

LOST = ["lost-closed", "lost-reset", "lost-silent", "lost-500", "lost-502", "lost-504", "cut", "malformed", "error-200"]
BROKEN = ["cut", "cut-no-length", "cut-chunked", "reset-body", "overstated", "html", "error-200", "empty", "gzip"]
BROKEN += ["half-file", "drip", "endless", "huge", "no-content", "wrong-type"]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with vendor() as one:
        yield one


@pytest.fixture(autouse=True)
def _no_faults(simulator: Simulator) -> Iterator[None]:
    yield
    simulator.script()


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A single task pair."""
    make_task(tmp_path / "one", "maze", "maze_0000")
    return tmp_path / "one"


@pytest.mark.parametrize("fault", LOST)
def test_lost_answer_is_not_resent(tmp_path: Path, one: Path, simulator: Simulator, fault: str) -> None:
    """Where the vendor lists nothing: one POST, and the user is asked to look."""
    simulator.script({"phase": "submit", "fault": fault})
    with books(simulator) as added:
        report = run_all(tmp_path, simulator, one, BLIND)
    assert (report.ends, added.posts, added.taken) == ({"uncertain": 1}, 1, 1)
    assert "--adopt" in report.troubles[0].hint


@pytest.mark.parametrize("fault", LOST)
def test_lost_answer_is_found_by_token(tmp_path: Path, one: Path, simulator: Simulator, fault: str) -> None:
    """Where the vendor lists jobs: the same command adopts it."""
    simulator.script({"phase": "submit", "fault": fault})
    with books(simulator) as added:
        assert run_all(tmp_path, simulator, one).good == 1
    assert (added.posts, added.taken) == (1, 1)


@pytest.mark.parametrize("fault", ["rate", "rate-seconds", "rate-date", "crowded", "unavailable-seconds"])
def test_busy_vendor_is_waited_for(tmp_path: Path, one: Path, simulator: Simulator, fault: str) -> None:
    """A queue is no failure, and only what was surely not taken is sent again."""
    simulator.script({"phase": "submit", "fault": fault, "times": 2})
    with books(simulator) as added:
        assert run_all(tmp_path, simulator, one, BLIND).good == 1
    assert (added.posts, added.taken) == (3, 1)


def test_vendor_that_is_away_is_tried_again(tmp_path: Path, one: Path) -> None:
    """Nothing has left when no connection is made."""
    with vendor() as simulator:
        simulator.away(0.05)
        assert run_all(tmp_path, simulator, one, BLIND).good == 1
        assert len(simulator.accepted()) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("no-key", "KeyRefused"), ("no-money", "NoCredit"), ("quota", "QuotaExhausted"), ("redirect", "AccountError")],
)
def test_account_that_cannot_go_on_ends_the_sending(
    tmp_path: Path, questions: Path, simulator: Simulator, fault: str, kind: str
) -> None:
    """One refusal is enough; once it is mended, the same command sends everything."""
    simulator.script({"phase": "submit", "fault": fault})
    with books(simulator) as added:
        report = run_all(tmp_path, simulator, questions, concurrency=1)
    assert (report.ends, added.posts) == ({"blocked": 4}, 1)
    assert {type(one.cause).__name__ for one in report.troubles} == {kind}
    simulator.script()
    assert run_all(tmp_path, simulator, questions).good == 4


def test_answers_lost_in_a_row_end_the_sending(tmp_path: Path, simulator: Simulator) -> None:
    """A vendor that is down must not cost a thousand doubts."""
    for number in range(8):
        make_task(tmp_path / "many", "maze", f"maze_{number}")
    simulator.script({"phase": "submit", "fault": "lost-500"})
    report = run_all(tmp_path, simulator, tmp_path / "many", BLIND, concurrency=1)
    assert report.ends == {"uncertain": 5, "blocked": 3}
    assert "in a row" in report.troubles[-1].error


@pytest.mark.parametrize(
    "fault", ["page-502", "reset", "silent", "malformed", "wrong-envelope", "null", "rate-seconds"]
)
def test_bad_poll_never_ends_a_job(tmp_path: Path, one: Path, simulator: Simulator, fault: str) -> None:
    """It says nothing about the job."""
    simulator.script({"phase": "poll", "fault": fault, "times": 2})
    with books(simulator) as added:
        assert run_all(tmp_path, simulator, one).good == 1
    assert added.posts == 1


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_download_is_fetched_again(tmp_path: Path, one: Path, simulator: Simulator, fault: str) -> None:
    """No broken video becomes a success."""
    simulator.script({"phase": "download", "fault": fault, "times": 1})
    with books(simulator) as added:
        assert run_all(tmp_path, simulator, one).good == 1
    assert added.posts == 1
    assert validate(tmp_path / "out").findings == []


@pytest.mark.parametrize("fault", ["half-file", "html", "cut"])
def test_video_that_stays_broken_stays_submitted(tmp_path: Path, one: Path, simulator: Simulator, fault: str) -> None:
    """Paid for, so the next command goes on; no part of it is left behind."""
    simulator.script({"phase": "download", "fault": fault})
    assert run_all(tmp_path, simulator, one).ends == {"submitted": 1}
    assert list((tmp_path / "out").rglob("*.part")) == []
    simulator.script()
    with books(simulator) as added:
        assert run_all(tmp_path, simulator, one).good == 1
    assert added.posts == 0


def test_expired_link_is_minted_again(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """By another poll, which brings a fresh one."""
    simulator.script({"phase": "download", "fault": "expired", "times": 2})
    with books(simulator) as added:
        assert run_all(tmp_path, simulator, one).good == 1
    assert added.posts == 1


@pytest.mark.parametrize("fault", ["link-inward", "link-file", "link-elsewhere"])
def test_link_that_leads_inward_is_not_followed(tmp_path: Path, one: Path, simulator: Simulator, fault: str) -> None:
    """The other origin never hears of us; the run can be collected once the vendor is sane."""
    simulator.script({"phase": "poll", "fault": fault})
    report = run_all(tmp_path, simulator, one)
    assert report.ends == {"submitted": 1}
    assert "link" in report.troubles[0].error
    assert simulator.connections == 0


def test_download_that_is_refused_tells_how_to_collect_the_job(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """It is paid for, whatever the store says; the next command asks again."""
    simulator.script({"phase": "download", "fault": "status", "times": 1})
    report = run_all(tmp_path, simulator, one)
    assert report.ends == {"submitted": 1}
    assert "run the same command again" in report.troubles[0].hint
    assert run_all(tmp_path, simulator, one).good == 1


@pytest.mark.parametrize("fault", ["redirect-inward", "redirect-elsewhere", "redirect-file", "redirect-loop"])
def test_download_that_is_redirected_astray_is_not_followed(
    tmp_path: Path, one: Path, simulator: Simulator, fault: str
) -> None:
    """Every hop is looked at before it is taken."""
    simulator.script({"phase": "download", "fault": fault})
    assert run_all(tmp_path, simulator, one).ends == {"submitted": 1}
    assert simulator.connections == 0


def test_redirected_download_at_home_is_followed(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """A store may move a file."""
    simulator.script({"phase": "download", "fault": "redirect", "times": 1})
    assert run_all(tmp_path, simulator, one).good == 1


@pytest.mark.parametrize(
    ("fault", "kind", "charged"),
    [
        ("moderated-at-once", "ModeratedError", "0"),
        ("moderated", "ModeratedError", "0.50"),
        ("moderated-empty", "ModeratedError", "0.50"),
        ("fails", "JobFailed", "0.00"),
        ("fails-late", "JobFailed", "0.00"),
        ("bad-input", "RejectedError", "0"),
    ],
)
def test_job_that_fails_says_why_and_what_it_cost(
    tmp_path: Path, one: Path, simulator: Simulator, fault: str, kind: str, charged: str
) -> None:
    """In the vendor's words, sorted by what to do next."""
    simulator.script({"phase": "submit", "fault": fault})
    assert run_all(tmp_path, simulator, one).ends == {"failed": 1}
    (record,) = records(tmp_path / "out")
    assert record["provenance"]["failure"]["type"] == kind
    assert Decimal(record["provenance"]["cost"]["charged"]) == Decimal(charged)


def test_stuck_job_fails_at_its_deadline(tmp_path: Path, questions: Path, simulator: Simulator) -> None:
    """The others are not affected."""
    simulator.script({"phase": "submit", "fault": "never-ends", "times": 1})
    report = run_all(tmp_path, simulator, questions, HASTY)
    assert report.ends == {"failed": 1, "success": 3}
    assert report.troubles[0].error.startswith("deadline: ")


def test_job_that_outlasts_our_patience_is_collected_later(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """It stays submitted, and the next command goes on waiting."""
    simulator.set(running_seconds=4.0)
    try:
        assert run_all(tmp_path, simulator, one).ends == {"submitted": 1}
    finally:
        simulator.set(running_seconds=0.0)
    simulator.advance(5.0)
    assert run_all(tmp_path, simulator, one).good == 1


def test_full_vendor_fails_no_run(tmp_path: Path, questions: Path, simulator: Simulator) -> None:
    """Two jobs at once are taken, four are asked for."""
    simulator.set(jobs_at_once=2, running_seconds=0.1)
    try:
        with books(simulator) as added:
            assert run_all(tmp_path, simulator, questions, BLIND).good == 4
    finally:
        simulator.set(jobs_at_once=None, running_seconds=0.0)
    assert added.taken == 4


def test_picture_is_uploaded_once_for_all_samples(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """Its link is used again while it lives."""
    uploads = simulator.counts().get("upload", 0)
    runner = client(tmp_path, simulator)
    from tests.test_runner import run

    assert run(runner, one, UPLOADING, samples=3).good == 3
    assert simulator.counts()["upload"] - uploads == 1


def test_upload_that_fails_has_cost_nothing(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """The paid request waits for it, and is surely not sent."""
    simulator.script({"phase": "upload", "fault": "page-500"})
    with books(simulator) as added:
        assert run_all(tmp_path, simulator, one, UPLOADING).ends == {"failed": 1}
    assert added.posts == 0
    assert records(tmp_path / "out")[0]["provenance"]["cost"]["charged"] == "0"


def test_key_goes_to_no_address_that_only_a_record_names(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """A tree may come from anybody; the sentence names both addresses."""
    simulator.script({"phase": "submit", "fault": "never-ends"})
    assert run_all(tmp_path, simulator, one).ends == {"submitted": 1}
    (path,) = (tmp_path / "out").rglob("metadata.json")
    path.write_text(path.read_text().replace(simulator.url, "http://evil.example"))
    report = run_all(tmp_path, simulator, one)
    assert report.ends == {"submitted": 1}
    assert "http://evil.example" in report.troubles[0].error


def test_secrets_stay_out_of_everything(tmp_path: Path, questions: Path, simulator: Simulator) -> None:
    """No key and no signature in the tree, whatever the vendor quotes."""
    simulator.script({"phase": "submit", "fault": "status", "status": 400, "message": f"bad {KEY}", "times": 2})
    run_all(tmp_path, simulator, questions)
    text = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.json"))
    assert KEY not in text
    assert "signature=" not in text
    assert "[redacted]" in text


def test_durations_of_jobs_are_remembered(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """In the record, for the next command's polling."""
    run_all(tmp_path, simulator, one)
    record: dict[str, Any] = json.loads(next((tmp_path / "out").rglob("metadata.json")).read_text())
    assert record["provenance"]["job_seconds"] > 0
    assert statuses(tmp_path / "out") == ["success"]


def test_command_sends_the_token_and_keeps_the_address(tmp_path: Path, one: Path, simulator: Simulator) -> None:
    """By the one a lost job is found; at the other it can be asked about."""
    run_all(tmp_path, simulator, one, PLAIN)
    facts = records(tmp_path / "out")[0]["provenance"]
    assert simulator.accepted()[-1]["token"] == facts["token"]
    assert facts["submission"]["resume"] == {"address": simulator.url}
