"""The Python API: results, their order, what is paid, what is refused, and errors of natural types."""

from __future__ import annotations

import json
import logging
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.helpers import BLIND_LEDGER, LEDGER, REPOSITORY, ledger_lines, make_task, records, statuses
from vmevalkit_core import (
    InferenceRunner,
    RunResult,
    UnfinishedRun,
    VmevalError,
    available_models,
    load_questions,
    run_inference,
    validate_inference,
)
from vmevalkit_core.errors import ChangedRuns, ConfigError, MissingCredential, RecordError, UsageError
from vmevalkit_core.media.clips import check_clip

SINNERS = f"{REPOSITORY}/tests/models/sinners.py"
COUNTED = """
import shutil
from pathlib import Path
from tests.models.sleeper import finished_clip
from vmevalkit_core import Clip

class Counted:
    def __init__(self, spec, context):
        with open(Path(__file__).with_name("built"), "a") as file:
            file.write("1")

    async def generate(self, request, job):
        shutil.copyfile(finished_clip(), job.clip_path)
        return Clip(path=job.clip_path, extras={"edition": 1})
"""


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """A picture on disk."""
    Image.new("RGB", (64, 64), "navy").save(tmp_path / "maze_0001.png")
    return tmp_path / "maze_0001.png"


def runner_in(tmp_path: Path, **settings: Any) -> InferenceRunner:
    """A runner whose vendor keeps its ledger in the test's folder."""
    settings.setdefault("env", {"LEDGER_DIR": str(tmp_path)})
    return InferenceRunner(tmp_path / "out", "pilot", **settings)


def batch(frame: Path, number: int = 3) -> list[dict[str, Any]]:
    """Tasks as a seed script has them."""
    return [{"id": f"maze_{n:04}", "image": frame, "prompt": "Solve it.", "answer": n} for n in range(number)]


def test_one_call_gives_a_whole_result(tmp_path: Path, frame: Path) -> None:
    """Typed attributes, a mapping that is JSON, the record, and a clip that decodes."""
    with runner_in(tmp_path) as runner:
        result = runner.run(LEDGER, frame, "Solve it.", question_data={"id": "m_7", "domain": "maze"}, latency=0.1)
    facts = json.loads(json.dumps(dict(result)))
    assert (result.status, facts["status"], result.get("error")) == ("success", "success", None)
    assert (result["question_id"], result.domain, result.sample, result.cost) == ("m_7", "maze", 0, "0.10")
    assert result.generation_id == ledger_lines(tmp_path)[0]["id"]
    assert check_clip(facts["video_path"]).frames == 16
    assert result.metadata.question_data == {"id": "m_7", "domain": "maze"}
    assert result.metadata.provenance.options["latency"] == 0.1
    with pytest.raises(TypeError):
        result["status"] = "failed"  # type: ignore[index]


def test_seed_style_loop_pays_once(tmp_path: Path, frame: Path) -> None:
    """A script that is run again, loop and all, gets the same results and sends nothing."""
    with runner_in(tmp_path) as runner:
        first = [runner.run(LEDGER, t["image"], t["prompt"], question_data={"id": t["id"]}) for t in batch(frame)]
    with runner_in(tmp_path) as runner:
        again = [runner.run(LEDGER, t["image"], t["prompt"], question_data={"id": t["id"]}) for t in batch(frame)]
    assert [dict(one) for one in again] == [dict(one) for one in first]
    assert len(ledger_lines(tmp_path)) == 3


def test_results_come_in_the_order_asked(tmp_path: Path, frame: Path) -> None:
    """Tasks, then models, then samples; those finished before stand among the new ones."""
    with runner_in(tmp_path) as runner:
        runner.run_all(batch(frame, 1), [LEDGER])
        found = runner.run_all(batch(frame, 2), ["baseline-hold", LEDGER], samples=2)
    assert [(one.question_id, one.model, one.sample) for one in found] == [
        (f"maze_{task:04}", model, sample)
        for task in range(2)
        for model in ("baseline-hold", "ledger")
        for sample in range(2)
    ]
    assert {one.status for one in found} == {"success"}
    assert len(ledger_lines(tmp_path)) == 4


