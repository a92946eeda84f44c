"""Models in a process of their own: what a crash, a hang or a print costs, and what such a process may see."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import REPOSITORY, make_task, records, statuses
from tests.processes import is_alive
from vmevalkit_core.audit import validate
from vmevalkit_core.errors import ConfigError, PluginError, WorkerLost
from vmevalkit_core.records import Event
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.scan import scan
from vmevalkit_core.workers.timing import Timing

MODELS = REPOSITORY / "tests" / "models" / "wild.py"
QUICK = {"seconds": 0.2}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the wild model leaves its traces; the devices of this test are its own."""
    monkeypatch.setenv("VMEVAL_RUNTIME_DIR", str(tmp_path / "runtime"))
    yield tmp_path
    pids = [int((tmp_path / name).read_text()) for name in ("pid", "grandchild") if (tmp_path / name).exists()]
    assert not [pid for pid in pids if is_alive(pid)], "a process outlived its command"


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """What a command has: the variables of the model, keys of others, no GPU."""
    return {
        "CUDA_VISIBLE_DEVICES": "",
        "VMEVAL_RUNTIME_DIR": str(tmp_path / "runtime"),
        "WILD_PLACE": str(tmp_path),
        "WILD_SECRET": "secret-of-the-model",
        "OPENAI_API_KEY": "sk-of-another",
        "HF_TOKEN": "hf_of-the-hub",
        **more,
    }


def carried_out(tmp_path: Path, *prompts: str, model: str = "Wild", **settings: Any) -> Report:
    """One run for each prompt, in one command."""
    for number, prompt in enumerate(prompts):
        if not (tmp_path / "q" / "maze_task" / f"maze_{number:04}").exists():
            make_task(tmp_path / "q", "maze", f"maze_{number:04}", prompt=prompt)
    registry, display, limit = Registry.load(), settings.pop("display", None), settings.pop("limit", None)
    env = environment(tmp_path, **settings.pop("env", {}))
    runner = Runner(registry, output=tmp_path / "out", experiment="pilot", env=env, **settings)
    ask = runner.ask(registry.add_file(f"{MODELS}:{model}"), QUICK)
    work = runner.execute(runner.plan(scan(tmp_path / "q"), [ask]), display=display)
    return asyncio.run(asyncio.wait_for(work, limit))


def run_of(tmp_path: Path, number: int = 0) -> dict[str, Any]:
    """The record of the run of one task."""
    found = records(tmp_path / "out")
    return next(one for one in found if one["input"]["question_id"] == f"maze_{number:04}")


def test_baseline_runs_in_a_worker(tmp_path: Path) -> None:
    """The same clips as in the command's process, and the record says where they were made."""
    assert carried_out(tmp_path, "a", "b", "c", model="Held").good == 3
    assert run_of(tmp_path)["provenance"]["worker"] == "process"
    assert validate(tmp_path / "out").findings == []


