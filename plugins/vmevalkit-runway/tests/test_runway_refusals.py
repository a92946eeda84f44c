"""What Runway means when it takes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vmevalkit_core import Answer, GenerationError, KeyRefused, NoCredit, QuotaExhausted, RejectedError
from vmevalkit_runway.refusals import refusal

CREATE = "https://api.dev.runwayml.com/v1/image_to_video"
POLL = "https://api.dev.runwayml.com/v1/tasks/1"
INVALID = {
    "error": "Validation of body failed",
    "issues": [
        {"code": "too_big", "path": ["promptText"], "message": "Too long"},
        {"code": "custom", "path": ["promptImage", 0, "uri"], "message": "Invalid asset"},
    ],
    "docUrl": "https://docs.dev.runwayml.com/api",
}
EMPTY = {"error": "You do not have enough credits to run this task.", "docUrl": "https://docs.dev.runwayml.com"}


def meaning(status: int, body: Any, url: str = CREATE, **headers: str) -> Any:
    """What a refusal is taken for."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refusal(Answer(status, headers, content, url))


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, INVALID, RejectedError, "(promptText: Too long; promptImage.0.uri: Invalid asset)"),
        (400, {"error": "Validation of body failed", "issues": []}, RejectedError, "Validation of body failed"),
        (400, b"<html>Bad Request</html>", RejectedError, "Bad Request"),
        (400, b"", RejectedError, "status 400"),
        (400, ["odd"], RejectedError, "odd"),
        (400, EMPTY, NoCredit, "not have enough credits"),
        (
            400,
            {"error": "No", "issues": [{"path": [], "message": "credits: unknown field"}]},
            RejectedError,
            "body: cred",
        ),
        (401, {"error": "Invalid API key"}, KeyRefused, "Invalid API key"),
        (429, {"error": "Daily limit reached"}, QuotaExhausted, "Daily limit reached"),
    ],
)
def test_refusal_is_sorted_by_what_to_do_next(status: int, body: Any, kind: type[GenerationError], words: str) -> None:
    """Bad input and an empty account share a status."""
    error = meaning(status, body)
    assert type(error) is kind
    assert words in error.message
    assert error.hint


@pytest.mark.parametrize("status", [402, 403, 404, 405, 409, 500, 502, 503, 504])
def test_other_refusals_are_left_to_their_status(status: int) -> None:
    """There Runway's body says nothing more."""
    assert meaning(status, {"error": "Sorry"}) is None


def test_time_to_come_back_is_left_to_the_kit() -> None:
    """It waits for short ones and calls long ones a quota."""
    assert meaning(429, {"error": "Slow down"}, **{"retry-after": "7"}) is None


@pytest.mark.parametrize("status", [400, 404, 429])
def test_refused_poll_says_nothing_about_the_job(status: int) -> None:
    """It is paid for, and is asked about again."""
    assert meaning(status, EMPTY, POLL) is None
    assert isinstance(meaning(401, {"error": "Invalid API key"}, POLL), KeyRefused)


def test_issues_of_any_shape_are_survived() -> None:
    """A vendor's error body is not a promise."""
    error = meaning(400, {"error": 5, "issues": [None, {"path": None}, {"path": "ratio", "code": "bad"}]})
    assert "(body: None; ratio: bad)" in error.message
