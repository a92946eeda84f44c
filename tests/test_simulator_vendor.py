"""What every simulated vendor does: it accepts, bills, lets jobs live, signs links and keeps limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.wire import KEY, Heard, ask
from vmevalkit_core import check_clip
from vmevalkit_core.testing import BadSetting, Simulator
from vmevalkit_core.testing.simulator.caps import Lanes, Window
from vmevalkit_core.testing.simulator.life import Ending, Job, Order

JOB = {"prompt": "Solve it.", "image": "data:image/png;base64,AAAA"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    """A vendor whose jobs run for an hour, so that only `advance` ends them."""
    with Simulator(queued_seconds=600, running_seconds=3600) as simulator:
        yield simulator


@pytest.fixture
def vendor(shared: Simulator) -> Simulator:
    """The vendor as at its start."""
    shared.reset()
    return shared


def submit(vendor: Simulator, **fields: Any) -> Heard:
    """The answer to a create request."""
    return ask(f"{vendor.url}/v1/jobs", "POST", JOB | fields)


def submitted(vendor: Simulator, **fields: Any) -> str:
    """The id of a new job."""
    job: str = submit(vendor, **fields).json()["id"]
    return job


def shown(vendor: Simulator, job: str) -> dict[str, Any]:
    """What a poll says."""
    found: dict[str, Any] = ask(f"{vendor.url}/v1/jobs/{job}").json()
    return found


def code(heard: Heard) -> str:
    """The vendor's code of a refusal."""
    word: str = heard.json()["error"]["code"]
    return word


def test_job_goes_through_its_states(vendor: Simulator) -> None:
    """Queued, running with progress, done with a link."""
    job = submitted(vendor)
    assert shown(vendor, job)["status"] == "queued"
    vendor.advance(600 + 1800)
    half = shown(vendor, job)
    assert half["status"] == "running"
    assert half["progress"] == pytest.approx(0.5, abs=0.05)
    vendor.advance(1801)
    assert shown(vendor, job)["status"] == "succeeded"


def test_ledger_keeps_what_was_accepted(vendor: Simulator) -> None:
    """With the token, the price and a digest of the body."""
    job = submitted(vendor, token="mark-7", seconds=3)
    (line,) = vendor.accepted()
    assert (line["id"], line["token"], line["price"], line["number"]) == (job, "mark-7", "0.30", 1)
    assert len(line["digest"]) == 64
    assert vendor.billed() == Decimal("0.30")


def test_refused_request_is_not_in_the_ledger(vendor: Simulator) -> None:
    """Neither accepted nor billed."""
    assert code(submit(vendor, seconds=11)) == "input"
    assert code(ask(f"{vendor.url}/v1/jobs", "POST", b"{nonsense")) == "input"
    assert vendor.ledger() == []


def test_failure_is_given_back_and_moderation_is_not(vendor: Simulator) -> None:
    """As the dialect says; the ledger knows without anybody polling."""
    vendor.script({"phase": "submit", "fault": "fails", "times": 1}, {"phase": "submit", "fault": "moderated"})
    submitted(vendor)
    submitted(vendor)
    vendor.advance(5000)
    assert vendor.billed() == Decimal("0.50")
    assert [line["refund"] for line in vendor.ledger() if line["event"] == "ended"] == ["0.50", "0"]


def test_served_video_decodes(vendor: Simulator, tmp_path: Path) -> None:
    """To its last frame."""
    job = submitted(vendor)
    vendor.advance(5000)
    path = tmp_path / "video.mp4"
    path.write_bytes(ask(shown(vendor, job)["video_url"]).body)
    assert check_clip(path).frames == 12


def test_video_can_be_any_file(vendor: Simulator, tmp_path: Path) -> None:
    """Larger than what the socket takes at once, too."""
    content = bytes(range(256)) * 20_000
    (tmp_path / "large.mp4").write_bytes(content)
    vendor.set(clip=str(tmp_path / "large.mp4"))
    job = submitted(vendor)
    vendor.advance(5000)
    assert ask(shown(vendor, job)["video_url"]).body == content


def test_link_expires_and_is_minted_anew(vendor: Simulator) -> None:
    """No two links are alike."""
    job = submitted(vendor)
    vendor.advance(5000)
    first = shown(vendor, job)["video_url"]
    assert ask(first).status == 200
    vendor.advance(3601)
    assert code(ask(first)) == "expired"
    second = shown(vendor, job)["video_url"]
    assert second != first
    assert ask(second).status == 200


