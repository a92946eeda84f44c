"""Veo on Vertex AI over a real socket, tokens included: whatever goes wrong, a job is paid for once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from veo_quick import QuickVertex
from veo_runs import Runs, account_file, foreign_account_file

from vmevalkit_core import (
    Context,
    Geometry,
    ImageRef,
    KeyRefused,
    NoConnection,
    NoCredit,
    QuotaExhausted,
    Submission,
    UnfinishedRun,
)
from vmevalkit_core.limits import Limiter
from vmevalkit_core.testing import FAULTS, Simulator

HERE = Path(__file__).resolve().parent
QUICK = f"{HERE / 'veo_quick.py'}:QuickVertex"
DIALECT = f"{HERE / 'veo_vertex_dialect.py'}:VertexVendor"
PICTURE = ImageRef(
    path=HERE / "none.png",
    sha256="0" * 64,
    media_type="image/png",
    size=(1280, 720),
    geometry=Geometry(source=(1280, 720), sent=(1280, 720)),
)
PARENT = "projects/project-1/locations/us-central1/publishers/google/models/veo-3.1-fast-generate-001"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Vertex AI, its token server and its storage on one loopback socket, for all tests of this file."""
    with Simulator(DIALECT) as one:
        yield one


@pytest.fixture
def vertex(simulator: Simulator) -> Simulator:
    """The same without a past, with jobs that end at once."""
    simulator.script()
    simulator.set(running_seconds=0.02)
    simulator.forget()
    return simulator


@pytest.fixture
def runs(vertex: Simulator, tmp_path: Path) -> Runs:
    """Runs in an experiment of their own."""
    frame = tmp_path / "first_frame.png"
    Image.new("RGB", (1280, 720), "navy").save(frame)
    env = {
        "GOOGLE_CLOUD_PROJECT": "project-1",
        "GOOGLE_CLOUD_LOCATION": "us-central1",
        "GOOGLE_APPLICATION_CREDENTIALS": str(account_file(tmp_path / "account.json", vertex)),
        "GOOGLE_VERTEX_BASE_URL": vertex.url,
        "GOOGLE_STORAGE_BASE_URL": vertex.url,
    }
    return Runs(vertex, QUICK, frame, tmp_path / "out", env)


def test_inline_video_becomes_a_file(runs: Runs) -> None:
    """One POST, polls that are POSTs, and the name of the operation as the id."""
    assert runs.once()["status"] == "success"
    (post,) = runs.vendor.requests("submit")
    *_, poll = runs.vendor.requests("poll")
    assert post["target"] == f"/v1beta1/{PARENT}:predictLongRunning"
    assert poll["target"] == f"/v1beta1/{PARENT}:fetchPredictOperation"
    name = runs.record["output"]["generation_id"]
    assert name.startswith(f"{PARENT}/operations/")
    assert poll["body"] == {"operationName": name}
    assert runs.record["provenance"]["extras"] == {"inline_job": name}


