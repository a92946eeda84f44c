"""What a run needs, from the attempts that its folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vmevalkit_core.attempts import Attempt
from vmevalkit_core.planner import Action, Change, Policy, decide

SAME: list[Change] = []
OTHER = [Change("seed", 0, 1)]


def attempt(folder: Path, status: str, number: int = 1, *, clip: bool = True, job: str | None = None) -> Attempt:
    """An attempt as its record would tell it."""
    run = folder / f"run_{number}"
    (run / "video").mkdir(parents=True)
    if status == "success" and clip:
        (run / "video" / "generated_video.mp4").write_bytes(b"12345")
    provenance: dict[str, Any] = {"clip": {"size": 5}, "submission": {"id": job} if job else None}
    if status in ("submitting", "uncertain"):
        provenance["intent"] = {"time": "2026-11-23T15:00:00Z"}
    data = {"inference": {"status": status, "attempts": number, "error": "it broke"}, "provenance": provenance}
    return Attempt(str(run), data)


def test_no_attempt_means_start() -> None:
    """A run without a folder is planned."""
    assert decide([], lambda _: SAME, Policy()).action is Action.START


@pytest.mark.parametrize(
    ("status", "job", "policy", "action"),
    [
        pytest.param("success", None, Policy(), Action.DONE, id="finished"),
        pytest.param("failed", None, Policy(), Action.FAILED, id="failed"),
        pytest.param("failed", None, Policy(retry_failed=True), Action.START, id="failed-retry"),
        pytest.param("cancelled", None, Policy(retry_failed=True), Action.START, id="cancelled-retry"),
        pytest.param("submitted", "j1", Policy(), Action.RESUME, id="submitted"),
        pytest.param("submitted", "j1", Policy(resubmit_uncertain=True), Action.RESUME, id="submitted-is-certain"),
        pytest.param("submitting", None, Policy(), Action.RECOVER, id="intent-only"),
        pytest.param("submitting", None, Policy(retry_failed=True), Action.RECOVER, id="retry-is-no-resubmit"),
        pytest.param("uncertain", None, Policy(), Action.RECOVER, id="uncertain"),
        pytest.param("uncertain", None, Policy(resubmit_uncertain=True), Action.START, id="uncertain-resubmit"),
        pytest.param("uncertain", None, Policy(adopt={"run_1": "j9"}), Action.RESUME, id="uncertain-adopted"),
        pytest.param("running", None, Policy(), Action.RESTART, id="local-died"),
    ],
)
def test_status_decides_the_action(
    tmp_path: Path, status: str, job: str | None, policy: Policy, action: Action
) -> None:
    """One attempt, one status, one set of orders: one action."""
    assert decide([attempt(tmp_path, status, job=job)], lambda _: SAME, policy).action is action


@pytest.mark.parametrize(
    ("changed", "action"),
    [("refuse", Action.CHANGED), ("keep", Action.DONE), ("rerun", Action.START)],
)
def test_changed_success_has_three_ways(tmp_path: Path, changed: Any, action: Action) -> None:
    """A finished run that was asked differently is never sent again unasked."""
    decision = decide([attempt(tmp_path, "success")], lambda _: OTHER, Policy(changed=changed))
    assert decision.action is action
    assert decision.changes == OTHER


def test_success_counts_after_failed_retry(tmp_path: Path) -> None:
    """An older success that answers the question makes a newer failure irrelevant."""
    attempts = [attempt(tmp_path, "success", 1), attempt(tmp_path, "failed", 2)]
    assert decide(attempts, lambda _: SAME, Policy()).action is Action.DONE


def test_uncertain_stays_closed_after_resubmit(tmp_path: Path) -> None:
    """The new attempt's success ends the run, whatever the old one's status."""
    attempts = [attempt(tmp_path, "uncertain", 1), attempt(tmp_path, "success", 2)]
    assert decide(attempts, lambda _: SAME, Policy(resubmit_uncertain=True)).action is Action.DONE


def test_lost_clip_of_known_job_is_collected_again(tmp_path: Path) -> None:
    """A video that was deleted is fetched again where the provider knows the job, and never sent again."""
    lost = attempt(tmp_path, "success", clip=False, job="j1")
    assert decide([lost], lambda _: SAME, Policy()).action is Action.RESUME


def test_lost_clip_without_job_needs_an_order(tmp_path: Path) -> None:
    """Making it anew may cost money."""
    lost = attempt(tmp_path, "success", clip=False)
    assert decide([lost], lambda _: SAME, Policy()).action is Action.FAILED
    assert decide([lost], lambda _: SAME, Policy(retry_failed=True)).action is Action.START


def test_damaged_record_stops_its_run(tmp_path: Path) -> None:
    """Nobody knows what was paid, so nothing is sent."""
    attempts = [attempt(tmp_path, "failed"), Attempt(str(tmp_path), problem="cannot be read")]
    assert decide(attempts, lambda _: SAME, Policy(retry_failed=True)).action is Action.DAMAGED


def test_local_run_asked_anew_gets_a_new_folder(tmp_path: Path) -> None:
    """A dead local run cost nothing, so what is asked now counts."""
    assert decide([attempt(tmp_path, "running")], lambda _: OTHER, Policy()).action is Action.START