def test_further_keys_are_kept_as_metadata(tmp_path: Path, frame: Path) -> None:
    """For judging; never shown to the model."""
    with runner_in(tmp_path) as runner:
        result = runner.run_all(batch(frame, 1), "baseline-hold")[0]
    assert isinstance(result, RunResult)
    assert result.metadata.question_data == {"id": "maze_0000", "answer": 0}


def test_bad_tasks_stand_in_their_place(tmp_path: Path, frame: Path) -> None:
    """Each with its reason, and the others run."""
    tasks = [
        {"id": "../escape", "image": frame, "prompt": "p"},
        {"id": "a_1", "image": frame, "prompt": "p"},
        {"id": "a_1", "image": frame, "prompt": "again"},
        {"id": "b_1", "image": b"<html>", "prompt": "p"},
        {"id": "c_1", "image": tmp_path / "nope.png", "prompt": "p"},
        {"id": "d_1", "image": frame},
        {"id": "e_1", "prompt": "p"},
        "no task",
        {"id": "A_1", "image": frame, "prompt": "p"},
        {"image": frame, "prompt": "p"},
    ]
    with runner_in(tmp_path) as runner:
        found = runner.run_all(tasks, ["baseline-hold"])  # type: ignore[arg-type]
    assert [one.status for one in found] == ["blocked", "success", *["blocked"] * 7, "success"]
    reasons = ["holds '/'", "", "in the list", "not an image", "no image", "no prompt", "no image", "no task", "case"]
    assert all(reason in str(one) for reason, one in zip(reasons, found, strict=False))
    assert statuses(tmp_path / "out") == ["success"] * 2


def test_failed_run_is_a_result(tmp_path: Path, frame: Path) -> None:
    """It has a folder and a reason, and is tried again on order only."""
    with runner_in(tmp_path) as runner:
        failed = runner.run(LEDGER, frame, "p", fault="job")
        left = runner.run(LEDGER, frame, "p", fault="job")
        retried = runner.run(LEDGER, frame, "p", retry_failed=True)
    assert (failed.status, failed.error, failed.video_path) == ("failed", "the vendor's machine broke", None)
    assert dict(left) == dict(failed)
    assert retried.status == "success"
    assert len(ledger_lines(tmp_path)) == 2


def test_other_ends_are_raised_or_stand_in_place(tmp_path: Path, frame: Path) -> None:
    """A lost answer may have been billed: it is never sent again but on order."""
    with runner_in(tmp_path) as runner:
        with pytest.raises(UnfinishedRun, match="uncertain") as caught:
            runner.run(BLIND_LEDGER, frame, "p", fault="bug")
        task = {"image": frame, "prompt": "p"}
        again = runner.run_all([task], BLIND_LEDGER, options={"fault": "bug"})[0]
        assert len(ledger_lines(tmp_path)) == 1
        sent = runner.run_all([task], BLIND_LEDGER, resubmit_uncertain=True)[0]
    assert (caught.value.status, again.status, sent.status) == ("uncertain", "uncertain", "success")
    assert caught.value.folder
    assert "metadata.json" in os.listdir(caught.value.folder)
    assert pickle.loads(pickle.dumps(caught.value)).status == "uncertain"


def test_lost_job_that_was_found_is_adopted(tmp_path: Path, frame: Path) -> None:
    """By the id of its run; nothing is paid again, and a wrong id is refused."""
    task = {"image": frame, "prompt": "p"}
    with runner_in(tmp_path) as runner:
        lost = runner.run_all([task], BLIND_LEDGER, options={"fault": "bug"})[0]
        assert isinstance(lost, UnfinishedRun)
        job = ledger_lines(tmp_path)[0]["id"]
        with pytest.raises(ConfigError, match="no unfinished run"):
            runner.run_all([task], BLIND_LEDGER, adopt={"nothing": job})
        found = runner.run_all([task], BLIND_LEDGER, adopt={Path(str(lost.folder)).name: job})[0]
    assert (found.status, found.generation_id) == ("success", job)
    assert len(ledger_lines(tmp_path)) == 1


