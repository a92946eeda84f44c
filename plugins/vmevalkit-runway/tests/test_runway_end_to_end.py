"""What is Runway's own on its wire, over a real socket; what every plugin promises is in the contract."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from vmevalkit_core import (
    ConfigError,
    Context,
    InferenceRunner,
    NoCredit,
    RunResult,
    Submission,
    UnfinishedRun,
)
from vmevalkit_core.limits import Limiter
from vmevalkit_core.testing import Simulator
from vmevalkit_core.transport import Http
from vmevalkit_runway.options import RunwayOptions

HERE = Path(__file__).resolve().parent
QUICK = f"{HERE / 'runway_quick.py'}:Quick"
DIALECT = f"{HERE / 'runway_dialect.py'}:RunwayVendor"
KEY = "key_of_a_test"


@pytest.fixture(scope="module")
def vendor() -> Iterator[Simulator]:
    """Runway on a loopback socket; starting it takes longer than most tests."""
    with Simulator(DIALECT, keys=[KEY]) as simulator:
        yield simulator


@pytest.fixture
def runway(vendor: Simulator) -> Simulator:
    """The same without faults, with jobs that end at once, and without a memory of requests."""
    vendor.script()
    vendor.set(running_seconds=0.02, queued_seconds=0.0, jobs_at_once=None)
    vendor.forget()
    return vendor


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """A picture as a question has it."""
    path = tmp_path / "first_frame.png"
    Image.new("RGB", (1280, 720), "navy").save(path)
    return path


class Runs:
    """Runs one question again and again, each time as a new process would."""

    def __init__(self, runway: Simulator, frame: Path, output: Path) -> None:
        self.runway, self.frame, self.output = runway, frame, output
        self.env = {"RUNWAYML_API_SECRET": KEY, "RUNWAYML_BASE_URL": runway.url}
        self.before = runway.billed()

    def once(self) -> RunResult:
        """The result, or UnfinishedRun."""
        data = {"id": "maze_0001", "domain": "maze"}
        with InferenceRunner(output_dir=self.output, experiment="pilot", env=self.env) as runner:
            return runner.run(
                model_name=QUICK,
                image_path=self.frame,
                text_prompt="Solve it.",
                question_data=data,
            )

    @property
    def posts(self) -> int:
        """How often the paid request came in."""
        return self.runway.counts().get("submit", 0)

    @property
    def billed(self) -> Decimal:
        """What Runway kept, in USD."""
        return self.runway.billed() - self.before

    @property
    def record(self) -> dict[str, Any]:
        """The newest record."""
        return dict(json.loads(max(self.output.rglob("metadata.json"), key=os.path.getmtime).read_text()))


@pytest.fixture
def runs(runway: Simulator, frame: Path, tmp_path: Path) -> Runs:
    """Runs in an experiment of their own."""
    return Runs(runway, frame, tmp_path / "out")


def test_clip_comes_with_its_price(runs: Runs) -> None:
    """One POST, the body as recorded, the cost by the credits of the task."""
    result = runs.once()
    (post,) = runs.runway.requests("submit")
    assert result["status"] == "success"
    assert runs.record["provenance"]["cost"]["charged"] == "0.25"
    assert list(post["body"]) == ["duration", "model", "promptImage", "promptText", "ratio", "seed"]
    assert post["body"]["promptImage"].startswith("data:image/png;base64,")
    assert (post["headers"]["authorization"], post["headers"]["x-runway-version"]) == (f"Bearer {KEY}", "2024-11-06")


def test_key_goes_to_the_api_only(runs: Runs) -> None:
    """Neither to the store of the videos nor into the record."""
    runs.once()
    (fetched,) = runs.runway.requests("download")
    assert "authorization" not in fetched["headers"]
    assert KEY not in json.dumps(runs.record)


def test_charge_above_the_plan_is_told(runs: Runs, caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    """By what Runway says on taking the job: a price list grows old."""
    monkeypatch.setattr(RunwayOptions, "price", lambda self: Decimal("0.01"))
    assert runs.once()["status"] == "success"
    assert "Runway may charge 0.25 USD" in caplog.text


@pytest.mark.parametrize("key", ["key\n", " key", "clé", "k ey"])
def test_key_that_fits_no_header_is_never_sent(runs: Runs, key: str) -> None:
    """Nothing has left, so nothing is uncertain."""
    runs.env["RUNWAYML_API_SECRET"] = key
    with pytest.raises((ConfigError, UnfinishedRun), match="RUNWAYML_API_SECRET holds"):
        runs.once()
    assert runs.posts == 0


def test_large_picture_is_uploaded_first(runs: Runs) -> None:
    """Session, then the fields and the file in this order and without the key, then the paid request."""
    words = PngInfo()
    words.add_text("Comment", "x" * 4_000_000)
    Image.new("RGB", (1280, 720), "navy").save(runs.frame, pnginfo=words)
    assert runs.once()["status"] == "success"
    session, stored = runs.runway.requests("upload")
    (post,) = runs.runway.requests("submit")
    assert session["body"] == {"filename": "first_frame.png", "type": "ephemeral"}
    assert [part["name"] for part in stored["body"]] == ["key", "policy", "x-amz-signature", "file"]
    assert "authorization" not in stored["headers"]
    assert post["body"]["promptImage"].startswith("runway://")


CODES = [
    ("SAFETY.INPUT.TEXT", "ModeratedError", "0.25"),
    ("SAFETY.INPUT.IMAGE", "ModeratedError", "0.25"),
    ("SAFETY.OUTPUT.VIDEO", "ModeratedError", "0.00"),
    ("INPUT_PREPROCESSING.SAFETY.TEXT", "ModeratedError", "0.00"),
    ("INPUT_PREPROCESSING.INTERNAL", "JobFailed", "0.00"),
    ("INTERNAL.BAD_OUTPUT.CODE01", "JobFailed", "0.00"),
    ("ASSET.INVALID", "RejectedError", "0.00"),
    ("THIRD_PARTY.UNAVAILABLE", "JobFailed", "0.00"),
    ("INTERNAL", "JobFailed", "0.00"),
    ("absent", "JobFailed", "0.00"),
]
"""A failure code, what the record calls it, and what Runway keeps; `absent` shows no code at all."""


@pytest.mark.parametrize(("code", "kind", "kept"), CODES, ids=[code for code, *_ in CODES])
def test_failed_job_is_recorded_with_its_code_and_cost(runs: Runs, code: str, kind: str, kept: str) -> None:
    """And is not sent again by the next command."""
    runs.runway.script({"phase": "submit", "fault": "fails", "code": code, "message": "No luck."})
    results = [runs.once() for _ in range(2)]
    facts, named = runs.record["provenance"], "no failure code" if code == "absent" else code
    assert [result["error"] for result in results] == [f"Runway failed the job: No luck ({named})"] * 2
    assert (facts["failure"]["type"], facts["cost"]["charged"], runs.posts) == (kind, kept, 1)
    assert runs.billed == Decimal(kept)


def test_bad_input_is_named(runs: Runs) -> None:
    """With the field, in Runway's words."""
    runs.runway.script({"phase": "submit", "fault": "bad-input", "times": 1})
    assert runs.once()["error"] == "Runway refuses the request: Validation of body failed (body: Invalid input)"
    assert runs.record["provenance"]["cost"]["charged"] == "0"


