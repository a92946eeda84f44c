"""Ray 3.2 against the wire of the Agents API over a real socket: whatever goes wrong, a job is paid for once."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from luma_runs import FAULTY, HERE, Runs
from PIL import Image
from test_luma_payload import asked

from vmevalkit_core import ConfigError, Context, KeyRefused, NoCredit, UnfinishedRun
from vmevalkit_core.limits import Limiter
from vmevalkit_core.testing import FAULTS, Simulator
from vmevalkit_luma import errors
from vmevalkit_luma.errors import LumaAPIError

KEY = "luma-api-key-of-a-test"


@pytest.fixture(scope="module")
def vendor() -> Iterator[Simulator]:
    """The Agents API on a loopback socket, with jobs that end at once; starting it takes longer than most tests."""
    with Simulator(f"{HERE / 'luma_dialects.py'}:AgentsVendor", keys=[KEY], running_seconds=0.02) as simulator:
        yield simulator


@pytest.fixture
def luma(vendor: Simulator) -> Simulator:
    """The same as at its start."""
    vendor.reset()
    return vendor


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """A picture as a question has it."""
    path = tmp_path / "first_frame.png"
    Image.new("RGB", (1280, 720), "navy").save(path)
    return path


@pytest.fixture
def runs(luma: Simulator, frame: Path, tmp_path: Path) -> Runs:
    """Runs in an experiment of their own."""
    env = {"LUMA_AGENTS_API_KEY": KEY, "LUMA_BASE_URL": f"{luma.url}/v1"}
    return Runs(luma, "Agents", env, frame, tmp_path / "out")


def test_clip_comes_by_the_recorded_body(runs: Runs) -> None:
    """One POST, its fields and types as captured, the very bytes of the picture in it."""
    assert runs.once()["status"] == "success"
    (post,) = runs.luma.requests("submit")
    assert list(post["body"]) == ["prompt", "aspect_ratio", "model", "type", "video"]
    video = post["body"]["video"]
    assert (video["duration"], video["resolution"], post["body"]["aspect_ratio"]) == ("5s", "720p", "16:9")
    assert base64.b64decode(video["start_frame"]["data"]) == runs.frame.read_bytes()
    assert (post["path"], post["headers"]["authorization"]) == ("/v1/generations", f"Bearer {KEY}")


def test_ten_seconds_begin_with_a_keyframe(runs: Runs) -> None:
    """A start frame is for clips of five."""
    assert runs.once(duration=10)["status"] == "success"
    (post,) = runs.luma.requests("submit")
    assert post["body"]["video"]["keyframe_indexes"] == [0]
    assert "start_frame" not in post["body"]["video"]
    assert str(runs.luma.billed()) == "0.90"


def test_key_goes_to_the_api_only(runs: Runs) -> None:
    """Neither to the store of the videos nor to the disk."""
    runs.once()
    (fetched,) = runs.luma.requests("download")
    assert "authorization" not in fetched["headers"]
    assert KEY not in runs.texts()


@pytest.mark.parametrize("key", ["key\n", " key", "clé", "k ey"])
def test_key_that_fits_no_header_is_never_sent(runs: Runs, key: str) -> None:
    """Nothing has left, so nothing is uncertain."""
    runs.env["LUMA_AGENTS_API_KEY"] = key
    with pytest.raises((ConfigError, UnfinishedRun), match="LUMA_AGENTS_API_KEY holds"):
        runs.once()
    assert runs.posts == 0


CODES = [
    ("content_moderated", "ModeratedError"),
    ("generation_failed", "JobFailed"),
    ("output_not_found", "JobFailed"),
    ("rate_limited", "JobFailed"),
    ("budget_exhausted", "JobFailed"),
    ("image_too_large", "RejectedError"),
    ("unsupported_format", "RejectedError"),
    ("corrupt_input", "RejectedError"),
    ("invalid_request", "RejectedError"),
    ("of_tomorrow", "JobFailed"),
    ("absent", "JobFailed"),
]
"""A failure code, and what the record calls it; `absent` shows no code at all."""


@pytest.mark.parametrize(("code", "kind"), CODES, ids=[code for code, _ in CODES])
def test_failed_job_is_recorded_with_its_code(runs: Runs, code: str, kind: str) -> None:
    """And is not sent again by the next command."""
    runs.luma.script({"phase": "submit", "fault": "fails", "code": code, "message": "No luck."})
    named = "no failure code" if code == "absent" else code
    assert [runs.once()["error"] for _ in range(2)] == [f"Luma failed the job: No luck ({named})"] * 2
    assert (runs.record["provenance"]["failure"]["type"], runs.posts) == (kind, 1)
    assert f"vmevalkit_luma.errors.{kind}" in runs.record["provenance"]["failure"]["traceback"]


def test_completed_job_without_a_video_is_no_success(runs: Runs) -> None:
    """Whatever it calls itself."""
    runs.luma.script({"phase": "submit", "fault": "moderated-empty"})
    assert "gives no video" in str(runs.once()["error"])


@pytest.mark.parametrize("fault", FAULTY)
def test_no_fault_of_the_paid_request_is_paid_twice(runs: Runs, fault: str) -> None:
    """Two commands, of which the first meets the fault once: at most one job, and one POST where it may be taken."""
    ends = runs.twice(fault)
    taken, maybe_taken = len(runs.luma.accepted()), FAULTS[fault].accepted or "uncertain" in ends
    assert taken <= 1
    assert runs.posts <= (1 if maybe_taken else 2)
    assert taken == 1 or "success" not in ends


@pytest.mark.parametrize("fault", ["lost-reset", "lost-502", "lost-silent"])
def test_lost_answer_is_never_resent(runs: Runs, fault: str) -> None:
    """Luma cannot list the jobs of this API, so a person has to look."""
    assert runs.twice(fault) == ["uncertain", "uncertain"]
    assert (runs.posts, len(runs.luma.accepted())) == (1, 1)


@pytest.mark.parametrize(("fault", "cause"), [("no-money", NoCredit), ("no-key", KeyRefused)])
def test_account_that_cannot_go_on_waits(runs: Runs, fault: str, cause: type[Exception]) -> None:
    """Nothing was taken, so the same command sends the run once the account is mended."""
    runs.luma.script({"phase": "submit", "fault": fault, "times": 1})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert isinstance(caught.value.__cause__, cause)
    assert isinstance(caught.value.__cause__, LumaAPIError)
    assert runs.once()["status"] == "success"
    assert len(runs.luma.accepted()) == 1


def test_pause_that_is_asked_for_is_kept(runs: Runs) -> None:
    """The request goes out again, not before its time."""
    runs.luma.script({"phase": "submit", "fault": "rate-seconds", "seconds": 1, "times": 1})
    assert runs.once()["status"] == "success"
    first, second = runs.luma.requests("submit")
    assert second["at"] - first["finished"] >= 1.0


@pytest.mark.parametrize(("fault", "asked"), [("crowded", 60.0), ("rate-seconds", 1.0)])
def test_both_kinds_of_429_are_waited_for(runs: Runs, fault: str, asked: float) -> None:
    """Too many jobs at once, and too many requests a minute: each with the wait that Luma names, in its own words."""
    runs.luma.script({"phase": "submit", "fault": fault, "times": 1})
    with pytest.raises(errors.Throttled) as caught:
        asyncio.run(submitted(runs))
    assert caught.value.retry_after == asked


def test_limit_that_luma_names_is_kept_from_then_on(runs: Runs) -> None:
    """6,000 a minute are 100 a second."""
    runs.luma.script({"phase": "submit", "fault": "rate", "times": 1})
    generator = quick(runs.env)
    with pytest.raises(errors.Throttled):
        asyncio.run(submitted(runs, generator))
    assert generator.context.http.pace.rate == 100.0


def test_bad_input_is_named(runs: Runs) -> None:
    """In Luma's words, and it cost nothing."""
    runs.luma.script({"phase": "submit", "fault": "bad-input", "message": "Unknown model: ray-9", "times": 1})
    assert runs.once()["error"] == "Luma refuses the request: Unknown model: ray-9"
    assert runs.record["provenance"]["cost"]["charged"] == "0"


