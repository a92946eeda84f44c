"""What a video server's answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vmevalkit_core import (
    Answer,
    Candidate,
    Done,
    Failed,
    GenerationRequest,
    KeyRefused,
    ModeratedError,
    NoCredit,
    Pending,
    RejectedError,
    RetryableError,
)
from vmevalkit_openai import answers
from vmevalkit_openai.answers import Span
from vmevalkit_openai.refusals import refusal

VIDEOS = "http://gpu-1:8091/v1/videos"
CONTENT = f"{VIDEOS}/video_1/content?variant=video"
LINK = "https://cdn.example/clip.mp4"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPAN = Span(since=NOW - timedelta(minutes=1), until=NOW + timedelta(minutes=1))


def answered(body: Any, status: int = 200, url: str = VIDEOS) -> Answer:
    """An answer of the server's."""
    return Answer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode(), url)


def state(body: Any) -> Pending | Done | Failed:
    """Where a job stands by such an answer."""
    return answers.job_state(answered(body), CONTENT)


@pytest.mark.parametrize(
    ("video", "progress", "stage"),
    [
        ({"status": "queued", "progress": 0}, 0.0, "queued"),
        ({"status": "in_progress", "progress": 42}, 0.42, "in_progress"),
        ({"status": "PROCESSING", "progress": "much"}, None, "processing"),
        ({"status": "running", "progress": 400}, None, "running"),
        ({"status": "running", "progress": True}, None, "running"),
    ],
)
def test_job_that_is_not_finished_goes_on(video: dict[str, Any], progress: float | None, stage: str) -> None:
    """In whatever words."""
    assert state(video) == Pending(progress=progress, stage=stage)


@pytest.mark.parametrize(("asked", "seconds"), [("1500", 1.5), ("soon", None), ("-5", None), ("99999999", 600.0)])
def test_pause_that_a_server_asks_for_is_kept(asked: str, seconds: float | None) -> None:
    """Within reason."""
    answer = Answer(200, {"openai-poll-after-ms": asked}, b'{"status": "queued"}', VIDEOS)
    pending = answers.job_state(answer, CONTENT)
    assert isinstance(pending, Pending)
    assert pending.poll_after == seconds


@pytest.mark.parametrize("word", ["completed", "succeeded", "Success"])
def test_finished_job_is_fetched_by_link_or_from_the_server(word: str) -> None:
    """A path is no link: it is the server's own affair."""
    assert state({"status": word}) == Done(video_url=CONTENT)
    assert state({"status": word, "url": LINK}) == Done(video_url=LINK)
    assert state({"status": word, "url": "/v1/files/1", "video_url": None}) == Done(video_url=CONTENT)
    only = answers.job_state(answered({"status": word, "url": LINK}), CONTENT, links=False)
    assert only == Done(video_url=CONTENT)


@pytest.mark.parametrize(
    ("error", "words", "moderated"),
    [
        ({"code": "moderation_blocked", "message": "No."}, "No (moderation_blocked)", True),
        ({"code": "video_generation_failed", "message": "It broke."}, "It broke (video_generation_failed)", False),
        ({"message": "CUDA out of memory"}, "CUDA out of memory", False),
        ("unsafe: content policy", "unsafe: content policy", True),
        (None, "no reason given", False),
        ([1], "[1]", False),
    ],
)
def test_failure_has_its_words(error: Any, words: str, moderated: bool) -> None:
    """In an object, or bare."""
    failed = state({"status": "failed", "error": error})
    assert isinstance(failed, Failed)
    assert failed.reason == f"the server failed the job: {words}"
    assert failed.moderated == moderated


@pytest.mark.parametrize("word", ["cancelled", "canceled", "deleted", "expired"])
def test_other_ends_are_failures(word: str) -> None:
    """With the server's word."""
    failed = state({"status": word, "error": {"message": "by hand"}})
    assert isinstance(failed, Failed)
    assert failed.reason == f"the job was {word} at the server: by hand"


@pytest.mark.parametrize("video", [None, [], {}, {"status": 5}, "completed"])
def test_nonsense_about_a_job_is_asked_again(video: Any) -> None:
    """It says nothing about the job."""
    with pytest.raises(RetryableError):
        state(video)


