"""Gemini Omni over a real socket: whatever goes wrong, a job is paid for once, and the key stays at Google."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from veo_quick import QuickOmni
from veo_runs import Runs

from vmevalkit_core import (
    ConfigError,
    Context,
    GenerationError,
    KeyRefused,
    NoCredit,
    QuotaExhausted,
    Submission,
    UnfinishedRun,
)
from vmevalkit_core.limits import Limiter
from vmevalkit_core.testing import FAULTS, Simulator
from vmevalkit_veo.omni import own_file

HERE = Path(__file__).resolve().parent
QUICK = f"{HERE / 'veo_quick.py'}:QuickOmni"
DIALECT = f"{HERE / 'veo_omni_dialect.py'}:OmniVendor"
KEY = "AIza_key_of_a_test"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Gemini on a loopback socket, for all tests of this file."""
    with Simulator(DIALECT, keys=[KEY]) as one:
        yield one


@pytest.fixture
def gemini(simulator: Simulator) -> Simulator:
    """The same without a past, with jobs that end at once."""
    simulator.script()
    simulator.set(running_seconds=0.02)
    simulator.forget()
    return simulator


@pytest.fixture
def runs(gemini: Simulator, tmp_path: Path) -> Runs:
    """Runs in an experiment of their own."""
    frame = tmp_path / "first_frame.png"
    Image.new("RGB", (1280, 720), "navy").save(frame)
    env = {"GOOGLE_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.url}
    return Runs(gemini, QUICK, frame, tmp_path / "out", env)


def test_video_behind_a_link_becomes_a_file(runs: Runs) -> None:
    """One POST; the file is asked for at the base address, whatever host the link names."""
    assert runs.once()["status"] == "success"
    (post,) = runs.vendor.requests("submit")
    (fetched,) = runs.vendor.requests("download")
    job = runs.record["output"]["generation_id"]
    assert (post["target"], post["headers"]["content-type"]) == ("/v1/interactions", "application/json")
    assert {call["target"] for call in runs.vendor.requests("poll")} == {f"/v1/interactions/{job}"}
    assert fetched["target"] == f"/v1beta/files/{job}:download?alt=media"
    google = "https://generativelanguage.googleapis.com"
    assert runs.record["output"]["video_url"] == f"{google}/v1beta/files/{job}:download"
    assert runs.record["provenance"]["extras"] == {"usage": {"total_output_tokens": 28960}}


def test_video_in_the_answer_becomes_a_file(runs: Runs) -> None:
    """Although a link was asked for; the picture that stands in the answer too is left alone."""
    runs.prompt = "Solve it INLINE."
    assert runs.once()["status"] == "success"
    assert not runs.vendor.requests("download")
    assert list(runs.record["provenance"]["extras"]) == ["inline_job"]


def test_key_is_in_its_header_and_nowhere_else(runs: Runs) -> None:
    """No address, no body and no file of ours holds it."""
    runs.once()
    assert {call["headers"]["x-goog-api-key"] for call in runs.vendor.requests()} == {KEY}
    assert not any(KEY in f"{call['target']}{call['body']}" for call in runs.vendor.requests())
    assert KEY.encode() not in runs.everything


@pytest.mark.parametrize("fault", ["link-elsewhere", "link-inward", "link-file", "link-relative"])
def test_link_that_leads_astray_never_sees_the_key(runs: Runs, fault: str) -> None:
    """It is not followed into the user's network either, and the job is kept."""
    runs.vendor.script({"phase": "poll", "fault": fault})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert caught.value.status == "submitted"
    assert not runs.vendor.requests_elsewhere()
    runs.vendor.script()
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_file_may_be_behind_a_redirect(runs: Runs) -> None:
    """On the same origin the key goes along."""
    runs.vendor.script({"phase": "download", "fault": "redirect", "times": 1})
    assert runs.once()["status"] == "success"
    assert len(runs.vendor.requests("download")) == 2


def test_key_of_google_counts_for_more(runs: Runs) -> None:
    """As with Google's own SDK; the other one will do alone."""
    runs.env["GEMINI_API_KEY"] = "another"
    assert runs.once()["status"] == "success"
    del runs.env["GOOGLE_API_KEY"]
    runs.env["GEMINI_API_KEY"] = KEY
    runs.output = runs.output / "second"
    assert runs.once()["status"] == "success"


@pytest.mark.parametrize("key", ["key\n", " key", "clé", "k ey"])
def test_key_that_fits_no_header_is_never_sent(runs: Runs, key: str) -> None:
    """Nothing has left, so nothing is uncertain."""
    runs.env["GOOGLE_API_KEY"] = key
    with pytest.raises((ConfigError, UnfinishedRun), match="GOOGLE_API_KEY holds"):
        runs.once()
    assert runs.posts == 0


def test_refusal_that_looks_like_success_is_moderation(runs: Runs) -> None:
    """Completed, with words in place of a video; not sent again by the next command."""
    runs.vendor.script({"phase": "submit", "fault": "moderated-empty"})
    results = [runs.once() for _ in range(2)]
    assert [result["error"] for result in results] == ["Gemini made no video: I can't make a video of that person."] * 2
    assert (runs.record["provenance"]["failure"]["type"], runs.posts) == ("ModeratedError", 1)


@pytest.mark.parametrize(("fault", "kind"), [("fails", "JobFailed"), ("moderated", "ModeratedError")])
def test_failed_job_is_recorded_by_its_kind(runs: Runs, fault: str, kind: str) -> None:
    """By its words: the codes are not documented."""
    runs.vendor.script({"phase": "submit", "fault": fault})
    assert runs.once()["status"] == "failed"
    assert runs.record["provenance"]["failure"]["type"] == kind


@pytest.mark.parametrize(
    "fault", ["lost-reset", "lost-closed", "lost-502", "page-500", "unavailable", "closed", "silent", "error-200"]
)
def test_lost_answer_is_not_resent(runs: Runs, fault: str) -> None:
    """Not in this command and not in the next one: Gemini lists no interactions."""
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


@pytest.mark.parametrize(
    ("fault", "cause"), [("no-money", NoCredit), ("no-key", KeyRefused), ("quota", QuotaExhausted)]
)
def test_account_that_cannot_go_on_waits(runs: Runs, fault: str, cause: type[Exception]) -> None:
    """A wrong key is a 400 here; nothing was taken, so the same command sends the run once all is mended."""
    runs.vendor.script({"phase": "submit", "fault": fault, "times": 1})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert isinstance(caught.value.__cause__, cause)
    assert runs.once()["status"] == "success"
    assert len(runs.taken) == 1


@pytest.mark.parametrize("fault", ["rate", "unavailable-seconds"])
def test_pause_that_is_asked_for_is_kept(runs: Runs, fault: str) -> None:
    """Google says it in the body for the one, in a header for the other."""
    runs.vendor.script({"phase": "submit", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    first, second = runs.vendor.requests("submit")
    assert second["at"] - first["finished"] >= 1.0


@pytest.mark.parametrize(("fault", "kind"), [("bad-input", "RejectedError"), ("moderated-at-once", "ModeratedError")])
def test_content_that_is_refused_at_once_costs_nothing(runs: Runs, fault: str, kind: str) -> None:
    """Both are 400; the words tell them apart."""
    runs.vendor.script({"phase": "submit", "fault": fault})
    assert runs.once()["status"] == "failed"
    assert runs.record["provenance"]["failure"]["type"] == kind
    assert runs.record["provenance"]["cost"]["charged"] == "0"


@pytest.mark.parametrize(
    "fault", ["missing", "bad-input", "rate", "odd-state", "lost-reset", "malformed", "null", "cut"]
)
def test_bad_poll_never_ends_a_job(runs: Runs, fault: str) -> None:
    """A stray 400 was seen for jobs that ran and were billed."""
    runs.vendor.script({"phase": "poll", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_key_that_is_refused_later_ends_no_job(runs: Runs) -> None:
    """That is a 400 as well, and still no job's end: it is asked about thrice, and by the next command."""
    runs.vendor.script({"phase": "poll", "fault": "no-key"})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert (caught.value.status, runs.vendor.counts()["poll"]) == ("submitted", 3)
    runs.vendor.script()
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


@pytest.mark.parametrize("fault", ["expired", "cut", "half-file", "html", "page-502", "gzip"])
def test_bad_download_is_repeated(runs: Runs, fault: str) -> None:
    """The video is paid for."""
    runs.vendor.script({"phase": "download", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_token_of_the_run_is_a_label(runs: Runs) -> None:
    """For people who look at the account; it stands in no prompt."""
    runs.once()
    (job,) = runs.taken
    assert job["token"] == runs.record["provenance"]["token"]


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/files/a-1_B:download?alt=media", "/v1beta/files/a-1_B"),
        ("https://elsewhere.example/v1/files/a:download", "/v1/files/a"),
        ("https://elsewhere.example/clip.mp4?x=/v1/files/a:download", ""),
        ("https://elsewhere.example/v1/files/../../x:download", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_only_a_file_of_the_api_is_asked_for_with_the_key(link: str, path: str) -> None:
    """At the base address in use, whatever host the link names."""
    assert own_file(link) == (f"{path}:download?alt=media" if path else "")


def quick(env: dict[str, str]) -> QuickOmni:
    """The generator without a runner around it."""
    return QuickOmni(QuickOmni.spec, Context(env=env, limiter=Limiter(1)))


def test_job_can_be_cancelled(runs: Runs) -> None:
    """A poll then tells that it is over, and so does the refusal of another order."""
    runs.vendor.script({"phase": "submit", "fault": "never-ends"})
    with pytest.raises(UnfinishedRun):
        runs.once()
    generator, job = quick(runs.env), Submission(id=runs.record["output"]["generation_id"])

    async def both() -> Any:
        await generator.cancel(job)
        state = await generator.poll(job)
        with pytest.raises(GenerationError, match="does not cancel job"):
            await generator.cancel(job)
        await generator.context.http.close()
        return state

    assert asyncio.run(both()).reason == "the interaction was cancelled"
    assert [call["target"] for call in runs.vendor.requests("cancel")] == [f"/v1/interactions/{job.id}/cancel"] * 2


def test_key_that_is_refused_cancels_nothing(runs: Runs) -> None:
    """It is a 400, as is the answer about a job that has ended."""
    runs.vendor.script({"phase": "cancel", "fault": "no-key"})
    generator = quick(runs.env)

    async def cancelled() -> None:
        try:
            await generator.cancel(Submission(id="v1_1"))
        finally:
            await generator.context.http.close()

    with pytest.raises(KeyRefused):
        asyncio.run(cancelled())


def test_id_that_was_adopted_is_no_path(runs: Runs) -> None:
    """Whatever it holds."""
    generator = quick(runs.env)

    async def asked() -> Any:
        state = await generator.poll(Submission(id="../files/x?y"))
        await generator.context.http.close()
        return state

    assert "does not know" in asyncio.run(asked()).stage
    (call,) = runs.vendor.requests("poll")
    assert call["target"] == "/v1/interactions/..%2Ffiles%2Fx%3Fy"


def test_killed_command_is_resumed(runs: Runs, tmp_path: Path) -> None:
    """The next one collects the job; its POST is the only one."""
    runs.vendor.set(running_seconds=2.0)
    line = [sys.executable, "-m", "vmevalkit_core", "run", "-m", QUICK, "-o", str(tmp_path / "killed"), "--yes"]
    line += ["--domain", "maze", "--limit", "1", "-p", "duration=3"]
    env = {**os.environ, **runs.env}
    with subprocess.Popen(line, env=env, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not runs.vendor.counts().get("poll"):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(line, env=env, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, runs.posts) == (0, 1), done.stderr
