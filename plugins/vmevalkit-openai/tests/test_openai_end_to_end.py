"""The generator against servers of the /v1/videos kind over a real socket: whatever goes wrong, a job is sent once."""

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
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vmevalkit_core import (
    ConfigError,
    Context,
    InferenceRunner,
    KeyRefused,
    MissingCredential,
    NoCredit,
    RejectedError,
    RunResult,
    Submission,
    UnfinishedRun,
)
from vmevalkit_core.limits import Limiter
from vmevalkit_core.testing import FAULTS, Simulator

HERE = Path(__file__).resolve().parent
DIALECT = HERE / "openai_dialect.py"
QUICK, HASTY = (f"{HERE / 'openai_quick.py'}:{name}" for name in ("Quick", "Hasty"))
KEY = "key_of_a_test"
ENDLESS = {name for name in FAULTS if name.startswith("never-")}
"""Jobs that no command waits for to the end."""
MODEL = "Wan-AI/Wan2.2-I2V-A14B-Diffusers"


@pytest.fixture(scope="module")
def houses() -> Iterator[Callable[[str], Simulator]]:
    """A server of each kind, on loopback sockets; starting one takes longer than most tests."""
    with ExitStack() as stack:
        yield cache(lambda kind: stack.enter_context(Simulator(f"{DIALECT}:{kind}", keys=[KEY], running_seconds=0.02)))


@pytest.fixture(params=["OpenServer"])
def server(request: pytest.FixtureRequest, houses: Callable[[str], Simulator]) -> Simulator:
    """A server as at the start, with jobs that end at once."""
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

    def __init__(self, server: Simulator, frame: Path, output: Path) -> None:
        self.server, self.frame, self.output = server, frame, output
        self.env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{server.url}/v1"}
        self.target = QUICK

    def once(self, **options: Any) -> RunResult:
        """The result, or UnfinishedRun."""
        data = {"id": "maze_0001", "domain": "maze"}
        given = {"model": MODEL, "size": "832x480"} | options
        with InferenceRunner(output_dir=self.output, experiment="pilot", env=self.env) as runner:
            return runner.run(
                model_name=self.target, image_path=self.frame, text_prompt="Solve it.", question_data=data, **given
            )

    def strikes(self, fault: str, **more: Any) -> None:
        """The next create request meets a fault; from now on none is waited for long."""
        self.target = HASTY
        self.server.script({"phase": "submit", "fault": fault, "times": 1, **more})

    @property
    def posts(self) -> int:
        """How often the paid request came in."""
        return self.server.counts().get("submit", 0)

    @property
    def record(self) -> dict[str, Any]:
        """The newest record."""
        return dict(json.loads(max(self.output.rglob("metadata.json"), key=os.path.getmtime).read_text()))


@pytest.fixture
def runs(server: Simulator, frame: Path, tmp_path: Path) -> Runs:
    """Runs in an experiment of their own."""
    return Runs(server, frame, tmp_path / "out")


def of(*names: str) -> pytest.MarkDecorator:
    """Servers of these kinds."""
    return pytest.mark.parametrize("server", names, indirect=True, ids=names)


EXTRAS: dict[str, Any] = {
    "num_inference_steps": 40,
    "guidance_scale": 3.5,
    "num_frames": 81,
    "fps": 16,
    "negative_prompt": "text",
    "extra_fields": {"flow_shift": 12},
}


@of("VideosServer")
def test_multipart_request_is_the_recorded_one(runs: Runs) -> None:
    """The parts in the order of OpenAI's client, the picture last and with the pixels of `size`."""
    assert runs.once(size="1280x720", seconds=4, send_seed=False)["status"] == "success"
    (post,) = runs.server.requests("submit")
    shown = [(part["name"], part.get("text"), part["filename"], part["type"]) for part in post["body"]]
    assert shown == [
        ("prompt", "Solve it.", None, ""),
        ("model", MODEL, None, ""),
        ("seconds", "4", None, ""),
        ("size", "1280x720", None, ""),
        ("input_reference", None, "first_frame.png", "image/png"),
    ]
    assert post["headers"]["authorization"] == f"Bearer {KEY}"


@of("VideosServer")
def test_json_request_is_the_recorded_one(runs: Runs) -> None:
    """The length as a text, the picture as a data URL."""
    assert runs.once(size="720x1280", seconds="4", send_seed=False, create="json")["status"] == "success"
    (post,) = runs.server.requests("submit")
    assert list(post["body"]) == ["prompt", "model", "seconds", "size", "input_reference"]
    assert (post["body"]["seconds"], post["body"]["size"]) == ("4", "720x1280")
    assert post["body"]["input_reference"]["image_url"].startswith("data:image/png;base64,")


