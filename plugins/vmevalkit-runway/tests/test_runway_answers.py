"""What Runway's answers mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vmevalkit_core import Done, Failed, Pending, RetryableError
from vmevalkit_runway import answers
from vmevalkit_runway.answers import task_state

TASK = {"id": "17f20503-6c24-4c16-946b-35dbbce2af2f", "createdAt": "2026-11-23T12:00:00.000Z"}


def state(**task: Any) -> Pending | Done | Failed:
    """Where a job stands by such an answer."""
    return task_state(TASK | task)


@pytest.mark.parametrize(
    ("task", "progress", "stage"),
    [
        ({"status": "PENDING", "estimatedCost": {"credits": 25}}, None, "queued"),
        ({"status": "THROTTLED", "estimatedCost": {"credits": 25}}, None, "waiting for a free place of the account"),
        ({"status": "RUNNING", "progress": 0.42, "estimatedCost": {"credits": 25}}, 0.42, "running"),
        ({"status": "RUNNING", "progress": "soon"}, None, "running"),
        ({"status": "RUNNING", "progress": 7}, None, "running"),
        ({"status": "UPSCALING"}, None, "upscaling"),
    ],
)
def test_job_that_is_not_finished_goes_on(task: dict[str, Any], progress: float | None, stage: str) -> None:
    """Queued and throttled are no failures, nor is a state of tomorrow."""
    assert state(**task) == Pending(progress=progress, stage=stage)


def test_finished_job_has_a_link_and_a_price() -> None:
    """A credit is a cent."""
    done = state(status="SUCCEEDED", output=["https://cdn.example/clip.mp4?_jwt=x"], cost={"credits": 25})
    assert done == Done(video_url="https://cdn.example/clip.mp4?_jwt=x", cost=Decimal("0.25"))


@pytest.mark.parametrize("output", [[], None, "https://cdn.example/clip.mp4", [None], [""]])
def test_success_without_a_video_is_a_failure(output: Any) -> None:
    """Moderation may look like that."""
    failed = state(status="SUCCEEDED", output=output, cost={"credits": 0})
    assert isinstance(failed, Failed)
    assert failed.moderated
    assert failed.cost == 0
    assert "gives no video" in failed.reason
    assert "charged nothing" in failed.hint


@pytest.mark.parametrize(
    ("code", "blame", "hint"),
    [
        ("SAFETY.INPUT.TEXT", "moderated", "does not refund"),
        ("SAFETY.INPUT.IMAGE", "moderated", "does not refund"),
        ("SAFETY.OUTPUT.VIDEO", "moderated", "another seed"),
        ("SAFETY.SOMETHING", "moderated", "change the picture"),
        ("INPUT_PREPROCESSING.SAFETY.TEXT", "moderated", "change the prompt"),
        ("INPUT_PREPROCESSING.INTERNAL", "", "try again later"),
        ("INTERNAL.BAD_OUTPUT.CODE01", "", "nothing usable"),
        ("ASSET.INVALID", "rejected", "cannot read the picture"),
        ("THIRD_PARTY.UNAVAILABLE", "", "behind this model is down"),
        ("INTERNAL", "", "Runway's fault"),
        ("NEW.CODE", "", "Runway's fault"),
        (None, "", "Runway's fault"),
    ],
)
def test_failure_code_says_what_to_do_next(code: str | None, blame: str, hint: str) -> None:
    """By its beginning; the words and the code are kept."""
    failed = state(status="FAILED", failure="It did not work.", failureCode=code, cost={"credits": 25})
    assert isinstance(failed, Failed)
    assert (failed.rejected, failed.moderated) == (blame == "rejected", blame == "moderated")
    assert failed.cost == Decimal("0.25")
    assert failed.reason == f"Runway failed the job: It did not work ({code or 'no failure code'})"
    assert hint in failed.hint
    assert failed.hint.endswith("Runway charged 0.25 USD")


def test_cancelled_job_has_ended() -> None:
    """The official SDK polls it for ever."""
    failed = state(status="CANCELLED", cost={"credits": 0})
    reason = "the job was cancelled or deleted at Runway"
    assert failed == Failed(reason=reason, hint="Runway charged nothing", cost=Decimal(0))


@pytest.mark.parametrize(
    "cost",
    [None, {}, {"credits": None}, {"credits": "5"}, {"credits": -1}, {"credits": True}, {"credits": float("nan")}, 5],
)
def test_cost_that_makes_no_sense_is_unknown(cost: Any) -> None:
    """It is never taken for a refund."""
    assert answers.charged({"cost": cost}) is None
    assert answers.money_words({"cost": cost}) == "Runway does not say what it charged"


@pytest.mark.parametrize("answer", [None, [], "SUCCEEDED", {}, {"status": None}, {"status": 3}, {"error": "oops"}])
def test_answer_that_makes_no_sense_is_asked_for_again(answer: Any) -> None:
    """One bad answer never ends a job."""
    with pytest.raises(RetryableError, match="makes no sense"):
        task_state(answer)


def test_endless_words_are_cut() -> None:
    """A record is no place for a web page."""
    failed = state(status="FAILED", failure="a b\n" * 10_000)
    assert isinstance(failed, Failed)
    assert len(failed.reason) < 400


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"id": "a", "estimatedCost": {"credits": 25.5}}, ("a", Decimal("0.255"))),
        ({"id": "a"}, ("a", None)),
        ({"id": 5, "estimatedCost": 3}, ("", None)),
        ([{"id": "a"}], ("", None)),
        (None, ("", None)),
    ],
)
def test_new_job_has_an_id_and_a_highest_price(answer: Any, expected: tuple[str, Decimal | None]) -> None:
    """Nothing in the answer may break the one thing that has to be kept, the id."""
    assert answers.accepted(answer) == expected