def test_changed_run_is_refused_kept_or_run_again(tmp_path: Path, frame: Path) -> None:
    """The error names the differing fields and the ways on in Python's words."""
    with runner_in(tmp_path) as runner:
        first = runner.run(LEDGER, frame, "p")
        with pytest.raises(ChangedRuns, match="option latency") as caught:
            runner.run(LEDGER, frame, "p", latency=0.2)
        kept = runner.run(LEDGER, frame, "p", latency=0.2, changed="keep")
        assert len(ledger_lines(tmp_path)) == 1
        rerun = runner.run(LEDGER, frame, "p", latency=0.2, changed="rerun")
    assert 'changed="keep"' in caught.value.hint
    assert "$0.10" in caught.value.hint
    assert kept.run_id == first.run_id != rerun.run_id


def test_plan_tells_the_price_and_sends_nothing(tmp_path: Path, frame: Path) -> None:
    """What is finished is taken off."""
    with runner_in(tmp_path) as runner:
        runner.run_all(batch(frame, 1), LEDGER)
        plan = runner.plan(batch(frame), LEDGER, samples=2)
    assert (plan.total, plan.sends, str(plan.cost)) == (6, 5, "0.50")
    assert len(ledger_lines(tmp_path)) == 1


def test_command_line_and_api_share_the_tree(tmp_path: Path, questions: Path, vmeval: Any) -> None:
    """A run of one is done for the other, given as folder, as task pairs or as a picture in its folder."""
    out = str(tmp_path / "out")
    assert vmeval("run", str(questions), "-m", LEDGER, "-e", "pilot", "-o", out, "--yes").returncode == 0
    picture = questions / "maze_task" / "maze_0001" / "first_frame.png"
    with runner_in(tmp_path) as runner:
        found = runner.run_all(questions, LEDGER) + runner.run_all(load_questions(questions), LEDGER)
        found += [runner.run(LEDGER, picture, "Solve it.")]
    assert {one.status for one in found} == {"success"}
    assert (found[-1].domain, found[-1].question_id) == ("maze", "maze_0001")
    assert len(ledger_lines(tmp_path)) == 4


def test_options_hold_for_all_or_for_one(tmp_path: Path, frame: Path) -> None:
    """Those under a model's own name, however it was given, count for more."""
    options = {"latency": 0.01, LEDGER: {"note": "a"}, "blind-ledger": {"note": "b", "latency": 0.02}}
    with runner_in(tmp_path) as runner:
        found = runner.run_all(batch(frame, 1), [LEDGER, BLIND_LEDGER], options=options)
    given = [one.metadata.provenance.options_given for one in found if isinstance(one, RunResult)]
    assert given == [{"latency": 0.01, "note": "a"}, {"latency": 0.02, "note": "b"}]