@pytest.mark.parametrize("extras_in", ["fields", "extra_body"])
@pytest.mark.parametrize("create", ["multipart", "json"])
def test_fields_of_open_models_arrive_with_their_types(runs: Runs, create: str, extras_in: str) -> None:
    """Beside the others, or in the one field that some servers want."""
    assert runs.once(create=create, extras_in=extras_in, **EXTRAS)["status"] == "success"
    (job,) = runs.server.accepted()
    told = {name: job["facts"][name] for name in ("seed", "flow_shift", *list(EXTRAS)[:-1])}
    assert told == {"seed": 0, "flow_shift": 12, **dict(list(EXTRAS.items())[:-1])}
    assert (job["facts"]["size"], job["model"]) == ("832x480", MODEL)


@of("VideosServer")
def test_field_that_a_server_lacks_is_named(runs: Runs) -> None:
    """In the server's words, and nothing was taken."""
    result = runs.once(size="1280x720")
    assert result["error"] == "the server refuses the request: Unknown parameter, or wrong type: 'seed'"
    assert runs.record["provenance"]["cost"]["charged"] == "0"


def test_words_of_fastapi_are_read(runs: Runs) -> None:
    """With the field."""
    runs.strikes("bad-input", message="Input should be valid")
    assert runs.once()["error"] == "the server refuses the request: size: Input should be valid"


def test_server_without_a_key_gets_none(frame: Path, tmp_path: Path) -> None:
    """And none is asked for."""
    with Simulator(f"{DIALECT}:OpenServer", running_seconds=0.02) as open_server:
        runs = Runs(open_server, frame, tmp_path / "out")
        del runs.env["OPENAI_API_KEY"]
        assert runs.once()["status"] == "success"
        assert all("authorization" not in request["headers"] for request in open_server.requests())
        assert runs.record["provenance"]["account"] is None


def test_key_is_missed_only_where_the_server_wants_one(runs: Runs) -> None:
    """The error names the variable."""
    del runs.env["OPENAI_API_KEY"]
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert isinstance(caught.value.__cause__, KeyRefused)
    assert "OPENAI_API_KEY" in caught.value.hint


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
@pytest.mark.parametrize("value", ["key\n", " key", "clé", "k ey"])
def test_value_that_fits_no_header_is_never_sent(runs: Runs, variable: str, value: str) -> None:
    """Nothing has left, so nothing is uncertain."""
    runs.env[variable] = value
    with pytest.raises((ConfigError, UnfinishedRun), match=f"{variable} holds"):
        runs.once()
    assert runs.server.counts() == {}


def test_organization_and_project_go_along(runs: Runs) -> None:
    """As OpenAI's client sends them."""
    runs.env |= {"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"}
    runs.once()
    headers = runs.server.requests("poll")[0]["headers"]
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-1", "proj-1")


def test_content_is_asked_for_with_the_key(runs: Runs) -> None:
    """Its path is on the server itself."""
    runs.once()
    (fetched,) = runs.server.requests("download")
    assert fetched["target"] == "/v1/videos/video_000001/content?variant=video"
    assert fetched["headers"]["authorization"] == f"Bearer {KEY}"
    assert fetched["headers"]["accept"] == "application/binary"
    assert KEY not in json.dumps(runs.record)


@of("LinkServer")
def test_link_is_followed_without_the_key(runs: Runs) -> None:
    """Where the finished job has one."""
    assert runs.once()["status"] == "success"
    (fetched,) = runs.server.requests("download")
    assert fetched["path"] == "/files/video_000001.mp4"
    assert "authorization" not in fetched["headers"]


@of("LinkServer")
def test_link_inside_a_foreign_network_is_not_followed(runs: Runs) -> None:
    """Only the base address, and what the user named beside it, is trusted; the job stays to be collected."""
    runs.server.script({"phase": "poll", "fault": "link-elsewhere"})
    with pytest.raises(UnfinishedRun) as caught:
        runs.once()
    assert caught.value.status == "submitted"
    assert runs.server.requests_elsewhere() == []


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("fails", "JobFailed", "It broke (video_generation_failed)"),
        ("moderated", "ModeratedError", "moderation_blocked"),
    ],
)
def test_failed_job_is_recorded_with_its_code(runs: Runs, fault: str, kind: str, words: str) -> None:
    """And is not sent again by the next command."""
    runs.strikes(fault)
    results = [runs.once() for _ in range(2)]
    assert all(words in str(result["error"]) for result in results)
    assert (runs.record["provenance"]["failure"]["type"], runs.posts) == (kind, 1)


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
    taken = len(runs.server.accepted())
    assert taken <= 1
    assert runs.posts == 1 if FAULTS[fault].accepted or "uncertain" in ends else runs.posts <= 2
    assert taken == 1 if "success" in ends else True


