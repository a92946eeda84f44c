"""Runs from plan to record, with the ledger vendor and the built-in models."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import BLIND_LEDGER, LEDGER, close, ledger_lines, make_task, records, runner_in, statuses
from vmevalkit_core.errors import ConfigError, MissingCredential
from vmevalkit_core.media.clips import check_clip
from vmevalkit_core.planner import Action, Plan, Policy
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.runner.pictures import Pictures
from vmevalkit_core.scan import scan


def planned(runner: Runner, questions: Path, *models: str, samples: int = 1, **options: Any) -> Plan:
    """The plan of models on all questions."""
    specs = [runner.registry.add_file(one) if ".py:" in one else runner.registry.get(one) for one in models]
    return runner.plan(scan(questions), [runner.ask(spec, options) for spec in specs], samples)


def run(runner: Runner, questions: Path, *models: str, samples: int = 1, **options: Any) -> Report:
    """The report of running models on all questions."""
    return asyncio.run(runner.execute(planned(runner, questions, *models, samples=samples, **options)))


def folders(tmp_path: Path) -> Sequence[Path]:
    """Every run folder of the experiment."""
    return sorted(path.parent for path in (tmp_path / "out" / "pilot").rglob("metadata.json"))


def test_finished_run_is_a_whole_folder(tmp_path: Path, questions: Path) -> None:
    """Question byte for byte, video that decodes, record that tells."""
    assert run(runner_in(tmp_path), questions, "baseline-hold").good == 4
    folder = folders(tmp_path)[0]
    record = json.loads((folder / "metadata.json").read_text())
    source = questions / "chess_task" / "chess_0000"
    for name in ("first_frame.png", "final_frame.png", "prompt.txt", "question_metadata.json"):
        assert (folder / "question" / name).read_bytes() == (source / name).read_bytes()
    info = check_clip(folder / "video" / "generated_video.mp4")
    assert record["provenance"]["clip"]["sha256"] == info.sha256
    assert (record["inference"]["status"], record["inference"]["run_id"]) == ("success", folder.name)
    assert record["input"]["prompt"] == "Solve it."


def test_record_has_every_key(tmp_path: Path, questions: Path) -> None:
    """Sections and names never change, and a value that is unknown is null."""
    run(runner_in(tmp_path), questions, "baseline-hold")
    record = records(tmp_path / "out")[0]
    assert set(record) == {"inference", "input", "output", "paths", "question_data", "provenance"}
    assert set(record["output"]) == {"video_path", "generation_id", "video_url"}
    assert {"run_id", "model", "timestamp", "status", "duration_seconds", "error"} <= set(record["inference"])
    assert set(record["input"]) == {"prompt", "image_path", "question_id", "task_category"}
    assert set(record["paths"]) == {"inference_dir", "video_dir", "question_dir"}
    assert record["provenance"]["format"] == 1


def test_second_call_finds_nothing_to_do(tmp_path: Path, questions: Path) -> None:
    """What is finished is not done again, whatever the order or concurrency."""
    run(runner_in(tmp_path), questions, "baseline-hold")
    again = planned(runner_in(tmp_path, concurrency=1), questions, "baseline-hold")
    assert again.runs == []
    assert again.actions == {Action.DONE: 4}


def test_samples_add_to_those_there_are(tmp_path: Path, questions: Path) -> None:
    """`--samples 3` after 1 adds two, each with its own seed."""
    run(runner_in(tmp_path), questions, LEDGER)
    assert run(runner_in(tmp_path), questions, LEDGER, samples=3).good == 8
    facts = [(record["inference"]["sample"], record["provenance"]["seed"]) for record in records(tmp_path / "out")]
    assert sorted(facts) == sorted([(0, 0), (1, 1), (2, 2)] * 4)
    assert len(ledger_lines(tmp_path)) == 12


def test_model_without_seeds_records_none(tmp_path: Path, questions: Path) -> None:
    """A seed that was not sent is not on record."""
    run(runner_in(tmp_path, seed=7), questions, "baseline-hold")
    assert {record["provenance"]["seed"] for record in records(tmp_path / "out")} == {None}


def test_one_failure_does_not_end_the_others(tmp_path: Path, questions: Path) -> None:
    """A picture that cannot be read is reported, has no folder, and the rest succeeds."""
    (questions / "chess_task" / "chess_0001" / "first_frame.png").write_bytes(b"<html>")
    report = run(runner_in(tmp_path), questions, "baseline-hold")
    assert report.good == 3
    assert report.ends["blocked"] == 1
    assert "chess_0001" in report.troubles[0].key.task_id
    assert len(folders(tmp_path)) == 3


def test_missing_final_frame_is_a_problem_of_the_plan(tmp_path: Path, questions: Path) -> None:
    """The oracle must be shown the solution; a task pair without one is named before anything runs."""
    make_task(questions, "maze", "maze_0002", final=False)
    plan = planned(runner_in(tmp_path), questions, "baseline-hold", "baseline-oracle")
    assert len(plan.runs) == 9
    assert "final_frame.png" in plan.problems[0].reason
    assert "baseline-oracle" in plan.problems[0].hint


def test_failed_job_is_kept_and_retried_on_order(tmp_path: Path, questions: Path) -> None:
    """A retry is a new folder; the failed one stays with its reason."""
    run(runner_in(tmp_path), questions, LEDGER, fault="job")
    assert statuses(tmp_path / "out") == ["failed"] * 4
    assert records(tmp_path / "out")[0]["inference"]["error"] == "the vendor's machine broke"
    assert planned(runner_in(tmp_path), questions, LEDGER).actions == {Action.FAILED: 4}
    report = run(runner_in(tmp_path, policy=Policy(retry_failed=True)), questions, LEDGER)
    assert report.good == 4
    assert statuses(tmp_path / "out") == ["failed"] * 4 + ["success"] * 4
    assert {record["inference"]["attempts"] for record in records(tmp_path / "out")} == {1, 2}


def test_refusal_before_acceptance_is_tried_again(tmp_path: Path, questions: Path) -> None:
    """A submit that the vendor surely did not take costs nothing."""
    assert run(runner_in(tmp_path), questions, LEDGER, fault="throttled").good == 4
    assert len(ledger_lines(tmp_path)) == 4


def test_error_after_the_request_is_uncertain(tmp_path: Path, questions: Path) -> None:
    """Whatever a client raises between request and id, the run may have been billed."""
    report = run(runner_in(tmp_path), questions, BLIND_LEDGER, fault="bug")
    assert report.ends["uncertain"] == 4
    assert run(runner_in(tmp_path), questions, BLIND_LEDGER, fault="bug").ends["uncertain"] == 4
    assert len(ledger_lines(tmp_path)) == 4


def test_lost_answer_is_found_by_our_token(tmp_path: Path, questions: Path) -> None:
    """The next run adopts the job that the vendor lists under our token, and pays nothing more."""
    run(runner_in(tmp_path), questions, LEDGER, fault="dies")
    assert statuses(tmp_path / "out") == ["uncertain"] * 4
    assert run(runner_in(tmp_path), questions, LEDGER, fault="dies").good == 4
    assert len(ledger_lines(tmp_path)) == 4


def test_request_that_never_arrived_is_sent(tmp_path: Path, questions: Path) -> None:
    """A vendor that lists every job proves that a lost request was not taken; then it is sent, once."""
    run(runner_in(tmp_path), questions, LEDGER, fault="dies")
    (tmp_path / "ledger.jsonl").unlink()
    report = run(runner_in(tmp_path), questions, LEDGER, fault="dies")
    assert report.ends["uncertain"] == 4  # sent, and its answer was lost again
    assert run(runner_in(tmp_path), questions, LEDGER, fault="dies").good == 4
    assert len(ledger_lines(tmp_path)) == 4
    assert {record["inference"]["attempts"] for record in records(tmp_path / "out")} == {1}


def test_uncertain_run_is_sent_again_on_order_only(tmp_path: Path, questions: Path) -> None:
    """`--resubmit-uncertain` is the user's word that paying twice is all right."""
    run(runner_in(tmp_path), questions, BLIND_LEDGER, fault="bug")
    policy = Policy(resubmit_uncertain=True)
    assert planned(runner_in(tmp_path, policy=policy), questions, BLIND_LEDGER).actions == {Action.START: 4}
    assert run(runner_in(tmp_path, policy=policy), questions, BLIND_LEDGER).good == 4
    assert statuses(tmp_path / "out") == ["success"] * 4 + ["uncertain"] * 4


