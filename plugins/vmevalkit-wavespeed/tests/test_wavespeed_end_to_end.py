"""The generator against WaveSpeed's wire over a real socket: whatever goes wrong, a job is paid for once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vmevalkit_core import Answer, ConfigError, Context, InferenceRunner, KeyRefused, NoCredit, RunResult, UnfinishedRun
from vmevalkit_core.limits import Limiter
from vmevalkit_core.testing import FAULTS, Simulator
from vmevalkit_core.transport import Http

HERE = Path(__file__).resolve().parent
QUICK, HASTY = (f"{HERE / 'wavespeed_quick.py'}:{name}" for name in ("Quick", "Hasty"))
DIALECT = f"{HERE / 'wavespeed_dialect.py'}:WaveSpeedVendor"
ENVELOPED = f"{HERE / 'wavespeed_dialect.py'}:EnvelopedVendor"
KEY = "key_of_a_test"
ENDLESS = {name for name in FAULTS if name.startswith("never-")}
"""Jobs that no command waits for to the end."""


@pytest.fixture(scope="module")
def houses() -> Iterator[Callable[[str], Simulator]]:
    """WaveSpeed in each of its ways, on loopback sockets; starting it takes longer than most tests."""
    with ExitStack() as stack:
        yield cache(lambda dialect: stack.enter_context(Simulator(dialect, keys=[KEY], running_seconds=0.02)))


@pytest.fixture(params=[DIALECT], ids=["statuses"])
def vendor(request: pytest.FixtureRequest, houses: Callable[[str], Simulator]) -> Simulator:
    """WaveSpeed as at the start, with jobs that end at once."""
    found = houses(request.param)
    found.reset()
    return found


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """A picture as a question has it."""
    path = tmp_path / "first_frame.png"
    Image.new("RGB", (640, 640), "navy").save(path)
    return path


class Runs:
    """Runs one question again and again, each time as a new process would."""

    def __init__(self, vendor: Simulator, frame: Path, output: Path) -> None:
        self.vendor, self.frame, self.output = vendor, frame, output
        self.env = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": vendor.url}
        self.target = QUICK

    def once(self, model: str = "", **options: Any) -> RunResult:
        """The result, or UnfinishedRun."""
        data = {"id": "maze_0001", "domain": "maze"}
        with InferenceRunner(output_dir=self.output, experiment="pilot", env=self.env) as runner:
            return runner.run(
                model_name=model or self.target,
                image_path=self.frame,
                text_prompt="Solve it.",
                question_data=data,
                **options,
            )

    def strikes(self, fault: str, **more: Any) -> None:
        """The next paid request meets a fault; from now on none is waited for long."""
        self.target = HASTY
        self.vendor.script({"phase": "submit", "fault": fault, "times": 1, **more})

    @property
    def posts(self) -> int:
        """How often the paid request came in."""
        return self.vendor.counts().get("submit", 0)

    @property
    def record(self) -> dict[str, Any]:
        """The newest record."""
        return dict(json.loads(max(self.output.rglob("metadata.json"), key=os.path.getmtime).read_text()))


@pytest.fixture
def runs(vendor: Simulator, frame: Path, tmp_path: Path) -> Runs:
    """Runs in an experiment of their own."""
    return Runs(vendor, frame, tmp_path / "out")


both = pytest.mark.parametrize("vendor", [DIALECT, ENVELOPED], indirect=True, ids=["statuses", "envelopes"])


def test_clip_comes_by_upload_submit_and_poll(runs: Runs) -> None:
    """The bodies as recorded: one ticket, one PUT without the key, one flat POST with the model in its path."""
    assert runs.once()["status"] == "success"
    ticket, stored = runs.vendor.requests("upload")
    (post,) = runs.vendor.requests("submit")
    size = int(stored["headers"]["content-length"])
    assert ticket["body"] == {"filename": "first_frame.png", "size": size, "content_type": "image/png"}
    assert (stored["method"], stored["headers"]["content-type"]) == ("PUT", "image/png")
    assert post["path"] == "/api/v3/wavespeed-ai/wan-2.2/i2v-720p"
    assert post["body"] == {"image": post["body"]["image"], "prompt": "Solve it.", "duration": 5, "seed": 0}
    assert post["headers"]["authorization"] == f"Bearer {KEY}"
    assert runs.record["provenance"]["cost"] == {"estimated": "0.30", "charged": None}


def test_key_goes_to_the_api_only(runs: Runs) -> None:
    """Neither to the store of the pictures, nor to that of the videos, nor into the record."""
    runs.once()
    _, stored = runs.vendor.requests("upload")
    (fetched,) = runs.vendor.requests("download")
    assert "authorization" not in stored["headers"]
    assert "authorization" not in fetched["headers"]
    assert KEY not in json.dumps(runs.record)


def test_720p_name_of_veo_sends_720p(runs: Runs) -> None:
    """And a picture of exactly these pixels, without sound."""
    Image.new("RGB", (600, 900), "navy").save(runs.frame)
    assert runs.once("veo-3.1-720p")["status"] == "success"
    (post,) = runs.vendor.requests("submit")
    sent = {name: value for name, value in post["body"].items() if name not in ("image", "prompt")}
    assert post["path"] == "/api/v3/google/veo3.1/image-to-video"
    assert sent == {
        "duration": 8,
        "generate_audio": False,
        "seed": 0,
        "aspect_ratio": "9:16",
        "resolution": "720p",
    }


def test_option_of_another_model_is_refused_before_anything_is_sent(runs: Runs) -> None:
    """By its name."""
    with pytest.raises(Exception, match="generate_audio"):
        runs.once("wavespeed-wan-2.2-i2v-480p", generate_audio=True)
    assert runs.vendor.counts() == {}


@pytest.mark.parametrize("key", ["key\n", " key", "clé", "k ey"])
def test_key_that_fits_no_header_is_never_sent(runs: Runs, key: str) -> None:
    """Nothing has left, so nothing is uncertain."""
    runs.env["WAVESPEED_API_KEY"] = key
    with pytest.raises((ConfigError, UnfinishedRun), match="WAVESPEED_API_KEY holds"):
        runs.once()
    assert runs.vendor.counts() == {}


FAILURES = [
    ("NSFW content detected", "ModeratedError", None),
    ("the prompt may violate the usage policy", "ModeratedError", None),
    ("upstream returned HTTP 503", "JobFailed", "0"),
    ("Something went wrong.", "JobFailed", "0"),
]


@pytest.mark.parametrize(("message", "kind", "cost"), FAILURES, ids=[f"{row[1]}{i}" for i, row in enumerate(FAILURES)])
def test_failed_job_is_recorded_with_its_words(runs: Runs, message: str, kind: str, cost: str | None) -> None:
    """And is not sent again by the next command; its money comes back unless its content was refused."""
    runs.strikes("fails", message=message)
    results = [runs.once() for _ in range(2)]
    facts = runs.record["provenance"]
    assert [result["error"] for result in results] == [f"WaveSpeed failed the job: {message.rstrip('.')}"] * 2
    assert (facts["failure"]["type"], facts["cost"]["charged"], runs.posts) == (kind, cost, 1)


def test_success_without_a_video_is_moderation(runs: Runs) -> None:
    """It is no success."""
    runs.strikes("moderated-empty")
    assert "gives no video" in str(runs.once()["error"])
    assert runs.record["provenance"]["failure"]["type"] == "ModeratedError"


@pytest.mark.parametrize(
    "fault", ["lost-reset", "lost-closed", "lost-502", "page-500", "page-502", "page-504", "closed", "silent"]
)
def test_lost_answer_is_not_resent(runs: Runs, fault: str) -> None:
    """Not in this command and not in the next one."""
    runs.strikes(fault)
    for _ in range(2):
        with pytest.raises(UnfinishedRun) as caught:
            runs.once()
        assert caught.value.status == "uncertain"
    assert runs.posts == 1


def test_lost_job_is_listed_and_not_taken(runs: Runs) -> None:
    """The list knows model and time only, so a person decides; adopting it is one GET, not one POST."""
    runs.strikes("lost-reset")
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    (job,) = runs.vendor.accepted()
    look = runs.vendor.requests("find")[0]["body"]
    assert f"jobs that may be it: {job['id']}" in str(caught.value)
    assert (look["page"], look["page_size"], look["model"]) == (1, 100, "wavespeed-ai/wan-2.2/i2v-720p")
    assert runs.posts == 1


@pytest.mark.parametrize(
    "fault", [name for name, fault in FAULTS.items() if "submit" in fault.phases and name not in ENDLESS]
)
def test_no_fault_of_the_paid_request_is_paid_twice(runs: Runs, fault: str) -> None:
    """Two commands, of which the first meets the fault once: at most one job, and one POST where it may be taken."""
    runs.strikes(fault)
    ends = []
    for _ in range(2):
        try:
            ends.append(runs.once()["status"])
        except UnfinishedRun as error:
            ends.append(error.status)
    taken = len(runs.vendor.accepted())
    assert taken <= 1
    assert runs.posts == 1 if FAULTS[fault].accepted or "uncertain" in ends else runs.posts <= 2
    assert taken == 1 if "success" in ends else True


@both
@pytest.mark.parametrize(("fault", "cause"), [("no-money", NoCredit), ("no-key", KeyRefused)])
def test_account_that_cannot_go_on_waits(runs: Runs, fault: str, cause: type[Exception]) -> None:
    """Nothing was taken, so the same command sends the run once the account is mended."""
    runs.strikes(fault)
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert isinstance(caught.value.__cause__, cause)
    assert runs.once()["status"] == "success"
    assert len(runs.vendor.accepted()) == 1


@both
def test_pause_that_is_asked_for_is_kept(runs: Runs) -> None:
    """The request goes out again, not before its time; the picture is not uploaded again."""
    runs.strikes("rate-seconds", seconds=1)
    assert runs.once()["status"] == "success"
    first, second = runs.vendor.requests("submit")
    assert second["at"] - first["finished"] >= 1.0
    assert len(runs.vendor.requests("upload")) == 2


@both
def test_bad_input_is_named(runs: Runs) -> None:
    """In WaveSpeed's words."""
    runs.strikes("bad-input", message="duration is odd.")
    assert runs.once()["error"] == "WaveSpeed refuses the request: duration is odd"
    assert runs.record["provenance"]["cost"]["charged"] == "0"