@pytest.mark.parametrize(
    ("call", "natural", "message"),
    [
        pytest.param({"model_name": "nothing-1"}, ValueError, "nothing-1", id="unknown-model"),
        pytest.param({"model_name": LEDGER}, KeyError, "LEDGER_DIR", id="missing-key"),
        pytest.param({"image_path": "nope.png"}, FileNotFoundError, "nope.png", id="missing-image"),
        pytest.param({"model_name": "baseline-oracle"}, FileNotFoundError, "final_frame", id="missing-final-frame"),
        pytest.param({"speed": 3}, ConfigError, "no option 'speed'", id="bad-option"),
        pytest.param({"changed": "so"}, ConfigError, "changed='so'", id="bad-order"),
        pytest.param({"sample": -1}, UsageError, "sample=-1", id="bad-sample"),
        pytest.param({"model_name": f"{SINNERS}:Gone"}, UsageError, "new-1 replaces it", id="gone"),
        pytest.param({"question_data": {"id": "a/b"}}, UsageError, "'a/b'", id="bad-id"),
        pytest.param({"question_data": {"domain": ".."}}, UsageError, "domain '..'", id="bad-domain"),
        pytest.param({"text_prompt": " "}, UsageError, "no prompt", id="no-prompt"),
    ],
)
def test_errors_keep_natural_types(
    tmp_path: Path, frame: Path, call: dict[str, Any], natural: type[Exception], message: str
) -> None:
    """Each is a VmevalError with a sentence as well, and no run was begun."""
    usual = {"model_name": "baseline-hold", "image_path": frame, "text_prompt": "p"}
    with runner_in(tmp_path, env={}) as runner, pytest.raises(natural, match=message) as caught:
        runner.run(**(usual | call))
    assert isinstance(caught.value, VmevalError)
    assert records(tmp_path / "out") == []


def test_key_that_is_set_later_is_seen(tmp_path: Path, frame: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook need not make its runner anew."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEDGER_DIR", raising=False)
    with runner_in(tmp_path, env=None) as runner:
        with pytest.raises(MissingCredential):
            runner.run(LEDGER, frame, "p")
        (tmp_path / ".env").write_text(f"LEDGER_DIR={tmp_path}\n")
        assert runner.run(LEDGER, frame, "p").status == "success"
    assert "LEDGER_DIR" not in os.environ


def test_model_is_built_once_in_a_runner(tmp_path: Path, frame: Path) -> None:
    """A loop of calls loads a local model once; when its file is edited, it is loaded again."""
    (tmp_path / "counted.py").write_text(COUNTED)
    model = f"{tmp_path}/counted.py:Counted"
    with runner_in(tmp_path) as runner:
        for task in batch(frame):
            runner.run(model, frame, "p", question_data={"id": task["id"]})
        assert (tmp_path / "built").read_text() == "1"
        (tmp_path / "counted.py").write_text(COUNTED.replace('"edition": 1', '"edition": 2'))
        edited = runner.run(model, frame, "p", sample=1)
    assert (tmp_path / "built").read_text() == "11"
    assert edited.metadata.provenance.extras == {"edition": 2}