def test_lost_job_is_listed_by_prompt_and_not_taken(runs: Runs) -> None:
    """Somebody else may have asked the same, so a person decides."""
    runs.strikes("lost-reset")
    with pytest.raises(UnfinishedRun, match="jobs that may be it: video_000001") as caught:
        runs.once()
    assert caught.value.status == "uncertain"
    assert runs.server.requests("find")[0]["target"] == "/v1/videos?limit=100&order=desc"
    assert runs.posts == 1


@of("TokenServer")
@pytest.mark.parametrize("field", ["metadata", "user"])
@pytest.mark.parametrize("create", ["multipart", "json"])
def test_lost_job_is_taken_up_by_its_token(runs: Runs, field: str, create: str) -> None:
    """Where the list returns it, in the same command."""
    runs.strikes("lost-502")
    assert runs.once(token_in=field, create=create)["status"] == "success"
    assert runs.posts == 1


@of("LinkServer")
def test_server_without_a_list_leaves_it_uncertain(runs: Runs) -> None:
    """In the next command as well."""
    runs.strikes("lost-reset")
    for _ in range(2):
        with pytest.raises(UnfinishedRun) as caught:
            runs.once()
        assert caught.value.status == "uncertain"
    assert runs.posts == 1


@of("VideosServer")
def test_empty_account_is_told_from_too_many_calls(runs: Runs) -> None:
    """Both are 429; only one of them is waited for."""
    runs.strikes("no-money")
    with pytest.raises(UnfinishedRun) as caught:
        runs.once(size="1280x720", send_seed=False)
    assert isinstance(caught.value.__cause__, NoCredit)
    runs.strikes("rate-seconds", seconds=1)
    assert runs.once(size="1280x720", send_seed=False)["status"] == "success"
    assert len(runs.server.accepted()) == 1


@of("VideosServer")
def test_spelling_of_the_address_hides_no_refusal(runs: Runs) -> None:
    """A host is called in lower case, however the user wrote it."""
    runs.env["OPENAI_BASE_URL"] = f"{runs.server.url}/v1".replace("127.0.0.1", "LOCALHOST")
    runs.strikes("no-money")
    with pytest.raises(UnfinishedRun) as caught:
        runs.once(size="1280x720", send_seed=False)
    assert isinstance(caught.value.__cause__, NoCredit)


@of("VideosServer")
def test_content_that_is_refused_at_once_is_moderation(runs: Runs) -> None:
    """It costs nothing, and the record calls it by its name."""
    runs.strikes("moderated-at-once")
    runs.once(size="1280x720", send_seed=False)
    assert runs.record["provenance"]["failure"]["type"] == "ModeratedError"