def test_adopted_job_is_collected(tmp_path: Path, questions: Path) -> None:
    """The user names the job that he found at the vendor."""
    run(runner_in(tmp_path), questions, BLIND_LEDGER, fault="bug")
    run_id = folders(tmp_path)[0].name
    token = json.loads((folders(tmp_path)[0] / "metadata.json").read_text())["provenance"]["token"]
    job = next(line["id"] for line in ledger_lines(tmp_path) if line["token"] == token)
    report = run(runner_in(tmp_path, policy=Policy(adopt={run_id: job})), questions, BLIND_LEDGER, fault="bug")
    assert (report.good, report.ends["uncertain"]) == (1, 3)
    assert len(ledger_lines(tmp_path)) == 4


def test_changed_question_is_noticed(tmp_path: Path, questions: Path) -> None:
    """Prompt, picture, option and seed: whatever was asked differently is named."""
    run(runner_in(tmp_path), questions, LEDGER)
    (questions / "maze_task" / "maze_0000" / "prompt.txt").write_text("Solve it quickly.\n")
    make_frame(questions / "maze_task" / "maze_0001" / "first_frame.png")
    plan = planned(runner_in(tmp_path, seed=5), questions, LEDGER, latency=0.07)
    assert plan.actions == {Action.CHANGED: 4}
    assert plan.changed_fields == {"seed": 4, "option latency": 4, "prompt": 1, "first_frame": 1}
    assert plan.runs == []


def test_touched_question_is_the_same_question(tmp_path: Path, questions: Path) -> None:
    """A copy of the dataset with other times asks the same."""
    run(runner_in(tmp_path), questions, LEDGER)
    for path in questions.rglob("*.*"):
        path.touch()
    assert planned(runner_in(tmp_path), questions, LEDGER).actions == {Action.DONE: 4}


