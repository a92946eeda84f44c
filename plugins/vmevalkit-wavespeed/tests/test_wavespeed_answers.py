"""What WaveSpeed's answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from vmevalkit_core import (
    Answer,
    Candidate,
    Done,
    Failed,
    KeyRefused,
    LostAnswer,
    ModeratedError,
    NoCredit,
    Pending,
    Refusal,
    RejectedError,
    RetryableError,
)
from vmevalkit_wavespeed import answers
from vmevalkit_wavespeed.refusals import refusal

CREATE = "https://api.wavespeed.ai/api/v3/wavespeed-ai/wan-2.2/i2v-720p"
POLL = "https://api.wavespeed.ai/api/v3/predictions/1/result"
LINK = "https://cdn.example/clip.mp4"


def answered(body: Any, status: int = 200, url: str = CREATE) -> Answer:
    """An answer of WaveSpeed's."""
    return Answer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode(), url)


@pytest.mark.parametrize(
    ("job", "stage"),
    [({"status": "created"}, "queued"), ({"status": "processing"}, "processing"), ({"status": "odd"}, "odd")],
)
def test_job_that_is_not_finished_goes_on(job: dict[str, Any], stage: str) -> None:
    """So does one in a state of tomorrow."""
    assert answers.job_state(job) == Pending(stage=stage)


def test_finished_job_has_a_link() -> None:
    """As a string, or in an object; a flag beside it is kept."""
    assert answers.job_state({"status": "completed", "outputs": [LINK]}) == Done(video_url=LINK)
    flagged = {"status": "completed", "outputs": [{"url": LINK}], "has_nsfw_contents": [True]}
    assert answers.job_state(flagged) == Done(video_url=LINK, extras={"flagged": True})


@pytest.mark.parametrize("outputs", [[], None, LINK, [None], [""], [{}]])
def test_success_without_a_video_is_a_failure(outputs: Any) -> None:
    """Moderation may look like that."""
    failed = answers.job_state({"status": "completed", "outputs": outputs})
    assert isinstance(failed, Failed)
    assert failed.moderated


@pytest.mark.parametrize("words", ["NSFW", "Safety system", "sensitive", "our policy", "moderation", "flagged"])
def test_words_of_moderation_are_known(words: str) -> None:
    """There is no code for it, and no refund is promised."""
    failed = answers.job_state({"status": "failed", "error": f"Refused: {words}."})
    assert isinstance(failed, Failed)
    assert failed.moderated
    assert "not promise" in failed.hint


@pytest.mark.parametrize("end", ["cancelled", "timeout", "deleted", "failed"])
def test_other_ends_are_failures(end: str) -> None:
    """Each with the reason that is given."""
    failed = answers.job_state({"status": end, "error": "worker lost"})
    assert isinstance(failed, Failed)
    assert not failed.moderated
    assert "worker lost" in failed.reason


@pytest.mark.parametrize("words", ["worker lost", "upstream answered 503", ""])
def test_money_of_a_failure_comes_back(words: str) -> None:
    """WaveSpeed promises that for every job that failed, so nothing is booked, and the hint says when."""
    failed = answers.job_state({"status": "failed", "error": words})
    assert isinstance(failed, Failed)
    assert failed.cost == Decimal(0)
    assert "within 3 hours" in failed.hint


@pytest.mark.parametrize(
    "job",
    [
        {"status": "failed", "error": "Refused: NSFW."},
        {"status": "completed", "outputs": []},
        {"status": "timeout"},
        {"status": "cancelled"},
        {"status": "deleted"},
    ],
)
def test_money_that_nobody_promised_is_not_told_as_back(job: dict[str, Any]) -> None:
    """The whole price stays booked as the most that it may have cost."""
    failed = answers.job_state(job)
    assert isinstance(failed, Failed)
    assert failed.cost is None
    assert "within 3 hours" not in failed.hint
    assert "money back" in failed.hint


@pytest.mark.parametrize("job", [None, [], {}, {"status": 5}, "completed"])
def test_nonsense_about_a_job_is_asked_again(job: Any) -> None:
    """It says nothing about the job."""
    with pytest.raises(RetryableError):
        answers.job_state(job)