def test_content_that_is_refused_at_once_is_moderation(runs: Runs) -> None:
    """It costs nothing, and the record calls it by its name."""
    runs.luma.script({"phase": "submit", "fault": "moderated-at-once"})
    assert "refuses the content" in str(runs.once()["error"])
    assert runs.record["provenance"]["failure"]["type"] == "ModeratedError"


@pytest.mark.parametrize("fault", ["page-502", "rate", "odd-state", "lost-reset", "missing", "malformed", "null"])
def test_bad_poll_never_ends_a_job(runs: Runs, fault: str) -> None:
    """It is asked about again."""
    runs.luma.script({"phase": "poll", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_key_that_is_refused_later_ends_no_job(runs: Runs) -> None:
    """The next command collects it."""
    runs.luma.script({"phase": "poll", "fault": "no-key"})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert caught.value.status == "submitted"
    runs.luma.script()
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


@pytest.mark.parametrize("fault", ["link-expired", "expired"])
def test_expired_link_is_minted_again(runs: Runs, fault: str) -> None:
    """By another poll."""
    phase = "poll" if fault == "link-expired" else "download"
    runs.luma.script({"phase": phase, "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1
    assert "signature" not in json.dumps(runs.record)


def test_killed_command_is_resumed(runs: Runs, tmp_path: Path) -> None:
    """The next one collects the job; its POST is the only one."""
    runs.luma.set(running_seconds=2.0)
    line = [sys.executable, "-m", "vmevalkit_core", "run", "-m", runs.model, "-o", str(tmp_path / "killed"), "--yes"]
    line += ["--domain", "maze", "--limit", "1"]
    env = {**os.environ, **runs.env}
    with subprocess.Popen(line, env=env, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not runs.luma.counts().get("poll"):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(line, env=env, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, runs.posts) == (0, 1), done.stderr


def quick(env: dict[str, str]) -> Any:
    """The generator without a runner around it."""
    sys.path.insert(0, str(HERE))
    from luma_quick import QuickAgents

    return QuickAgents(QuickAgents.spec, Context(env=env, limiter=Limiter(1)))


async def submitted(runs: Runs, generator: Any = None) -> Any:
    """What the sending of one request comes to, as the base of all API models sees it."""
    generator = generator or quick(runs.env)
    request = asked("Ray32", path=runs.frame)
    try:
        return await generator._sender._submitted(request)
    finally:
        await generator.context.http.close()
