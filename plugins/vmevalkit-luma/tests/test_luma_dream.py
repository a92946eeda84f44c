"""Ray 2 against the wire of Dream Machine and a real bucket: the picture is linked, lost jobs are found by the link."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from luma_runs import BUCKET, HERE, KEY_ID, KEY_SECRET, Runs, bucket, storage_env
from PIL import Image
from test_luma_payload import asked

from vmevalkit_core import Context, MissingCredential, Submission, UnfinishedRun
from vmevalkit_core.limits import Limiter
from vmevalkit_core.testing import Simulator
from vmevalkit_luma import errors
from vmevalkit_luma.answers import mark

KEY = "luma-key-of-a-test"


@pytest.fixture(scope="module")
def vendor() -> Iterator[Simulator]:
    """Dream Machine on a loopback socket, with jobs that end at once."""
    with Simulator(f"{HERE / 'luma_dialects.py'}:DreamVendor", keys=[KEY], running_seconds=0.02) as simulator:
        yield simulator


@pytest.fixture
def luma(vendor: Simulator) -> Simulator:
    """The same as at its start."""
    vendor.reset()
    return vendor


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the storage keeps its buckets."""
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="module")
def storage(folder: Path) -> Iterator[str]:
    """A store that compares signatures."""
    with bucket(folder) as url:
        yield url


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """A picture as a question has it; one that no other test has uploaded."""
    path = tmp_path / "first_frame.png"
    Image.new("RGB", (1280, 720), f"#{hash(str(tmp_path)) & 0xFFFFFF:06x}").save(path)
    return path


@pytest.fixture
def runs(luma: Simulator, storage: str, frame: Path, tmp_path: Path) -> Runs:
    """Runs in an experiment of their own."""
    env = {"LUMA_API_KEY": KEY, "LUMAAI_BASE_URL": luma.url, **storage_env(storage)}
    return Runs(luma, "Dream", env, frame, tmp_path / "out")


def sent_link(runs: Runs, number: int = 0) -> str:
    """The link that Luma got."""
    return str(runs.luma.requests("submit")[number]["body"]["keyframes"]["frame0"]["url"])


def test_clip_comes_by_the_recorded_body(runs: Runs) -> None:
    """One POST, its fields and types as captured, a link in it under which Luma gets the very picture."""
    assert runs.once()["status"] == "success"
    (post,) = runs.luma.requests("submit")
    names = ["model", "aspect_ratio", "duration", "keyframes", "loop", "resolution", "prompt"]
    assert (list(post["body"]), post["path"]) == (names, "/generations/video")
    assert (post["body"]["duration"], post["body"]["resolution"]) == ("5s", "720p")
    assert post["body"]["keyframes"]["frame0"]["type"] == "image"
    (job,) = runs.luma.accepted()
    assert job["facts"]["fetched"] == 200


def test_nothing_secret_reaches_the_disk(runs: Runs) -> None:
    """Not the keys, not the link of the picture, and the key of Luma does not go to the store of the videos."""
    runs.once()
    (signature,) = parse_qs(urlsplit(sent_link(runs)).query)["X-Amz-Signature"]
    assert not [one for one in (KEY, KEY_ID, KEY_SECRET, signature, "X-Amz") if one in runs.texts()]
    assert "authorization" not in runs.luma.requests("download")[0]["headers"]


def test_link_in_the_words_of_a_failure_is_cut(runs: Runs) -> None:
    """Luma may quote what it was asked."""
    words = f"cannot fetch https://b.example/k.png?X-Amz-Credential={KEY_ID}%2F2026&X-Amz-Signature=abc123"
    runs.luma.script({"phase": "submit", "fault": "fails", "message": words})
    assert "abc123" not in str(runs.once()["error"])
    assert not [one for one in (KEY_ID, "abc123") if one in runs.texts()]


def test_each_run_has_a_link_of_its_own_and_one_upload(runs: Runs, folder: Path) -> None:
    """Its token stands in the link; the picture stands in the bucket once."""
    before = len(list((folder / BUCKET).rglob("*.png")))
    runs.once()
    first = runs.record["provenance"]["token"]
    runs.output = runs.output.with_name("again")
    runs.once()
    second = runs.record["provenance"]["token"]
    assert mark(first) in sent_link(runs, 0)
    assert mark(second) in sent_link(runs, 1)
    assert first != second
    assert len(list((folder / BUCKET).rglob("*.png"))) == before + 1


@pytest.mark.parametrize("name", ["LUMA_API_KEY", "LUMAAI_API_KEY"])
def test_either_name_of_the_key_will_do(runs: Runs, name: str) -> None:
    """The second is that of Luma's own client."""
    del runs.env["LUMA_API_KEY"]
    runs.env[name] = KEY
    assert runs.once()["status"] == "success"
    assert runs.luma.requests("submit")[0]["headers"]["authorization"] == f"Bearer {KEY}"


def test_missing_bucket_names_the_ways_out(runs: Runs) -> None:
    """Before anything is sent or written."""
    del runs.env["S3_BUCKET"]
    with pytest.raises(MissingCredential, match="needs S3_BUCKET, which is not set") as caught:
        runs.once()
    assert not [words for words in ("luma-ray-3.2", "vmevalkit-core[s3]") if words not in caught.value.hint]
    assert (runs.posts, runs.output.exists()) == (0, False)


WRONG = [
    ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY is not"),
    ({"AWS_SECRET_ACCESS_KEY": "wrong-secret"}, "refuses the AWS credentials"),
    ({"S3_BUCKET": "nowhere-at-all"}, "there is no bucket nowhere-at-all"),
]
"""What is changed, and what is told."""


