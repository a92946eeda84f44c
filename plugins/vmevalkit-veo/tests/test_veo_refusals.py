"""What Google means when it takes nothing, in each shape of its error bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vmevalkit_core import (
    Answer,
    GenerationError,
    KeyRefused,
    ModeratedError,
    NoCredit,
    QuotaExhausted,
    RejectedError,
    Throttled,
)
from vmevalkit_veo.refusals import GEMINI, VERTEX, refusal
from vmevalkit_veo.words import is_moderation, said

CREATE = "https://generativelanguage.googleapis.com/v1/interactions"
POLL = f"{CREATE}/v1_1"
PREDICT = "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/locations/l/publishers/google/models/m"
PLAN = "You exceeded your current quota, please check your plan and billing details."
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}
DAY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}
BILLING_OFF = [{"reason": "BILLING_DISABLED"}]


def answer(status: int, body: Any, url: str = CREATE, **headers: str) -> Answer:
    """A refusal as the kit sees it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers, content, url)


def error(message: str, code: Any = None, **more: Any) -> dict[str, Any]:
    """Google's usual body."""
    return {"error": {"code": code, "message": message} | more}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, error("Bad field.", "invalid_request"), RejectedError, "Bad field"),
        (400, error("Bad field.", 400, status="INVALID_ARGUMENT"), RejectedError, "Bad field"),
        (400, [error("Bad field.", 400)], RejectedError, "Bad field"),
        (400, {"error": "Bad field."}, RejectedError, "Bad field"),
        (400, b"<html><h1>Bad Request</h1></html>", RejectedError, "Bad Request"),
        (400, b"", RejectedError, "status 400"),
        (400, [], RejectedError, ""),
        (400, error("The prompt was blocked by the safety filters."), ModeratedError, "blocked"),
        (400, error("It violates Google's Responsible AI practices."), ModeratedError, "Responsible AI"),
        (400, error("API key not valid. Please pass a valid API key.", 400), KeyRefused, "API key not valid"),
        (400, error("Odd.", 400, details=[{"reason": "API_KEY_INVALID"}]), KeyRefused, "Odd"),
        (400, error("User location is not supported for the API use."), KeyRefused, "location"),
        (400, error("Please enable billing on the project."), NoCredit, "billing"),
        (401, error("Missing credentials."), KeyRefused, "Missing"),
        (402, error("Pay first."), NoCredit, "Pay first"),
        (403, error("Permission denied."), KeyRefused, "Permission denied"),
        (403, error("No.", 403, details=BILLING_OFF), NoCredit, "No"),
        (404, error("models/veo-2.0-generate-001 is no longer available."), RejectedError, "no longer available"),
        (429, error("Slow down.", 429), Throttled, "Slow down"),
        (429, [error(PLAN, 429, details=[RETRY])], Throttled, "current quota"),
        (429, error(PLAN, 429), QuotaExhausted, "current quota"),
        (429, error(PLAN, 429, details=[RETRY, DAY]), QuotaExhausted, "current quota"),
        (429, error("Your prepayment credits are depleted.", 429), NoCredit, "depleted"),
    ],
)
@pytest.mark.parametrize(("service", "url"), [(GEMINI, CREATE), (VERTEX, f"{PREDICT}:predictLongRunning")])
def test_refusal_is_sorted_by_what_to_do_next(
    service: Any, url: str, status: int, body: Any, kind: type[GenerationError], words: str
) -> None:
    """Status, code and words: none of them tells enough alone."""
    found = refusal(answer(status, body, url), service)
    assert type(found) is kind
    assert words in found.message
    assert isinstance(found, Throttled) or found.hint


def test_pause_in_the_body_is_kept() -> None:
    """In seconds, with a fraction."""
    found = refusal(answer(429, error(PLAN, 429, details=[RETRY])), GEMINI)
    assert isinstance(found, Throttled)
    assert found.retry_after == 34.07


def test_pause_in_the_header_is_left_to_the_kit() -> None:
    """It waits for short ones and calls long ones a quota."""
    assert refusal(answer(429, error("Slow down."), **{"retry-after": "7"}), GEMINI) is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_fault_of_google_is_left_to_its_status(status: int) -> None:
    """The request may have been taken, whatever the words are."""
    assert refusal(answer(status, error("API key not valid.", status)), GEMINI) is None


@pytest.mark.parametrize("status", [400, 404, 429])
@pytest.mark.parametrize(("service", "url"), [(GEMINI, POLL), (VERTEX, f"{PREDICT}:fetchPredictOperation")])
def test_refused_poll_says_nothing_about_the_job(service: Any, url: str, status: int) -> None:
    """But for the key."""
    assert refusal(answer(status, error("Invalid interaction name"), url), service) is None
    assert isinstance(refusal(answer(400, error("API key not valid."), url), service), KeyRefused)


@pytest.mark.parametrize(
    "body",
    [
        [[]],
        {"error": []},
        {"error": {"message": 5, "details": "x"}},
        {"error": {"details": [None, {"violations": [None, 3]}, {"retryDelay": 7}, {"retryDelay": "soon"}]}},
        None,
        5,
    ],
)
def test_body_of_any_shape_is_survived(body: Any) -> None:
    """A vendor's error body is not a promise."""
    found = said(answer(400, body))
    assert found.message
    assert found.retry_after is None


@pytest.mark.parametrize(
    "words",
    ["Invalid value of safety_settings.", "The image is too large.", "duration has to be 8", "Quota exceeded", ""],
)
def test_plain_mistakes_are_no_moderation(words: str) -> None:
    """The user would change the wrong thing."""
    assert not is_moderation(words)