def test_missing_key_stops_before_anything_is_sent(tmp_path: Path, questions: Path) -> None:
    """A KeyError that names the variable."""
    runner = runner_in(tmp_path, env={})
    with pytest.raises(MissingCredential, match="LEDGER_DIR") as caught:
        planned(runner, questions, LEDGER)
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"speed": 3}, "no option 'speed'"), ({"seconds": 900}, "seconds=900"), ({"fps": "many"}, "fps=many")],
    ids=["unknown", "out-of-bounds", "wrong-type"],
)
def test_bad_option_fails_by_name(tmp_path: Path, questions: Path, options: dict[str, Any], message: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ConfigError, match=message):
        planned(runner_in(tmp_path), questions, "baseline-hold", **options)


def test_secrets_and_signatures_never_reach_disk(tmp_path: Path, questions: Path) -> None:
    """The value of a declared key and the query of a link are not in any record."""
    secret = tmp_path / "sk-very-secret"
    secret.mkdir()
    runner = runner_in(tmp_path, env={"LEDGER_DIR": str(secret)})
    report = run(runner, questions, LEDGER, fault="leak")
    texts = [path.read_text() for path in (tmp_path / "out").rglob("metadata.json")]
    assert [text for text in texts if "refused: [redacted]" in text] == texts
    assert not [text for text in texts if "sk-very-secret" in text or "leaked" in text]
    assert "sk-very-secret" not in str(report)


def test_links_are_kept_without_their_signature(tmp_path: Path, questions: Path) -> None:
    """The query of a signed link is a secret; the rest says where the clip came from."""
    run(runner_in(tmp_path), questions, LEDGER)
    for record in records(tmp_path / "out"):
        assert record["output"]["video_url"].endswith(".mp4")
        assert "signature" not in json.dumps(record)


def make_frame(path: Path) -> None:
    """Another picture under the same name."""
    from PIL import Image

    Image.new("RGB", (64, 64), "red").save(path)


@pytest.mark.parametrize("target", ["", "/dev/zero"], ids=["pipe", "device"])
def test_endless_file_of_a_finished_question_is_not_read(tmp_path: Path, questions: Path, target: str) -> None:
    """A plan compares files; what could never be sent is only named."""
    run(runner_in(tmp_path), questions, LEDGER)
    path = questions / "maze_task" / "maze_0000" / "first_frame.png"
    path.unlink()
    path.symlink_to(target) if target else os.mkfifo(path)
    assert planned(runner_in(tmp_path), questions, LEDGER).changed_fields == {"first_frame": 1}


def test_picture_that_was_deleted_meanwhile_is_made_again(tmp_path: Path, questions: Path) -> None:
    """Also by the command that remembers having made it."""
    runner = runner_in(tmp_path)
    plan = planned(runner, questions, "baseline-hold", size="128x64")
    asyncio.run(runner.execute(plan))
    pictures, attempt = Pictures(runner.store), runner.store.attempts_of(plan.runs[0].key)[0]
    metadata, folder = attempt.metadata(), Path(attempt.folder)
    pictures.restore(plan.runs[0].ask, metadata, folder)
    pictures.renew(plan.runs[0].ask, metadata, folder)
    kept = pictures.refs(metadata, folder)["first_frame"].path
    kept.unlink()
    pictures.restore(plan.runs[0].ask, metadata, folder)
    assert kept.is_file()


@pytest.mark.parametrize("name", ["First_Frame.PNG", "first_frame.jpg"])
def test_misnamed_file_is_named(tmp_path: Path, questions: Path, name: str) -> None:
    """The fix is a new name, not a new file."""
    folder = questions / "maze_task" / "maze_0000"
    (folder / "first_frame.png").rename(folder / name)
    (problem,) = planned(runner_in(tmp_path), questions, "baseline-hold").problems
    assert problem.hint.startswith(f"rename its {name} to first_frame.png")


def test_closed_task_folder_ends_no_plan(tmp_path: Path, questions: Path) -> None:
    """The other task pairs are run."""
    folder = questions / "maze_task" / "maze_0000"
    close(folder)
    plan = planned(runner_in(tmp_path), questions, "baseline-hold")
    assert [(one.path, one.reason) for one in plan.problems] == [(str(folder), "cannot be read: Permission denied")]
    assert len(plan.runs) == 3


def test_edited_model_file_is_noticed(tmp_path: Path, questions: Path) -> None:
    """A version makes no run another one, but an author must not look at stale clips unknowingly."""
    text = Path(LEDGER.partition(":")[0]).with_name("sleeper.py").read_text()
    (tmp_path / "own.py").write_text(text)
    target = f"{tmp_path / 'own.py'}:Sleeper"
    run(runner_in(tmp_path), questions, target, seconds=0)
    assert not planned(runner_in(tmp_path), questions, target, seconds=0).other_versions
    (tmp_path / "own.py").write_text(text + "# edited")
    assert planned(runner_in(tmp_path), questions, target, seconds=0).other_versions == {"sleeper": 4}
