"""What Google's answers about a job mean."""

from __future__ import annotations

from typing import Any

import pytest

from vmevalkit_core import Done, Failed, Pending, RetryableError
from vmevalkit_veo import answers

NAME = "projects/p/locations/l/publishers/google/models/m/operations/1"


def vertex(**changes: Any) -> Pending | Done | Failed:
    """Where an operation stands."""
    return answers.operation_state({"name": NAME} | changes, NAME)


def omni(status: str, **changes: Any) -> Pending | Done | Failed:
    """Where an interaction stands."""
    return answers.interaction_state({"id": "v1_1", "status": status} | changes, "v1_1")


def made(*content: Any) -> list[dict[str, Any]]:
    """The steps of an interaction that made something."""
    shown = {"type": "user_input", "content": [{"type": "video", "uri": "https://elsewhere.example"}]}
    return [shown, {"type": "thought", "signature": "x"}, {"type": "model_output", "content": list(content)}]


@pytest.mark.parametrize("changes", [{}, {"done": False}, {"done": None}, {"metadata": {"state": "NEW"}}])
def test_operation_without_an_end_goes_on(changes: dict[str, Any]) -> None:
    """There is no `done` before it is true."""
    assert vertex(**changes) == Pending(stage="running")


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ({"bytesBase64Encoded": "AAAA", "mimeType": "video/mp4"}, Done(extras={"inline_job": NAME})),
        ({"gcsUri": "gs://b/c.mp4", "mimeType": "video/mp4"}, Done(video_url="gs://b/c.mp4")),
    ],
)
def test_operation_that_is_done_has_a_video(video: dict[str, Any], expected: Done) -> None:
    """In the answer, or in a bucket."""
    assert vertex(done=True, response={"videos": [video]}) == expected


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ({"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["17301594: Celebrity"]}, "17301594: Celebrity"),
        ({"raiMediaFilteredCount": 1}, "gives no reason"),
        ({"videos": [], "raiMediaFilteredReasons": ["a", "b"]}, "a; b"),
    ],
)
def test_filtered_video_is_moderation(response: dict[str, Any], words: str) -> None:
    """It looks like a success."""
    failed = vertex(done=True, response=response)
    assert isinstance(failed, Failed)
    assert failed.moderated
    assert words in failed.reason
    assert failed.cost is None


@pytest.mark.parametrize("response", [{}, None, {"videos": []}, {"videos": None}, "done"])
def test_success_without_video_and_reason_is_a_failure(response: Any) -> None:
    """And nobody's moderation."""
    failed = vertex(done=True, response=response)
    assert isinstance(failed, Failed)
    assert not failed.moderated


@pytest.mark.parametrize(
    ("error", "rejected", "moderated", "hint"),
    [
        ({"code": 3, "message": "Bad picture."}, True, False, "change what the message names"),
        ({"code": 3, "message": "It violates our usage guidelines."}, True, True, "change the picture"),
        ({"code": 8, "message": "Quota."}, False, False, "quota was used up"),
        ({"code": 13, "message": "Internal."}, False, False, "Google's fault"),
        ({"code": 14}, False, False, "Google's fault"),
        ({}, False, False, "Google's fault"),
    ],
)
def test_error_of_an_operation_is_sorted(error: Any, rejected: bool, moderated: bool, hint: str) -> None:
    """By a number that is none of HTTP."""
    failed = vertex(done=True, error=error)
    assert isinstance(failed, Failed)
    assert (failed.rejected, failed.moderated) == (rejected, moderated)
    assert hint in failed.hint


@pytest.mark.parametrize("answer", [None, [], "done", {}, {"name": 5}, {"error": {"code": 13}}, {"done": True}])
def test_operation_that_makes_no_sense_is_asked_for_again(answer: Any) -> None:
    """One bad answer never ends a job."""
    with pytest.raises(RetryableError, match="makes no sense"):
        answers.operation_state(answer, NAME)