@pytest.mark.parametrize(("video", "job"), [({"id": "v1"}, "v1"), ({"id": 7}, "7"), ({"id": True}, ""), ([], "")])
def test_id_of_a_new_job(video: Any, job: str) -> None:
    """Some servers count."""
    assert answers.accepted(video) == job


def found(*rows: dict[str, Any]) -> list[Candidate]:
    """The rows that may be the request."""
    request = GenerationRequest(model="m", prompt="Solve it.", first_frame=None, token="t1")
    return list(answers.candidates(rows, request, SPAN))


def test_token_makes_a_job_exact() -> None:
    """Wherever the server keeps it, and whatever its clock says."""
    old = int(NOW.timestamp()) - 10_000
    assert found({"id": "a", "metadata": {"vmevalkit": "t1"}, "created_at": old})[0].exact
    assert found({"id": "a", "user": "t1"})[0].exact
    assert found({"id": "a", "metadata": {"vmevalkit": "t2"}}, {"id": "b", "user": "t2"}) == []


def test_job_without_a_token_may_be_ours_by_prompt_and_time() -> None:
    """Never for sure."""
    now = int(NOW.timestamp())
    rows = [
        {"id": "a", "prompt": "Solve it.", "created_at": now},
        {"id": "b", "prompt": "Another.", "created_at": now},
        {"id": "c", "prompt": "Solve it.", "created_at": now - 10_000},
        {"id": "d", "created_at": 10**30},
        {"id": "e", "created_at": now},
    ]
    assert [(one.id, one.exact) for one in found(*rows)] == [("a", False), ("d", False), ("e", False)]


def test_rows_that_make_no_sense_are_left_out() -> None:
    """A list that is none is asked for again."""
    assert answers.rows({"data": [None, {"id": 5}, {"id": "a"}]}) == [{"id": "a"}]
    with pytest.raises(RetryableError):
        answers.rows({"items": []})


def error(message: str, code: str = "") -> dict[str, Any]:
    """A refusal as OpenAI words it."""
    return {"error": {"message": message, "type": "x", "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, error("Invalid size.", "invalid_value"), RejectedError, "Invalid size"),
        (400, error("Blocked.", "moderation_blocked"), ModeratedError, "Blocked"),
        (422, {"detail": [{"loc": ["body", "fps"], "msg": "too big"}]}, RejectedError, "fps: too big"),
        (422, {"detail": [5]}, RejectedError, "detail"),
        (400, {"detail": "prompt is required"}, RejectedError, "prompt is required"),
        (400, {"error": "mock create failure"}, RejectedError, "mock create failure"),
        (401, error("Incorrect API key."), KeyRefused, "Incorrect API key"),
        (429, error("You exceeded your quota.", "insufficient_quota"), NoCredit, "exceeded your quota"),
        (400, error("The limit is reached.", "billing_hard_limit_reached"), NoCredit, "limit is reached"),
        (404, {"detail": "Not Found"}, RejectedError, "Not Found"),
        (405, b"<html>nginx</html>", RejectedError, "nginx"),
    ],
)
def test_refusal_is_sorted_by_what_to_do_next(status: int, body: Any, kind: type[Exception], words: str) -> None:
    """In OpenAI's words or in FastAPI's."""
    refused = refusal(answered(body, status), "OPENAI_API_KEY")
    assert type(refused) is kind
    assert words in str(refused)
    assert refused
    assert refused.hint


@pytest.mark.parametrize("status", [402, 403, 408, 429, 500, 502, 503])
def test_other_refusals_are_left_to_their_status(status: int) -> None:
    """A fault of the server's is never explained away: the request may have been taken."""
    assert refusal(answered(error("sorry", "rate_limit_exceeded"), status), "") is None


def test_closed_api_of_openai_is_told() -> None:
    """And what to set instead."""
    gone = refusal(answered(error("Not found"), 404, "https://api.openai.com/v1/videos"), "OPENAI_API_KEY")
    assert gone
    assert "2026-09-24" in gone.hint
    here = refusal(answered(error("Not found"), 404), "")
    assert here
    assert "/v1" in here.hint