@pytest.mark.parametrize(("code", "status"), [(429, 429), (401, 401), (500, 500), (5004, 500), (0, 500), ("x", 500)])
def test_code_in_the_envelope_counts_for_more_than_the_status(code: Any, status: int) -> None:
    """And one that nobody knows is a fault of the vendor's."""
    with pytest.raises(Refusal) as caught:
        answers.data(answered({"code": code, "message": "no", "data": None}))
    assert caught.value.response.status == status


def test_envelope_that_is_none_is_a_lost_answer() -> None:
    """A proxy's page, or a list."""
    for body in (b"<html>", [1], b""):
        with pytest.raises(LostAnswer):
            answers.data(answered(body))


def test_id_of_a_job_counts_for_more_than_the_code() -> None:
    """A job with an id is there, and may cost money."""
    assert answers.accepted(answered({"code": 5004, "message": "late", "data": {"id": "a1"}})) == "a1"
    assert answers.accepted(answered({"code": 200, "data": {}})) == ""
    with pytest.raises(Refusal):
        answers.accepted(answered({"code": 400, "message": "no"}))


@pytest.mark.parametrize(
    "ticket",
    [
        None,
        {"download_url": LINK},
        {"download_url": LINK, "upload": {"method": "POST", "url": LINK}},
        {"download_url": "", "upload": {"method": "PUT", "url": LINK}},
        {"download_url": LINK, "upload": {"method": "PUT", "url": LINK, "headers": [1]}},
    ],
)
def test_upload_that_makes_no_sense_is_asked_for_again(ticket: Any) -> None:
    """It costs nothing."""
    with pytest.raises(RetryableError):
        answers.place(ticket)


def test_upload_needs_no_headers() -> None:
    """Where none were signed."""
    assert answers.place({"download_url": LINK, "upload": {"method": "put", "url": "u"}}) == ("u", {}, LINK)


def test_listed_job_is_never_exact() -> None:
    """The list knows neither prompt nor picture; rows of other models and broken rows are left out."""
    rows = [
        {"id": "a", "model": "m", "created_at": "2026-11-23T12:00:00Z"},
        {"id": "b", "model": "other"},
        {"id": 5},
        None,
        {"id": "c"},
    ]
    made = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert answers.candidates({"items": rows}, "m") == [Candidate(id="a", created=made), Candidate(id="c")]


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "duration must be 5 or 8", RejectedError),
        (400, "enable_safety_checker has to be true or false", RejectedError),
        (400, "Insufficient balance", NoCredit),
        (400, "insufficient image resolution", RejectedError),
        (402, "Payment required", NoCredit),
        (403, "please top up your account", NoCredit),
        (400, "prompt flagged by moderation", ModeratedError),
        (401, "invalid key", KeyRefused),
        (404, "model not found", RejectedError),
    ],
)
def test_refusal_is_sorted_by_what_to_do_next(status: int, message: str, kind: type[Exception]) -> None:
    """No money shares its statuses with others."""
    error = refusal(answered({"code": status, "message": message}, status))
    assert type(error) is kind
    assert error.hint


@pytest.mark.parametrize("status", [403, 408, 413, 429, 500, 502, 503])
def test_other_refusals_are_left_to_their_status(status: int) -> None:
    """There WaveSpeed's sentence says nothing more."""
    assert refusal(answered({"message": "sorry"}, status)) is None


@pytest.mark.parametrize("status", [400, 402, 403, 404, 429])
def test_refused_poll_says_nothing_about_the_job(status: int) -> None:
    """It is paid for, and is asked about again."""
    assert refusal(answered({"message": "Insufficient balance"}, status, POLL)) is None
    assert isinstance(refusal(answered({"message": "no"}, 401, POLL)), KeyRefused)


def test_missing_upload_or_balance_is_no_missing_model() -> None:
    """It says nothing about the model."""
    for path in ("media/uploads", "balance"):
        assert refusal(answered({"message": "not found"}, 404, f"https://api.wavespeed.ai/api/v3/{path}")) is None