@pytest.mark.parametrize(
    "change", [("expires=", "expires=9"), ("signature=", "signature=0"), ("n=", "n=1"), ("?expires=", "?x=")]
)
def test_link_that_was_changed_is_refused(vendor: Simulator, change: tuple[str, str]) -> None:
    """Only the vendor makes links."""
    job = submitted(vendor)
    vendor.advance(5000)
    link = shown(vendor, job)["video_url"].replace(*change)
    assert code(ask(link)) == "expired"


def test_download_needs_no_key_and_everything_else_does(vendor: Simulator) -> None:
    """A key that is sent to the CDN is one too many."""
    vendor.set(keys=[KEY])
    job = submitted(vendor)
    vendor.advance(5000)
    assert ask(shown(vendor, job)["video_url"], headers={"Authorization": ""}).status == 200
    for wrong in ("", "Bearer ", "Bearer other", f"Basic {KEY}", KEY):
        assert code(ask(f"{vendor.url}/v1/jobs/{job}", headers={"Authorization": wrong})) == "key"


def test_list_shows_tokens_after_a_while(vendor: Simulator) -> None:
    """A request may be inside the vendor for some time before it can be found."""
    vendor.set(listed_after=20)
    job = submitted(vendor, token="mark-7")
    assert ask(f"{vendor.url}/v1/jobs").json() == {"jobs": []}
    vendor.advance(21)
    (listed,) = ask(f"{vendor.url}/v1/jobs?created_after=0").json()["jobs"]
    assert (listed["id"], listed["token"]) == (job, "mark-7")
    assert ask(f"{vendor.url}/v1/jobs?created_after=99999999999").json() == {"jobs": []}


def test_vendor_clock_may_be_wrong(vendor: Simulator) -> None:
    """In times of creation; jobs live as long as ever, and time that is pushed ahead does not count."""
    vendor.set(skew_seconds=-7200)
    vendor.advance(50_000)
    job = submitted(vendor)
    assert shown(vendor, job)["created_at"] == pytest.approx(time.time() - 7200, abs=60)
    assert shown(vendor, job)["status"] == "queued"
    assert ask(f"{vendor.url}/v1/jobs?created_after=soon").status == 400


def test_cancel_ends_a_job_once(vendor: Simulator) -> None:
    """What had not run is given back; what is over cannot be cancelled."""
    job = submitted(vendor)
    cancelled = ask(f"{vendor.url}/v1/jobs/{job}", "DELETE").json()
    assert (cancelled["status"], cancelled["charged"]) == ("cancelled", "0.00")
    assert shown(vendor, job)["status"] == "cancelled"
    assert code(ask(f"{vendor.url}/v1/jobs/{job}", "DELETE")) == "ended"
    assert vendor.billed() == 0


def test_cancel_of_a_running_job_is_not_given_back(vendor: Simulator) -> None:
    """The work was done."""
    job = submitted(vendor)
    vendor.advance(700)
    assert ask(f"{vendor.url}/v1/jobs/{job}", "DELETE").json()["charged"] == "0.50"
    assert vendor.billed() == Decimal("0.50")


def test_account_without_money_takes_nothing(vendor: Simulator) -> None:
    """Two jobs of 0.50 fit into 1.20, and a cancelled one makes room."""
    vendor.set(balance="1.20")
    heard = [submit(vendor) for _ in range(3)]
    assert [one.status for one in heard] == [201, 201, 402]
    assert ask(f"{vendor.url}/v1/account").json() == {"balance": "0.20"}
    ask(f"{vendor.url}/v1/jobs/{heard[0].json()['id']}", "DELETE")
    assert submit(vendor).status == 201


def test_quota_of_the_day_refills_after_a_day(vendor: Simulator) -> None:
    """Not at midnight: 24 hours after each job."""
    vendor.set(jobs_per_day=2, retry_after="seconds")
    assert [submit(vendor).status for _ in range(2)] == [201, 201]
    refused = submit(vendor)
    assert code(refused) == "quota"
    assert int(refused.headers["retry-after"]) == pytest.approx(86_400, abs=60)
    vendor.advance(86_401)
    assert submit(vendor).status == 201


def test_too_many_jobs_at_once_are_refused(vendor: Simulator) -> None:
    """Until one of them is over."""
    vendor.set(jobs_at_once=2)
    assert [submit(vendor).status for _ in range(3)] == [201, 201, 429]
    vendor.advance(5000)
    assert submit(vendor).status == 201