class Noting(InferenceRunner):
    """Notes down every call of its hook."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.seen: list[tuple[str, str, Any]] = []

    def _save_metadata(self, inference_dir: Path, result: RunResult, question_data: dict[str, Any] | None) -> None:
        assert json.loads((inference_dir / "metadata.json").read_text())["inference"]["status"] == result.status
        self.seen.append((result.question_id, result.status, question_data))
        if result.question_id == "maze_0001":
            raise RuntimeError("disk of my own is full")


def test_hook_is_called_once_for_a_run(tmp_path: Path, frame: Path) -> None:
    """When it succeeded or failed here; not for runs finished before; what it raises is a warning."""
    tasks = [*batch(frame), {"id": "bad", "image": b"", "prompt": "p"}]
    with Noting(tmp_path / "out", "pilot", env={"LEDGER_DIR": str(tmp_path)}) as runner:
        with pytest.warns(RuntimeWarning, match="disk of my own is full"):
            found = runner.run_all(tasks, LEDGER)
        runner.run_all(batch(frame), LEDGER)
        runner.run(LEDGER, frame, "p", question_data={"id": "x"}, fault="job")
        seen = sorted(runner.seen[:3])
    assert [one.status for one in found] == ["success"] * 3 + ["blocked"]
    assert seen == [(task["id"], "success", {"id": task["id"], "answer": task["answer"]}) for task in batch(frame)]
    assert runner.seen[3:] == [("x", "failed", {"id": "x"})]


def test_damaged_record_is_left_alone(tmp_path: Path, frame: Path) -> None:
    """Nobody knows what was paid, so nothing is sent; an old result says so when it is asked for its record."""
    with runner_in(tmp_path) as runner:
        result = runner.run(LEDGER, frame, "p")
        Path(result.inference_dir, "metadata.json").write_text("{")
        with pytest.raises(UnfinishedRun, match="cannot be read") as caught:
            runner.run(LEDGER, frame, "p")
        with pytest.raises(RecordError):
            _ = result.metadata
    assert caught.value.status == "damaged"
    assert len(ledger_lines(tmp_path)) == 1


def test_lost_video_is_fetched_again(tmp_path: Path, frame: Path) -> None:
    """A success without its clip is none; the job is known, so nothing is paid."""
    with runner_in(tmp_path) as runner:
        path = runner.run(LEDGER, frame, "p").video_path
        assert path
        os.remove(path)
        assert runner.run(LEDGER, frame, "p").video_path == path
    assert check_clip(path).frames == 16
    assert len(ledger_lines(tmp_path)) == 1


def test_verbose_speaks_on_stderr_only(tmp_path: Path, frame: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A line for each run, as the command shows it; without it, nothing."""
    run_inference("baseline-hold", frame, "p", output_dir=tmp_path / "quiet")
    assert capfd.readouterr() == ("", "")
    run_inference("baseline-hold", frame, "p", output_dir=tmp_path / "loud", verbose=True)
    run_inference("baseline-hold", frame, "p", output_dir=tmp_path / "loud", verbose=True)
    said = capfd.readouterr()
    assert said.out == ""
    assert "[1/1] success   baseline-hold  maze/maze_0001" in said.err
    assert "1 of 1 run ended before" in said.err


def test_validate_tells_whole_from_broken(tmp_path: Path, frame: Path) -> None:
    """Of a run or of any folder above."""
    result = run_inference("baseline-hold", frame, "p", output_dir=tmp_path / "out")
    assert validate_inference(result.inference_dir) == (True, "1 run checked, 1 clip decoded")
    assert validate_inference(tmp_path / "out")[0]
    Path(str(result.video_path)).write_bytes(b"no video")
    good, said = validate_inference(tmp_path / "out")
    assert not good
    assert "generated_video.mp4" in said
    assert validate_inference(tmp_path / "nowhere") == (False, f"{tmp_path}/nowhere does not exist")


def test_models_are_listed(tmp_path: Path) -> None:
    """By name, with what they are."""
    assert {"baseline-hold", "baseline-oracle"} <= {one.name for one in available_models()}


def test_results_never_land_among_the_questions(tmp_path: Path, questions: Path) -> None:
    """Folders of questions are only ever read."""
    with InferenceRunner(questions / "out") as runner, pytest.raises(UsageError, match="only ever read"):
        runner.run_all(questions, "baseline-hold")
    with InferenceRunner(questions.parent, questions.name) as runner, pytest.raises(UsageError, match="only ever read"):
        runner.run_all(questions, "baseline-hold")


def test_deprecated_model_warns(tmp_path: Path, frame: Path) -> None:
    """And runs."""
    with runner_in(tmp_path) as runner, pytest.warns(FutureWarning, match="new-1 replaces it"):
        assert runner.run(f"{SINNERS}:Deprecated", frame, "p").status == "success"
    with runner_in(tmp_path, allow_gone=True) as runner, warnings.catch_warnings():
        assert runner.run(f"{SINNERS}:Gone", frame, "p").status == "success"