@pytest.mark.parametrize(("changes", "words"), WRONG, ids=[words for _, words in WRONG])
def test_storage_that_cannot_be_used_ends_the_sending(runs: Runs, changes: dict[str, str], words: str) -> None:
    """Nothing has been sent, the run waits, and the same command sends it once that is mended."""
    good = dict(runs.env)
    runs.env |= changes
    with pytest.raises(UnfinishedRun, match=words) as caught:
        runs.once()
    cause = caught.value.__cause__
    assert isinstance(cause, errors.StorageUnusable)
    assert isinstance(cause, errors.LumaAPIError)
    assert "luma-ray-3.2" in cause.hint
    assert runs.posts == 0
    runs.env = good
    assert runs.once()["status"] == "success"


def test_job_is_collected_without_any_storage(runs: Runs) -> None:
    """All that a resumed run needs is the key, and a name in S3_BUCKET."""
    runs.luma.script({"phase": "poll", "fault": "no-key"})
    with pytest.raises(UnfinishedRun):
        runs.once()
    runs.luma.script()
    runs.env |= {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


@pytest.mark.parametrize("fault", ["lost-reset", "lost-closed", "lost-502", "lost-504", "lost-silent"])
def test_lost_job_is_found_by_its_link(runs: Runs, fault: str) -> None:
    """In Luma's list: the command goes on with it as if nothing had been lost."""
    assert runs.twice(fault)[-1] == "success"
    assert (runs.posts, len(runs.luma.accepted())) == (1, 1)
    assert runs.record["output"]["generation_id"] == runs.luma.accepted()[0]["id"]


def test_request_that_luma_does_not_list_stays_uncertain(runs: Runs) -> None:
    """Its list is not known to be complete, so a person decides."""
    runs.luma.set(listed_after=3600.0)
    assert runs.twice("lost-reset") == ["uncertain", "uncertain"]
    assert runs.posts == 1


def test_job_of_another_run_is_never_adopted(runs: Runs) -> None:
    """Same picture, same prompt, another mark."""
    runs.once()
    runs.output = runs.output.with_name("again")
    assert runs.twice("closed") == ["uncertain", "uncertain"]
    assert runs.posts == 2


CLEAR = ["bad-input", "no-key", "no-money", "moderated-at-once", "missing", "rate-seconds", "rate-date"]


@pytest.mark.parametrize("fault", [*CLEAR, "unavailable-seconds"])
def test_clear_refusal_is_paid_once_or_never(runs: Runs, fault: str) -> None:
    """Two commands, of which the first meets the fault once."""
    ends = runs.twice(fault)
    assert "uncertain" not in ends
    assert len(runs.luma.accepted()) == ("success" in ends)


REASONS = [
    ("frame moderation failed", "ModeratedError"),
    ("400: prompt not allowed because advanced moderation failed", "ModeratedError"),
    ("contains blacklisted words", "ModeratedError"),
    ("failed to read user input frames", "RejectedError"),
    ("job failed", "JobFailed"),
    ("error dispatching job", "JobFailed"),
]
"""Luma's words, and what the record calls the failure."""


@pytest.mark.parametrize(("words", "kind"), REASONS, ids=[words for words, _ in REASONS])
def test_failed_job_is_recorded_in_words(runs: Runs, words: str, kind: str) -> None:
    """It costs nothing, by Luma's documents, and is not sent again."""
    runs.luma.script({"phase": "submit", "fault": "fails", "message": words})
    assert [runs.once()["error"] for _ in range(2)] == [f"Luma failed the job: {words}"] * 2
    facts = runs.record["provenance"]
    assert (facts["failure"]["type"], facts["cost"]["charged"], runs.posts) == (kind, "0", 1)


def test_link_that_luma_cannot_follow_is_named(runs: Runs) -> None:
    """As from a store that only the user's own network reaches."""
    generator = quick(runs.env | {"AWS_SECRET_ACCESS_KEY": "wrong-secret"})
    uploader = generator._uploader()
    generator.host = lambda image: asyncio.to_thread(lambda: f"vmevalkit/{image.sha256}.png")
    assert uploader.bucket == BUCKET
    state = asyncio.run(ended(generator, runs))
    assert "failed to read user input frames" in state.reason
    assert "reached from outside" in state.hint


@pytest.mark.parametrize("fault", ["link-expired", "expired"])
def test_expired_link_is_minted_again(runs: Runs, fault: str) -> None:
    """By another poll."""
    phase = "poll" if fault == "link-expired" else "download"
    runs.luma.script({"phase": phase, "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


@pytest.mark.parametrize("fault", ["page-502", "odd-state", "lost-reset", "missing", "malformed", "null"])
def test_bad_poll_never_ends_a_job(runs: Runs, fault: str) -> None:
    """It is asked about again."""
    runs.luma.script({"phase": "poll", "fault": fault, "times": 1})
    assert runs.once()["status"] == "success"
    assert runs.posts == 1


def quick(env: dict[str, str]) -> Any:
    """The generator without a runner around it."""
    sys.path.insert(0, str(HERE))
    from luma_quick import QuickDream

    return QuickDream(QuickDream.spec, Context(env=env, limiter=Limiter(1)))


async def ended(generator: Any, runs: Runs) -> Any:
    """The state of a job that was sent by hand, once it has ended."""
    request = asked(path=runs.frame, link="vmevalkit/none.png")
    job: Submission = await generator.submit(request)
    while True:
        state = await generator.poll(job)
        if type(state).__name__ != "Pending":
            await generator.context.http.close()
            return state
        await asyncio.sleep(0.02)
