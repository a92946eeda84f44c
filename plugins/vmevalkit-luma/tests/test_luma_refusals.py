"""What Luma means when it takes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

import vmevalkit_core as core
from vmevalkit_core import Answer
from vmevalkit_luma import errors
from vmevalkit_luma.refusals import refusal, requests_a_minute

CREATE = "https://agents.lumalabs.ai/v1/generations"
ISSUES = {"detail": [{"loc": ["body", "duration"], "msg": "Input should be '5s' or '9s'", "type": "literal_error"}]}


def meaning(status: int, body: Any, *, asks: bool = False, **headers: str) -> Any:
    """What a refusal is taken for."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(Answer(status, named, content, CREATE), key="LUMA_AGENTS_API_KEY", asks=asks)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, {"detail": "Unknown model: ray-9"}, errors.RejectedError, "Unknown model: ray-9"),
        (400, {"detail": "Insufficient credits"}, errors.NoCredit, "Insufficient credits"),
        (400, {"detail": "advanced moderation failed"}, errors.ModeratedError, "advanced moderation failed"),
        (400, {"detail": "contains blacklisted words"}, errors.ModeratedError, "blacklisted"),
        (400, b"<html>Bad Request</html>", errors.RejectedError, "Bad Request"),
        (400, b"", errors.RejectedError, "status 400"),
        (401, {"detail": "Invalid API key"}, errors.KeyRefused, "Invalid API key"),
        (402, {"detail": "Insufficient credits. Please add credits."}, errors.NoCredit, "Please add credits"),
        (403, {"detail": "Account suspended"}, errors.KeyRefused, "Account suspended"),
        (404, {"detail": "Not Found"}, errors.RejectedError, "Not Found"),
        (413, {"detail": "Image too large"}, errors.RejectedError, "Image too large"),
        (422, ISSUES, errors.RejectedError, "body.duration: Input should be '5s' or '9s'"),
        (422, {"detail": ["odd", {"type": "x"}]}, errors.RejectedError, "odd; body: x"),
        (429, {"detail": "Too many concurrent jobs"}, errors.Throttled, "Too many concurrent jobs"),
    ],
)
def test_refusal_is_sorted_by_what_to_do_next(status: int, body: Any, kind: type[Exception], words: str) -> None:
    """Each is Luma's error, and the kit's of the same name."""
    error = meaning(status, body)
    assert type(error) is kind
    assert isinstance(error, errors.LumaAPIError)
    assert isinstance(error, getattr(core, kind.__name__))
    assert words in error.message
    assert error.hint or kind is errors.Throttled


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504])
def test_other_refusals_are_left_to_their_status(status: int) -> None:
    """There Luma's body says nothing more."""
    assert meaning(status, {"detail": "Sorry"}) is None


@pytest.mark.parametrize(("status", "wait"), [(429, "7"), (429, "60"), (503, "3")])
def test_pause_is_taken_from_the_answer(status: int, wait: str) -> None:
    """For requests a minute as for jobs at once."""
    error = meaning(status, {"detail": "Later"}, retry_after=wait)
    assert isinstance(error, errors.Throttled)
    assert error.retry_after == float(wait)


def test_pause_of_hours_is_a_quota() -> None:
    """No run waits for that long."""
    error = meaning(429, {"detail": "Later"}, retry_after="7200")
    assert isinstance(error, errors.QuotaExhausted)
    assert "2.0 h" in error.hint


@pytest.mark.parametrize("status", [400, 402, 404, 422])
def test_refused_question_says_nothing_about_the_job(status: int) -> None:
    """It is paid for, and is asked about again."""
    assert meaning(status, {"detail": "moderation"}, asks=True) is None
    assert isinstance(meaning(401, {"detail": "Invalid API key"}, asks=True), errors.KeyRefused)


@pytest.mark.parametrize(("status", "limit", "told"), [(429, "30", 30), (200, "30", None), (429, "0", None)])
def test_limit_is_read_where_it_was_met(status: int, limit: str, told: int | None) -> None:
    """A limit that was not met slows nobody down."""
    assert requests_a_minute(Answer(status, {"x-ratelimit-limit": limit}, b"", CREATE)) == told


def test_every_error_derives_from_one() -> None:
    """So that `except LumaAPIError` catches all that the plugin raises, and `except` of the kit's the same."""
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind is not errors.LumaAPIError]
    assert len(found) == 10
    assert all(issubclass(kind, errors.LumaAPIError) and issubclass(kind, core.GenerationError) for kind in found)