def test_inline_video_is_in_no_log_and_no_record(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    """Not even its beginning, and not when answers break off inside of it."""
    caplog.set_level("DEBUG")
    runs.vendor.script({"phase": "poll", "fault": "cut", "state": "done", "times": 3})
    assert runs.once()["status"] == "success"
    (clip,) = runs.output.rglob("generated_video.mp4")
    beginning = b64encode(clip.read_bytes()[:30]).decode()
    assert beginning not in caplog.text
    assert beginning not in json.dumps(runs.record)


def test_token_comes_from_the_account_and_stays_there(runs: Runs) -> None:
    """One token for all calls; no file holds it."""
    runs.once()
    seen = {call["headers"]["authorization"] for call in runs.vendor.requests() if call["phase"] != "account"}
    (bearer,) = seen
    assert bearer.startswith("Bearer ya29.")
    assert bearer.removeprefix("Bearer ").encode() not in runs.everything
    assert runs.vendor.counts()["account"] == 1


def test_token_that_expires_soon_is_fetched_anew(runs: Runs, tmp_path: Path) -> None:
    """Before Google refuses it."""
    account_file(tmp_path / "account.json", runs.vendor, lives=100)
    assert runs.once()["status"] == "success"
    calls = runs.vendor.counts()
    assert calls["account"] >= calls["submit"] + calls["poll"] > 1


@pytest.mark.parametrize("phase", ["submit", "poll"])
def test_token_that_is_refused_is_replaced_once(runs: Runs, phase: str) -> None:
    """Google refuses it before it takes anything, so the call goes out again."""
    runs.vendor.script({"phase": phase, "fault": "no-key", "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.vendor.counts()["account"] == 2
    assert len(runs.taken) == 1


def test_account_that_is_refused_twice_waits(runs: Runs) -> None:
    """Two tokens were tried, and no third; the same command goes on later."""
    runs.vendor.script({"phase": "submit", "fault": "no-key", "times": 2})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert isinstance(caught.value.__cause__, KeyRefused)
    assert runs.posts == 2
    assert runs.once()["status"] == "success"


@pytest.mark.parametrize("name", ["nowhere.json", "nothing.json", "empty.json"])
def test_account_that_cannot_be_used_is_told(runs: Runs, tmp_path: Path, name: str) -> None:
    """Before anything is sent, with the way out."""
    (tmp_path / "nothing.json").write_text("nothing")
    (tmp_path / "empty.json").write_text("{}")
    runs.env["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / name)
    with pytest.raises(UnfinishedRun, match="no usable Google credentials") as caught:
        runs.once()
    assert "gcloud auth" in caught.value.hint
    assert runs.posts == 0


def test_account_of_another_house_will_do(runs: Runs, tmp_path: Path) -> None:
    """Its file may name a project for the quota, which every call then names, as Google's own SDK does."""
    foreign_account_file(tmp_path / "account.json", runs.vendor, payer="quota-project")
    assert runs.once()["status"] == "success"
    calls = [call for call in runs.vendor.requests() if call["phase"] != "account"]
    assert {call["headers"].get("x-goog-user-project") for call in calls} == {"quota-project"}


def test_account_that_google_does_not_know_is_told(runs: Runs, tmp_path: Path) -> None:
    """In Google's words."""
    account_file(tmp_path / "account.json", runs.vendor, name="refused@project.example")
    with pytest.raises(UnfinishedRun, match=r"refuses the account: invalid_grant") as caught:
        runs.once()
    assert isinstance(caught.value.__cause__, KeyRefused)
    assert runs.posts == 0


def test_token_server_that_is_away_costs_nothing(runs: Runs, tmp_path: Path) -> None:
    """The run is not uncertain: nothing was sent to Vertex AI."""
    path = tmp_path / "account.json"
    path.write_text(path.read_text().replace(f"{runs.vendor.url}/token", "http://127.0.0.1:1/token"))
    generator = quick(runs.env)
    with pytest.raises(NoConnection, match=r"does not answer: \[Errno \d+\] Connection refused$"):
        asyncio.run(generator.host(PICTURE))


def test_video_in_a_bucket_is_fetched_with_the_token(runs: Runs) -> None:
    """The clip stays in the bucket, too."""
    assert runs.once(storage_uri="gs://my-bucket/my")["status"] == "success"
    (fetched,) = runs.vendor.requests("download")
    job = runs.record["output"]["generation_id"].rpartition("/")[2]
    assert fetched["target"] == f"/storage/v1/b/my-bucket/o/my%2F{job}%2Fsample_0.mp4?alt=media"
    assert fetched["headers"]["authorization"].startswith("Bearer ya29.")
    assert runs.record["output"]["video_url"] == f"gs://my-bucket/my/{job}/sample_0.mp4"


def test_bucket_that_refuses_a_token_gets_a_new_one(runs: Runs) -> None:
    """Once, as anywhere."""
    runs.vendor.script({"phase": "download", "fault": "no-key", "times": 1})
    assert runs.once(storage_uri="gs://my-bucket/clips")["status"] == "success"
    assert runs.vendor.counts()["account"] == 2


def test_bucket_of_somebody_else_keeps_the_job(runs: Runs) -> None:
    """The video is paid for: once the account may read the bucket, the same command fetches it."""
    runs.vendor.script({"phase": "download", "fault": "expired"})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once(storage_uri="gs://my-bucket/clips")
    assert caught.value.status == "submitted"
    runs.vendor.script()
    assert runs.once(storage_uri="gs://my-bucket/clips")["status"] == "success"
    assert runs.posts == 1


def test_token_is_not_sent_where_a_bucket_leads(runs: Runs) -> None:
    """A redirect to another origin is not followed inward, and the token stays."""
    runs.vendor.script({"phase": "download", "fault": "redirect-elsewhere"})
    with pytest.raises(UnfinishedRun):
        runs.once(storage_uri="gs://my-bucket/clips")
    assert not runs.vendor.requests_elsewhere()


@pytest.mark.parametrize(("size", "aspect"), [((640, 640), "16:9"), ((300, 900), "9:16"), ((1920, 1080), "16:9")])
def test_ratio_follows_the_picture(runs: Runs, size: tuple[int, int], aspect: str) -> None:
    """The nearest of the two, with the picture in the pixels of the clip."""
    Image.new("RGB", size, "navy").save(runs.frame)
    runs.once(duration=4)
    (post,) = runs.vendor.requests("submit")
    assert post["body"]["parameters"]["aspectRatio"] == aspect


def test_moderated_video_is_a_success_at_google_only(runs: Runs) -> None:
    """Done, without a video, with a reason; not sent again by the next command."""
    runs.vendor.script({"phase": "submit", "fault": "moderated-empty"})
    results = [runs.once() for _ in range(2)]
    assert [result["error"] for result in results] == [
        "Google's moderation held the video back: 17301594: Celebrity"
    ] * 2
    assert runs.record["provenance"]["failure"]["type"] == "ModeratedError"
    assert runs.posts == 1


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ({"fault": "fails"}, "JobFailed"),
        ({"fault": "fails", "code": "14", "message": "Try again."}, "JobFailed"),
        ({"fault": "fails", "code": "8", "message": "Resource exhausted."}, "JobFailed"),
        ({"fault": "fails", "code": "3", "message": "Bad picture."}, "RejectedError"),
        ({"fault": "moderated"}, "ModeratedError"),
    ],
    ids=["13", "14", "8", "3", "moderated"],
)
def test_failed_job_is_recorded_by_its_kind(runs: Runs, rule: dict[str, Any], kind: str) -> None:
    """By the number of the error, which is none of HTTP, and by its words."""
    runs.vendor.script({"phase": "submit"} | rule)
    assert runs.once()["status"] == "failed"
    assert runs.record["provenance"]["failure"]["type"] == kind


@pytest.mark.parametrize(
    "fault", ["lost-reset", "lost-closed", "lost-502", "page-500", "page-502", "closed", "silent", "malformed", "null"]
)
def test_lost_answer_is_not_resent(runs: Runs, fault: str) -> None:
    """Not in this command and not in the next one: Vertex AI lists no jobs."""
    runs.vendor.script({"phase": "submit", "fault": fault, "times": 1})
    for _ in range(2):
        with pytest.raises(UnfinishedRun) as caught:
            runs.once()
        assert caught.value.status == "uncertain"
    assert runs.posts == 1


@pytest.mark.parametrize("fault", [name for name, fault in FAULTS.items() if "submit" in fault.phases])
def test_no_fault_of_the_paid_request_is_paid_twice(runs: Runs, fault: str) -> None:
    """Two commands, of which the first meets the fault once: at most one job."""
    runs.vendor.script({"phase": "submit", "fault": fault, "times": 1})
    ends = []
    for _ in range(2):
        try:
            ends.append(runs.once()["status"])
        except UnfinishedRun as error:
            ends.append(error.status)
    taken = len(runs.taken)
    assert taken <= 1
    assert runs.posts == 1 if FAULTS[fault].accepted or "uncertain" in ends else runs.posts <= 2
    assert taken == 1 if "success" in ends else True


@pytest.mark.parametrize(("fault", "cause"), [("no-money", NoCredit), ("quota", QuotaExhausted)])
def test_account_that_cannot_go_on_waits(runs: Runs, fault: str, cause: type[Exception]) -> None:
    """Nothing was taken, so the same command sends the run once the account is mended."""
    runs.vendor.script({"phase": "submit", "fault": fault, "times": 1})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert isinstance(caught.value.__cause__, cause)
    assert runs.once()["status"] == "success"
    assert len(runs.taken) == 1


def test_pause_that_is_asked_for_is_kept(runs: Runs) -> None:
    """The request goes out again, not before its time."""
    runs.vendor.script({"phase": "submit", "fault": "rate-seconds", "seconds": 1, "times": 1})
    assert runs.once()["status"] == "success"
    first, second = runs.vendor.requests("submit")
    assert second["at"] - first["finished"] >= 1.0


def test_content_that_is_refused_at_once_is_moderation(runs: Runs) -> None:
    """It costs nothing, and the record calls it by its name."""
    runs.vendor.script({"phase": "submit", "fault": "moderated-at-once"})
    assert "Responsible AI" in str(runs.once()["error"])
    assert runs.record["provenance"]["failure"]["type"] == "ModeratedError"
    assert runs.record["provenance"]["cost"]["charged"] == "0"


@pytest.mark.parametrize(
    "fault", ["page-502", "rate", "odd-state", "lost-reset", "missing", "bad-input", "malformed", "null", "cut"]
)
def test_bad_poll_never_ends_a_job(runs: Runs, fault: str) -> None:
    """It is asked about again."""
    runs.vendor.script({"phase": "poll", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_answer_that_breaks_off_inside_the_video_is_asked_for_again(runs: Runs) -> None:
    """The second answer of a done job is the one that is read to its end."""
    runs.vendor.script({"phase": "poll", "fault": "cut", "state": "done", "after": 1, "times": 2})
    assert runs.once()["status"] == "success"
    assert runs.vendor.struck() == [2]


def test_job_of_another_region_is_not_lost(runs: Runs) -> None:
    """The address counts, and the operation names its own project and region."""
    runs.vendor.script({"phase": "poll", "fault": "no-key"})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert caught.value.status == "submitted"
    runs.vendor.script()
    runs.env |= {"GOOGLE_CLOUD_LOCATION": "europe-west4", "GOOGLE_CLOUD_PROJECT": "project-2"}
    assert runs.once()["status"] == "success"
    assert {call["target"] for call in runs.vendor.requests("poll")} == {f"/v1beta1/{PARENT}:fetchPredictOperation"}


def test_region_of_a_job_is_named_where_it_is_another() -> None:
    """A token must not go to an address that only a record names."""
    env = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "us-central1"}
    job = Submission(
        id="projects/p/locations/us-east5/publishers/google/models/m/operations/1",
        resume={"address": "https://us-east5-aiplatform.googleapis.com"},
    )
    with pytest.raises(Exception, match="sent to us-east5, and GOOGLE_CLOUD_LOCATION is us-central1") as caught:
        quick(env).check_address(job)
    assert getattr(caught.value, "hint", "") == "set GOOGLE_CLOUD_LOCATION to us-east5 and run again"


def quick(env: dict[str, str]) -> QuickVertex:
    """The generator without a runner around it."""
    return QuickVertex(QuickVertex.spec, Context(env=env, limiter=Limiter(1)))


def test_killed_command_is_resumed(runs: Runs, tmp_path: Path) -> None:
    """The next one collects the job; its POST is the only one."""
    runs.vendor.set(running_seconds=2.0)
    line = [sys.executable, "-m", "vmevalkit_core", "run", "-m", QUICK, "-o", str(tmp_path / "killed"), "--yes"]
    line += ["--domain", "maze", "--limit", "1", "-p", "duration=4"]
    env = {**os.environ, **runs.env}
    with subprocess.Popen(line, env=env, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not runs.vendor.counts().get("poll"):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(line, env=env, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, runs.posts) == (0, 1), done.stderr
    assert "ya29." not in json.dumps([done.stdout, done.stderr])