def test_rate_is_kept_and_says_when_to_come_again(vendor: Simulator) -> None:
    """As a number of seconds, as a date, or not at all; downloads do not count."""
    vendor.set(requests_per_minute=3, retry_after="seconds")
    job = submitted(vendor)
    heard = [ask(f"{vendor.url}/v1/jobs/{job}") for _ in range(3)]
    assert [one.status for one in heard] == [200, 200, 429]
    assert 50 <= int(heard[2].headers["retry-after"]) <= 60
    vendor.set(retry_after="date")
    date = parsedate_to_datetime(ask(f"{vendor.url}/v1/jobs/{job}").headers["retry-after"])
    assert 45 <= date.timestamp() - time.time() <= 62
    vendor.set(retry_after="none")
    assert "retry-after" not in ask(f"{vendor.url}/v1/jobs/{job}").headers
    vendor.advance(60)
    assert ask(f"{vendor.url}/v1/jobs/{job}").status == 200


def test_refused_requests_do_not_count_for_the_rate() -> None:
    """Who waits as he was told is let in."""
    window = Window(1.0)
    for now in (0.0, 0.5):
        window.add(now)
    assert window.wait(2, 0.6) == pytest.approx(0.4)
    assert window.wait(2, 1.01) == 0
    assert window.wait(0, 1.01) == 1.0


def job_at(accepted: float, running: float, kind: str = "done") -> Job:
    """A job without a vendor."""
    ending = Ending(kind=kind)  # type: ignore[arg-type]
    return Job(
        id=str(accepted),
        number=1,
        order=Order(),
        ending=ending,
        accepted=accepted,
        created=0,
        queued=0,
        running=running,
    )


def test_jobs_in_line_start_when_another_ends() -> None:
    """At that instant, whenever somebody looks."""
    lanes, jobs = Lanes(), [job_at(float(n), 10.0) for n in range(5)]
    for job in jobs:
        lanes.add(job, 2)
    assert [job.state(4.0) for job in jobs] == ["running", "running", "held", "held", "held"]
    lanes.settle(2, 100.0)
    assert [job.released for job in jobs] == [0.0, 1.0, 10.0, 11.0, 20.0]


def test_cancelled_job_makes_room_in_the_line() -> None:
    """And one that is cancelled in line is passed over."""
    lanes, jobs = Lanes(), [job_at(0.0, 10.0, "never"), job_at(1.0, 10.0), job_at(2.0, 10.0)]
    for job in jobs:
        lanes.add(job, 1)
    jobs[1].cancelled, jobs[0].cancelled = 3.0, 5.0
    lanes.settle(1, 100.0)
    assert [job.released for job in jobs] == [0.0, None, 5.0]


def test_repeated_token_gets_the_same_job(vendor: Simulator) -> None:
    """Where the vendor keeps tokens as idempotency keys; else each is a job of its own."""
    assert submitted(vendor, token="a") != submitted(vendor, token="a")
    vendor.set(repeats_tokens=True)
    assert submitted(vendor, token="b") == submitted(vendor, token="b")
    assert len(vendor.accepted()) == 3


def test_running_times_spread_as_told() -> None:
    """Lognormal about the median, some five times as long, and the same again with the same seed."""
    times: list[list[float]] = []
    for seed in (3, 3, 4):
        with Simulator(running_seconds=100, spread=0.4, stragglers=0.1, seed=seed) as vendor:
            for _ in range(60):
                submit(vendor)
            times.append(sorted(line["running"] for line in vendor.accepted()))
    assert times[0] == times[1] != times[2]
    assert 60 < times[0][30] < 150
    assert times[0][-1] > 300


def test_upload_stands_for_the_picture(vendor: Simulator) -> None:
    """And only an upload that was made does."""
    name = ask(f"{vendor.url}/v1/files", "POST", b"a picture").json()["file"]
    assert submit(vendor, image=name).status == 201
    assert code(submit(vendor, image="file-99")) == "input"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"running": 3}, "no setting is called 'running'"),
        ({"running_seconds": "3"}, "running_seconds is a number from 0 on"),
        ({"retry_after": "later"}, "retry_after is none, seconds or date"),
        ({"balance": "much"}, "balance is a decimal"),
        ({"balance": 3.5}, "balance is a decimal"),
        ({"jobs_at_once": -1}, "jobs_at_once is a whole number or null"),
        ({"clip": "/no/such/file.mp4"}, "cannot be read"),
        ({"keys": "key"}, "keys is a list of texts"),
    ],
)
def test_bad_setting_is_refused_by_name(vendor: Simulator, settings: dict[str, Any], says: str) -> None:
    """And nothing of the call counts."""
    with pytest.raises(BadSetting, match=says):
        vendor.set(latency=0.5, **settings)
    assert vendor.state()["settings"]["latency"] == 0