def test_command_line_runs_it_too(vmeval: Any, questions: Path) -> None:
    """`vmeval run` with a model whose spec says `process`."""
    done = vmeval("run", str(questions), "-m", f"{MODELS}:Held", "-p", "seconds=0.2", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stderr
    assert "4 of 4 runs succeeded" in done.stdout


@pytest.mark.parametrize(("deed", "word"), [("crash", "SIGSEGV"), ("kill", "SIGKILL")])
def test_death_costs_one_run_after_one_retry(tmp_path: Path, deed: str, word: str) -> None:
    """It is failed with the signal; the runs around it go on in a new worker."""
    report = carried_out(tmp_path, "a", deed, "b", "c")
    assert report.ends == {"success": 3, "failed": 1}
    failed = run_of(tmp_path, 1)
    assert f"the worker of wild was killed by {word}" in failed["inference"]["error"]
    assert failed["provenance"]["failure"]["type"] == "WorkerLost"


def test_last_words_are_in_the_record(tmp_path: Path) -> None:
    """What the process printed before it died, in the error and in full in the traceback."""
    carried_out(tmp_path, "crash")
    failed = run_of(tmp_path)
    assert "about to read from nowhere" in failed["inference"]["error"]
    assert "about to read from nowhere" in failed["provenance"]["failure"]["traceback"]


@pytest.mark.parametrize("deed", ["crash", "kill"])
def test_death_that_does_not_repeat_costs_nothing(tmp_path: Path, deed: str) -> None:
    """The run is done in a new worker, and its record tells of the first one."""
    report = carried_out(tmp_path, "a", f"{deed} once {tmp_path / 'mark'}", "b")
    assert report.good == 3
    lost = run_of(tmp_path, 1)["provenance"]["extras"]["lost_workers"]
    assert len(lost) == 1
    assert "SIG" in lost[0]


@pytest.mark.parametrize(("deed", "word"), [("hang", "made no step for"), ("freeze", "said nothing for")])
def test_hang_is_noticed(tmp_path: Path, deed: str, word: str) -> None:
    """A model that makes no step, and a process that stands still altogether, are killed; the others go on."""
    report = carried_out(tmp_path, "a", f"{deed} once {tmp_path / 'mark'}", "b", env={"VMEVAL_PATIENCE": "3"})
    assert report.good == 3
    assert word in run_of(tmp_path, 1)["provenance"]["extras"]["lost_workers"][0]


def test_hanging_stack_is_in_the_record(tmp_path: Path) -> None:
    """Where the model stood, so that its author can mend it."""
    carried_out(tmp_path, "hang", env={"VMEVAL_PATIENCE": "2"})
    assert "wild.py" in run_of(tmp_path)["provenance"]["failure"]["traceback"]


@pytest.mark.parametrize(("deed", "word"), [("fail", "ValueError: the weights are sour"), ("leave", "SystemExit: 3")])
def test_error_costs_one_run_and_no_worker(tmp_path: Path, deed: str, word: str) -> None:
    """What a model raises is its run's; the process, with the weights in it, stays."""
    report = carried_out(tmp_path, "a", deed, "b")
    assert report.ends == {"success": 2, "failed": 1}
    failed = run_of(tmp_path, 1)
    assert word in failed["inference"]["error"]
    assert "wild.py" in failed["provenance"]["failure"]["traceback"]


def test_prints_do_not_disturb_the_protocol(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is written to stdout, by Python or below it; stdin is empty. Log lines reach the command."""
    caplog.set_level(logging.WARNING)
    assert carried_out(tmp_path, "chatter", "a").good == 2
    assert {"a word from the model", "a word from a library"} <= {record.getMessage() for record in caplog.records}


def test_progress_reaches_the_command(tmp_path: Path) -> None:
    """As events of the run."""
    events: list[Event] = []
    carried_out(tmp_path, "a", display=events.append)
    assert (0.5, "step 1 of 2") in [(event.fraction, event.stage) for event in events]


def test_worker_sees_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from the environment nor from .env; what its spec shows is there, what it declares secret is not."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-store")
    monkeypatch.setenv("https_proxy", "http://user:password@proxy")
    monkeypatch.setenv("VMEVAL_API_TOKEN", "of-mine")
    carried_out(tmp_path, "tell")
    seen = json.loads((tmp_path / "environment.json").read_text())
    assert seen["WILD_PLACE"] == str(tmp_path)
    hidden = ("secret-of-the-model", "sk-of-another", "hf_of-the-hub", "of-the-store", "password", "of-mine")
    assert not [value for value in seen.values() if any(word in value for word in hidden)]
    assert seen["HF_HUB_OFFLINE"] == "1"
    assert seen["PATH"] == os.environ["PATH"]


def test_grandchildren_go_with_the_worker(tmp_path: Path) -> None:
    """What a model started is ended with its process; the fixture looks."""
    carried_out(tmp_path, "spawn", "a")
    assert (tmp_path / "grandchild").exists()


def test_stop_ends_the_worker(tmp_path: Path) -> None:
    """A cancelled command leaves no process, and its run is done again by the next one; the fixture looks."""

    carried_out(tmp_path, "a")

    async def stopped() -> None:
        make_task(tmp_path / "q", "maze", "maze_0001", prompt="wait")
        registry = Registry.load()
        runner = Runner(registry, output=tmp_path / "out", experiment="pilot", env=environment(tmp_path))
        ask = runner.ask(registry.add_file(f"{MODELS}:Wild"), QUICK)
        work = asyncio.ensure_future(runner.execute(runner.plan(scan(tmp_path / "q"), [ask])))
        while not (tmp_path / "pid").exists():
            assert not work.done()
            await asyncio.sleep(0.02)
        runner.stop.set()
        report = await work
        assert report.interrupted

    asyncio.run(stopped())
    assert statuses(tmp_path / "out") == ["running", "success"]


def test_worker_that_dies_of_being_built_stops_the_plan(tmp_path: Path) -> None:
    """Before any run has a folder: nothing is tried a hundred times."""
    with pytest.raises(WorkerLost, match="SIGKILL"):
        carried_out(tmp_path, "a", "b", model="NeverBuilt", env={"WILD_PLACE": ""})
    assert records(tmp_path / "out") == []


def test_paid_model_in_a_worker_is_refused(tmp_path: Path) -> None:
    """A run that is tried again after a crash must cost nothing."""
    with pytest.raises(PluginError, match="must cost nothing"):
        carried_out(tmp_path, "a", model="Paid")


def test_repeated_deaths_end_the_plan_early(tmp_path: Path) -> None:
    """A machine on which every worker dies is not tortured with a hundred of them."""
    report = carried_out(tmp_path, *["kill"] * 6)
    assert report.ends == {"failed": 6}
    errors = [record["inference"]["error"] for record in records(tmp_path / "out")]
    assert sum("in a row, so it is not started again" in error for error in errors) >= 3


@pytest.mark.parametrize("text", ["soon", "-1", "0", "inf", "nan"])
def test_patience_has_to_be_a_number(text: str) -> None:
    """The message says what is meant."""
    with pytest.raises(ConfigError, match="no number of seconds"):
        Timing.from_env({"VMEVAL_PATIENCE": text})