@both
def test_content_that_is_refused_at_once_is_moderation(runs: Runs) -> None:
    """It costs nothing, and the record calls it by its name."""
    runs.strikes("moderated-at-once")
    assert "prohibited content" in str(runs.once()["error"])
    assert runs.record["provenance"]["failure"]["type"] == "ModeratedError"


@pytest.mark.parametrize("vendor", [ENVELOPED], indirect=True)
def test_fault_inside_an_envelope_is_uncertain(runs: Runs) -> None:
    """A status of 200 around a code of 500 says as little as the status 500."""
    runs.strikes("broken")
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert caught.value.status == "uncertain"
    assert runs.posts == 1


@both
@pytest.mark.parametrize("fault", ["broken", "rate", "unavailable", "odd-state", "lost-reset", "missing", "malformed"])
def test_bad_poll_never_ends_a_job(runs: Runs, fault: str) -> None:
    """It is asked about again."""
    runs.vendor.script({"phase": "poll", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


@both
def test_key_that_is_refused_later_ends_no_job(runs: Runs) -> None:
    """The next command collects it."""
    runs.vendor.script({"phase": "poll", "fault": "no-key"})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert caught.value.status == "submitted"
    runs.vendor.script()
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


@both
def test_job_that_is_forgotten_stays_submitted(runs: Runs) -> None:
    """However often polls do not know it; the next command collects it."""
    runs.vendor.script({"phase": "poll", "fault": "forgotten"})
    with pytest.raises(UnfinishedRun, match="does not know the job") as caught:
        runs.once()
    assert caught.value.status == "submitted"
    runs.vendor.script()
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_spelling_of_the_address_hides_no_refusal() -> None:
    """A host is called in lower case, however the user wrote it."""
    from wavespeed_quick import Quick

    env = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": "https://API.WaveSpeed.AI"}
    generator = Quick(Quick.spec, Context(env=env, limiter=Limiter(1)))
    refused = Answer(
        402, {}, b'{"code": 402, "message": "Insufficient credits"}', "https://api.wavespeed.ai/api/v3/model"
    )
    assert isinstance(generator.explain(refused), NoCredit)


def test_slow_upload_has_the_time_of_a_download(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large picture does not go within the time of an ordinary call."""
    monkeypatch.setitem(Http.call.__kwdefaults__, "within", 1.0)
    runs.vendor.script({"phase": "upload", "match": "/store/", "fault": "lost-late", "seconds": 1.5})
    assert runs.once()["status"] == "success"


@both
@pytest.mark.parametrize("fault", ["broken", "closed", "page-502", "rate"])
def test_failed_upload_is_made_anew(runs: Runs, fault: str) -> None:
    """It costs nothing; the paid request comes after it."""
    runs.vendor.script({"phase": "upload", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


@pytest.mark.parametrize("fault", ["link-expired", "expired"])
def test_expired_link_is_minted_again(runs: Runs, fault: str) -> None:
    """By another poll."""
    phase = "poll" if fault == "link-expired" else "download"
    runs.vendor.script({"phase": phase, "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_old_request_is_not_looked_for(runs: Runs) -> None:
    """The list goes back 7 days."""
    sys.path.insert(0, str(HERE))
    from wavespeed_quick import Quick

    generator = Quick(Quick.spec, Context(env=runs.env, limiter=Limiter(1)))
    then = datetime.now(UTC) - timedelta(days=8)
    request: Any = None
    assert asyncio.run(generator.find(request, (then, then))) == []
    assert runs.vendor.counts() == {}


def test_killed_command_is_resumed(runs: Runs, tmp_path: Path) -> None:
    """The next one collects the job; its POST is the only one."""
    runs.vendor.set(running_seconds=2.0)
    line = [sys.executable, "-m", "vmevalkit_core", "run", "-m", QUICK, "-o", str(tmp_path / "killed"), "--yes"]
    line += ["--domain", "maze", "--limit", "1", "-p", "duration=8"]
    env = {**os.environ, **runs.env}
    with subprocess.Popen(line, env=env, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not runs.vendor.counts().get("poll"):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(line, env=env, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, runs.posts) == (0, 1), done.stderr
    assert runs.vendor.billed() == Decimal("0.48")