@pytest.mark.parametrize("fault", ["page-502", "rate", "odd-state", "lost-reset", "missing", "malformed", "null"])
def test_bad_poll_never_ends_a_job(runs: Runs, fault: str) -> None:
    """It is asked about again."""
    runs.server.script({"phase": "poll", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


@pytest.mark.parametrize("fault", ["missing", "no-key", "broken", "cut"])
def test_video_that_is_not_there_yet_is_asked_for_again(runs: Runs, fault: str) -> None:
    """Some servers say that a job is done before they have written its file."""
    runs.server.script({"phase": "download", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def test_success_without_a_video_is_a_failure(runs: Runs) -> None:
    """After three looks; the next command does not send it again."""
    runs.strikes("moderated-empty")
    results = [runs.once() for _ in range(2)]
    assert [one["error"] for one in results] == ["the server calls the job completed and has no video"] * 2
    assert (runs.record["provenance"]["failure"]["type"], runs.posts) == ("JobFailed", 1)


def generator(env: dict[str, str]) -> Any:
    """The generator without a runner around it."""
    sys.path.insert(0, str(HERE))
    from openai_quick import Quick

    return Quick(Quick.spec, Context(env=env, limiter=Limiter(1)))


def test_job_can_be_cancelled(runs: Runs) -> None:
    """By deleting it; one that the server does not know is not called stopped."""
    runs.server.set(queued_seconds=2.0, keys=None)
    made, job = generator(runs.env), Submission(id="video_000001")
    runs.strikes("lost-reset")
    with pytest.raises(UnfinishedRun):
        runs.once()

    async def cancelled() -> Any:
        await made.cancel(job)
        state = await made.poll(job)
        with pytest.raises(RejectedError, match="does not stop job unknown"):
            await made.cancel(Submission(id="unknown"))
        await made.context.http.close()
        return state

    assert asyncio.run(cancelled()).reason == "the job was cancelled at the server"


def test_server_that_stops_no_job_says_so(runs: Runs) -> None:
    """As OpenAI's own did, which deleted finished jobs only."""
    made = generator(runs.env)
    runs.server.script({"phase": "cancel", "fault": "status", "status": 409, "message": "still running"})

    async def refused() -> None:
        try:
            await made.cancel(Submission(id="video_000001"))
        finally:
            await made.context.http.close()

    with pytest.raises(RejectedError, match="does not stop job video_000001"):
        asyncio.run(refused())


def test_killed_command_is_resumed_without_the_option(runs: Runs, tmp_path: Path) -> None:
    """The next one collects the job; its POST is the only one."""
    runs.server.set(running_seconds=2.0)
    line = [sys.executable, "-m", "vmevalkit_core", "run", "-m", QUICK, "-o", str(tmp_path / "killed"), "--yes"]
    line += ["--domain", "maze", "--limit", "1", "-p", f"model={MODEL}", "-p", "seconds=5"]
    env = {**os.environ, **runs.env}
    with subprocess.Popen(line, env=env, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not runs.server.counts().get("poll"):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(line, env=env, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, runs.posts) == (0, 1), done.stderr


@pytest.fixture
def lab(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The server under a name of its own, in a file."""
    file = tmp_path / "servers.toml"
    file.write_text(
        f'[servers.lab]\nurl = "{runs.server.url}/v1"\nkey = "LAB_KEY"\n'
        '[servers.lab.models.wan]\nmodel = "wan"\nsizes = ["480x832"]\nusd_per_clip = 0.02\noptions = { fps = 16 }\n'
    )
    monkeypatch.setenv("VMEVAL_VIDEO_SERVERS", str(file))
    return runs


def run_lab(runs: Runs, env: dict[str, str]) -> RunResult:
    """One run of the named model."""
    with InferenceRunner(output_dir=runs.output, experiment="pilot", env=env) as runner:
        return runner.run("lab-wan", runs.frame, "Solve it.", question_data={"id": "maze_0001", "domain": "maze"})


def test_named_server_is_asked_with_its_own_key(lab: Runs) -> None:
    """With the defaults, the size and the price of the file; OpenAI's key never goes there."""
    env = {
        "LAB_KEY": KEY,
        "OPENAI_API_KEY": "key_of_openai",
        "OPENAI_ORG_ID": "org-1",
        "OPENAI_BASE_URL": "http://x/v1",
    }
    assert run_lab(lab, env)["status"] == "success"
    (job,) = lab.server.accepted()
    assert (job["model"], job["facts"]["size"], job["facts"]["fps"]) == ("wan", "480x832", 16)
    assert lab.record["provenance"]["cost"]["estimated"] == "0.02"
    assert {request["headers"]["authorization"] for request in lab.server.requests()} == {f"Bearer {KEY}"}
    assert all("openai-organization" not in request["headers"] for request in lab.server.requests())


def test_named_server_that_moved_is_not_asked_about_its_old_jobs(lab: Runs, tmp_path: Path) -> None:
    """A job goes back to the address that took it."""
    lab.server.script({"phase": "poll", "fault": "no-key"})
    with pytest.raises(UnfinishedRun):
        run_lab(lab, {"LAB_KEY": KEY})
    file = tmp_path / "servers.toml"
    file.write_text(file.read_text().replace("/v1", "/v2"))
    with pytest.raises(Exception, match=r"was sent to http://127.0.0.1:.*/v1, and the base address is .*/v2 now"):
        run_lab(lab, {"LAB_KEY": KEY})
    assert lab.posts == 1


def test_named_server_needs_its_own_key(lab: Runs) -> None:
    """And no other."""
    with pytest.raises(MissingCredential, match="LAB_KEY"):
        run_lab(lab, {"OPENAI_API_KEY": KEY})
    assert lab.server.counts() == {}