def test_log_lines_hide_secrets(tmp_path: Path, frame: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Handlers of the caller's own get them cleaned, and are left as they are."""
    secret = tmp_path / "sk-very-secret"
    secret.mkdir()
    with runner_in(tmp_path, env={"LEDGER_DIR": str(secret)}) as runner:
        runner.run(LEDGER, frame, "p")
    logging.getLogger("vmevalkit_core.job").warning("sent with %s", secret)
    assert caplog.messages == ["sent with [redacted]"]


def test_closed_runner_refuses(tmp_path: Path, frame: Path) -> None:
    """Closing twice is fine."""
    runner = runner_in(tmp_path)
    runner.run("baseline-hold", frame, "p")
    runner.close()
    runner.close()
    with pytest.raises(UsageError, match="closed"):
        runner.run("baseline-hold", frame, "p")


def test_task_without_final_frame_blocks_one_model_only(tmp_path: Path) -> None:
    """The oracle needs it; it is found beside a first frame in a task folder."""
    make_task(tmp_path / "q", "maze", "maze_1", final=False)
    make_task(tmp_path / "q", "maze", "maze_2")
    with runner_in(tmp_path) as runner:
        found = runner.run_all(tmp_path / "q", ["baseline-oracle", "baseline-hold"])
        single = runner.run("baseline-oracle", tmp_path / "q/maze_task/maze_2/first_frame.png", "Solve it.")
    assert [one.status for one in found] == ["blocked", "success", "success", "success"]
    assert "has no final_frame.png, which baseline-oracle must be shown" in str(found[0])
    assert single["run_id"] == found[2].run_id if isinstance(found[2], RunResult) else False
    assert statuses(tmp_path / "out") == ["success"] * 3


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "options-list": ({"options": ["seconds=3"]}, "options is ['seconds=3'], which is no dict"),
    "options-of-a-model": ({"options": {"baseline-hold": 3}}, "options['baseline-hold'] is 3, which is no dict"),
    "adopt-text": ({"adopt": "x=y"}, "adopt is 'x=y', which is no dict"),
    "concurrency-text": ({"concurrency": "4"}, "concurrency is '4', which is no whole number"),
    "samples-text": ({"samples": "2"}, "samples is '2', which is no whole number"),
    "models-none": ({"models": None}, "models is None, which is neither a text nor a list of texts"),
    "a-model-none": ({"models": [None]}, "models is None, which is no text"),
    "max-cost-float": ({"max_cost": 1.5}, "max_cost 1.5 is no amount of US dollars: a float does not hold it exactly"),
}


@pytest.mark.parametrize(("given", "said"), WRONG.values(), ids=WRONG)
def test_argument_of_a_wrong_type_is_named(tmp_path: Path, frame: Path, given: dict[str, Any], said: str) -> None:
    """With an example, and nothing is begun."""
    tasks = [{"id": "a", "image": frame, "prompt": "p"}]
    with runner_in(tmp_path) as runner, pytest.raises(UsageError) as caught:
        runner.run_all(tasks, **({"models": "baseline-hold"} | given))
    assert (caught.value.message, bool(caught.value.hint)) == (said, True)
    assert not list(tmp_path.rglob("metadata.json"))


def test_single_run_names_what_cannot_be_meant(tmp_path: Path, frame: Path) -> None:
    """A model that is none, a picture that is a folder, facts that are no dict or no JSON."""
    with runner_in(tmp_path) as runner:
        with pytest.raises(UsageError, match="model_name is None"):
            runner.run(None, frame, "p")  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="is a folder, not a picture"):
            runner.run("baseline-hold", tmp_path, "p")
        with pytest.raises(UsageError, match="question_data is 'id'"):
            runner.run("baseline-hold", frame, "p", question_data="id")  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="cannot be written as JSON"):
            runner.run("baseline-hold", frame, "p", question_data={"answer": float("nan")})


def test_one_name_may_stand_for_a_list(tmp_path: Path, questions: Path, frame: Path) -> None:
    """A text is one name, not its letters."""
    assert [one.domain for one in load_questions(questions, domains="maze")] == ["maze", "maze"]
    with pytest.raises(UsageError, match="no interceptor nosuch"), runner_in(tmp_path, interceptors="nosuch") as runner:
        runner.run("baseline-hold", frame, "p")
