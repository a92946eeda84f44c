"""What Luma's answers mean, in either API."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from test_luma_payload import asked

from vmevalkit_core import Done, Failed, Pending
from vmevalkit_luma import answers
from vmevalkit_luma.errors import RetryableError

JOB = {"id": "123e4567", "type": "video", "model": "ray-3.2", "created_at": "2026-11-23T12:00:00.000Z"}
DREAM = {"id": "123e4567", "generation_type": "video", "assets": None, "failure_reason": None}
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
both = pytest.mark.parametrize("state", [answers.agents_state, answers.dream_state], ids=["agents", "dream"])


@both
@pytest.mark.parametrize("word", ["queued", "processing", "dreaming", "upscaling"])
def test_job_that_is_not_finished_goes_on(state: Any, word: str) -> None:
    """Also in a state of tomorrow."""
    assert state({**JOB, "state": word, "output": [], "assets": None}) == Pending(stage=word)


def test_finished_job_has_a_link() -> None:
    """The first of its outputs that is one; in the older API the video among its assets."""
    job = {**JOB, "state": "completed", "output": [{"type": "note"}, {"url": "https://cdn.example/a.mp4?s=1"}]}
    assert answers.agents_state(job) == Done(video_url="https://cdn.example/a.mp4?s=1")
    dream = {**DREAM, "state": "completed", "assets": {"video": "https://cdn.example/a.mp4", "image": None}}
    assert answers.dream_state(dream) == Done(video_url="https://cdn.example/a.mp4")


@pytest.mark.parametrize("output", [[], None, [None], [{}], [{"url": ""}], [{"url": 3}], {"url": "https://a"}, "a"])
def test_completed_job_without_an_output_has_failed(output: Any) -> None:
    """What it cost is not known."""
    failed = answers.agents_state({**JOB, "state": "completed", "output": output})
    assert isinstance(failed, Failed)
    assert "gives no video" in failed.reason
    assert (failed.moderated, failed.rejected, failed.cost) == (False, False, None)


@pytest.mark.parametrize("assets", [None, {}, {"video": None}, {"video": ""}, {"image": "https://a"}, [], "a"])
def test_completed_job_without_a_video_has_failed(assets: Any) -> None:
    """Every member of `assets` is optional."""
    assert isinstance(answers.dream_state({**DREAM, "state": "completed", "assets": assets}), Failed)


@pytest.mark.parametrize(
    ("code", "blame", "hint"),
    [
        ("content_moderated", "moderated", "change the picture or the prompt"),
        ("generation_failed", "", "--retry-failed"),
        ("output_not_found", "", "--retry-failed"),
        ("rate_limited", "", "--retry-failed"),
        ("budget_exhausted", "", "raise the budget"),
        ("image_too_large", "rejected", "lower resolution"),
        ("unsupported_format", "rejected", "PNG or JPEG"),
        ("corrupt_input", "rejected", "PNG or JPEG"),
        ("invalid_request", "rejected", "models show"),
        ("of_tomorrow", "", "--retry-failed"),
        (None, "", "--retry-failed"),
        (3, "", "--retry-failed"),
    ],
)
def test_failure_code_says_what_to_do_next(code: Any, blame: str, hint: str) -> None:
    """The words and the code are kept; the money is not spoken of, so nothing is said about it."""
    failed = answers.agents_state({**JOB, "state": "failed", "failure_code": code, "failure_reason": "No luck."})
    named = code if isinstance(code, str) else "no failure code"
    assert isinstance(failed, Failed)
    assert failed.reason == f"Luma failed the job: No luck ({named})"
    assert (failed.rejected, failed.moderated) == (blame == "rejected", blame == "moderated")
    assert hint in failed.hint
    assert failed.cost is None


@pytest.mark.parametrize(
    ("words", "blame"),
    [
        ("Prompt contains blacklisted words", "moderated"),
        ("frame moderation failed", "moderated"),
        ("advanced prompt moderation failed", "moderated"),
        ("400: prompt not allowed because advanced moderation failed", "moderated"),
        ("failed to read user input frames", "rejected"),
        ("prompt processing failed", ""),
        ("error dispatching job", ""),
        ("job failed", ""),
        ("error processing callback", ""),
        (None, ""),
        (["odd"], ""),
    ],
)
def test_failure_of_dream_machine_is_understood_by_its_words(words: Any, blame: str) -> None:
    """It has no codes. A job that fails costs nothing there, by Luma's documents."""
    failed = answers.dream_state({**DREAM, "state": "failed", "failure_reason": words})
    assert isinstance(failed, Failed)
    assert (failed.rejected, failed.moderated) == (blame == "rejected", blame == "moderated")
    assert failed.cost == Decimal(0)


@both
@pytest.mark.parametrize("answer", [None, [], "completed", {}, {"state": None}, {"state": 3}, {"detail": "oops"}])
def test_answer_that_makes_no_sense_is_asked_for_again(state: Any, answer: Any) -> None:
    """One bad answer never ends a job."""
    with pytest.raises(RetryableError, match="makes no sense"):
        state(answer)


@pytest.mark.parametrize(("answer", "job"), [({"id": "a"}, "a"), ({"id": 5}, ""), ([{"id": "a"}], ""), (None, "")])
def test_new_job_has_an_id(answer: Any, job: str) -> None:
    """Or none that can be used."""
    assert answers.new_job(answer) == job


def row(link: str | None = None, prompt: str = "Solve it.", created: str = "2026-11-23T12:00:00Z") -> dict[str, Any]:
    """A row of the list, with the request that it repeats."""
    keyframes = {"frame0": {"type": "image", "url": link}} if link else None
    return {"id": "a", "created_at": created, "request": {"prompt": prompt, "keyframes": keyframes}}


def found(*rows: Any, token: str = "0f3a") -> list[tuple[str, bool]]:
    """The candidates among some rows, and which are exact."""
    listed = answers.candidates(list(rows), asked(token=token), NOON, NOON)
    return [(one.id, one.exact) for one in listed]


MARKED = "https://b.example/k.png?response-content-disposition=inline%3B%20filename%3Dvmeval-0f3a.png&X-Amz-Date=1"


def test_job_with_our_mark_is_exact() -> None:
    """Whenever it was made; the mark of another run makes it somebody else's, however alike the rest."""
    assert found(row(MARKED, created="2020-01-01T00:00:00Z")) == [("a", True)]
    assert found(row(MARKED.replace("0f3a", "0f3b"))) == []
    assert found(row(MARKED), token="0f") == []
    assert found(row(MARKED), token="") == []


def test_job_without_any_mark_is_a_candidate_only() -> None:
    """Luma may have copied the picture; then prompt and time are all there is."""
    copied = "https://storage.luma.example/copy.png"
    assert found(row(copied)) == [("a", False)]
    assert found(row(copied, prompt="Another.")) == []
    assert found(row(copied, created="2026-11-23T13:00:00Z")) == []
    assert found(row(None, created="soon")) == [("a", False)]


@pytest.mark.parametrize(
    "odd", [None, [], "a", {}, {"id": 3}, {"id": "b", "request": None}, {"id": "b", "request": []}]
)
def test_odd_rows_of_a_list_are_passed_over(odd: Any) -> None:
    """One of them must not hide the job."""
    assert found(odd, row(MARKED)) == [("a", True)]


def test_endless_words_are_cut() -> None:
    """A record is no place for a web page."""
    failed = answers.dream_state({**DREAM, "state": "failed", "failure_reason": "a b\n" * 10_000})
    assert isinstance(failed, Failed)
    assert len(failed.reason) < 400