@pytest.mark.parametrize("video", [{}, {"gcsUri": "https://elsewhere.example/c.mp4"}, {"gcsUri": 5}])
def test_video_in_a_new_shape_ends_no_job(video: Any) -> None:
    """It is paid for, and a newer version may read it."""
    with pytest.raises(RetryableError, match="cannot be found"):
        vertex(done=True, response={"videos": [video]})
    with pytest.raises(RetryableError, match="cannot be found"):
        omni("completed", steps=made({"type": "video", "link": video}))


@pytest.mark.parametrize(
    ("status", "stage"), [("in_progress", "running"), ("queued", "queued"), ("contemplating", "contemplating")]
)
def test_interaction_that_is_not_finished_goes_on(status: str, stage: str) -> None:
    """Also in a status of tomorrow."""
    assert omni(status) == Pending(stage=stage)


def test_video_of_an_interaction_is_what_the_model_made() -> None:
    """Not what it was shown, nor what it thought; its tokens are kept."""
    steps = made({"type": "text", "text": "Here."}, {"type": "video", "uri": "https://a.example/files/1:download"})
    done = omni("completed", steps=steps, usage={"total_output_tokens": 28960, "odd": "x"})
    assert done == Done(
        video_url="https://a.example/files/1:download", extras={"usage": {"total_output_tokens": 28960}}
    )


def test_video_may_be_in_the_answer_itself() -> None:
    """Although a link was asked for; also beside the steps."""
    inline = Done(extras={"inline_job": "v1_1"})
    assert omni("completed", steps=made({"type": "video", "data": "AAAA"})) == inline
    assert omni("completed", output_video={"type": "video", "data": "AAAA"}) == inline


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": made({"type": "text", "text": "I can't show that person."})}, "I can't show that person."),
        ({"steps": made()}, "gives no video"),
        ({"steps": None}, "gives no video"),
        ({}, "gives no video"),
    ],
)
def test_refusal_that_looks_like_success_is_moderation(changes: dict[str, Any], words: str) -> None:
    """Its text is the reason."""
    failed = omni("completed", **changes)
    assert isinstance(failed, Failed)
    assert failed.moderated
    assert words in failed.reason


@pytest.mark.parametrize(
    ("errors", "moderated", "words"),
    [
        ([{"code": "blocked", "message": "Blocked by the safety filters."}], True, "(blocked)"),
        ([{"code": 13, "message": "It broke."}], False, "It broke. (13)"),
        ([], False, "no reason given"),
        (None, False, "no reason given"),
        (["odd"], False, "no reason given"),
    ],
)
def test_failed_interaction_tells_its_errors(errors: Any, moderated: bool, words: str) -> None:
    """If it has any."""
    failed = omni("failed", errors=errors)
    assert isinstance(failed, Failed)
    assert failed.moderated is moderated
    assert words in failed.reason


@pytest.mark.parametrize("status", sorted(answers.ENDINGS))
def test_other_ends_are_failures(status: str) -> None:
    """A video needs no further action and no continuation."""
    failed = omni(status)
    assert isinstance(failed, Failed)
    assert not failed.moderated


@pytest.mark.parametrize("answer", [None, [], "completed", {}, {"status": None}, {"error": {"message": "no"}}])
def test_interaction_that_makes_no_sense_is_asked_for_again(answer: Any) -> None:
    """One bad answer never ends a job."""
    with pytest.raises(RetryableError, match="makes no sense"):
        answers.interaction_state(answer, "v1_1")


@pytest.mark.parametrize("answer", [None, [{"id": "x"}], {}, {"id": 5, "name": None}])
def test_new_job_without_a_name_has_none(answer: Any) -> None:
    """Nothing is made up."""
    assert (answers.operation_of(answer), answers.interaction_of(answer)) == ("", "")


def test_endless_words_are_cut() -> None:
    """A record is no place for a web page."""
    failed = vertex(done=True, error={"code": 13, "message": "a b\n" * 10_000})
    assert isinstance(failed, Failed)
    assert len(failed.reason) < 400