def test_job_that_is_not_known_yet_is_asked_about_again(runs: Runs) -> None:
    """A new one may not be everywhere at once."""
    runs.runway.script({"phase": "poll", "fault": "missing", "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_key_that_is_refused_later_ends_no_job(runs: Runs) -> None:
    """The next command collects it."""
    runs.runway.script({"phase": "poll", "fault": "no-key"})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert caught.value.status == "submitted"
    runs.runway.script()
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_throttled_job_is_waited_for(runs: Runs) -> None:
    """It is no failure and no reason to send again."""
    runs.runway.set(jobs_at_once=0)
    with asyncio.Runner() as loop:
        generator, job = quick(runs.env), submitted(runs)
        assert loop.run(generator.poll(job)).stage.startswith("waiting for a free place")
        loop.run(generator.context.http.close())


def quick(env: dict[str, str]) -> Any:
    """The generator without a runner around it."""
    sys.path.insert(0, str(HERE))
    from runway_quick import Quick

    return Quick(Quick.spec, Context(env=env, limiter=Limiter(1)))


def submitted(runs: Runs) -> Submission:
    """A job that was sent by hand."""
    import httpx2

    headers = {"authorization": f"Bearer {KEY}", "x-runway-version": "2024-11-06"}
    body = {"model": "gen4_turbo", "promptImage": "data:image/png;base64,AA==", "ratio": "1280:720", "duration": 5}
    answer = httpx2.post(f"{runs.runway.url}/v1/image_to_video", headers=headers, json=body)
    return Submission(id=answer.json()["id"])


def test_job_can_be_cancelled(runs: Runs) -> None:
    """Twice as well; and a poll then tells that it is over."""
    runs.runway.set(queued_seconds=60)
    generator, job = quick(runs.env), submitted(runs)

    async def both() -> Any:
        await generator.cancel(job)
        state = await generator.poll(job)
        await generator.cancel(job)
        await generator.context.http.close()
        return state

    state = asyncio.run(both())
    assert (state.reason, state.cost) == ("the job was cancelled or deleted at Runway", Decimal(0))


def test_spelling_of_the_address_hides_no_refusal(runs: Runs) -> None:
    """A host is called in lower case, however the user wrote it."""
    runs.env["RUNWAYML_BASE_URL"] = runs.runway.url.replace("127.0.0.1", "LOCALHOST")
    runs.runway.script({"phase": "submit", "fault": "no-money"})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert isinstance(caught.value.__cause__, NoCredit)


def test_slow_upload_has_the_time_of_a_download(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 MB do not go within the time of an ordinary call."""
    words = PngInfo()
    words.add_text("Comment", "x" * 4_000_000)
    Image.new("RGB", (1280, 720), "navy").save(runs.frame, pnginfo=words)
    monkeypatch.setitem(Http.call.__kwdefaults__, "within", 1.0)
    runs.runway.script({"phase": "upload", "match": "/storage/", "fault": "lost-late", "seconds": 1.5})
    assert runs.once()["status"] == "success"


def started(runs: Runs, line: list[str], folder: Path) -> None:
    """A command that is killed as soon as its job is known to be on disk."""
    with subprocess.Popen(line, env={**os.environ, **runs.env}, cwd=folder, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not runs.runway.counts().get("poll"):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)


def command(*args: str) -> list[str]:
    """`vmeval ...`."""
    return [sys.executable, "-m", "vmevalkit_core", *args]


RUN = command("run", "-m", QUICK, "-o", "out", "--domain", "maze", "--limit", "1", "-p", "duration=2", "--yes")


def test_cancelled_run_gets_its_money_back(runs: Runs, tmp_path: Path) -> None:
    """As long as it was not running; the record says so."""
    runs.runway.set(queued_seconds=60)
    started(runs, RUN, tmp_path)
    line = command("cancel", "out", "-m", QUICK, "--yes")
    subprocess.run(line, env={**os.environ, **runs.env}, cwd=tmp_path, check=True, capture_output=True)
    assert runs.record["inference"]["status"] == "cancelled"
    assert (runs.record["provenance"]["cost"]["charged"], runs.billed) == ("0.00", 0)
