"""Waiting for runs: in threads, in loops, in notebooks, interrupted, cancelled, forked, and at the end of a script."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import clean_env
from tests.helpers import LEDGER, REPOSITORY, ledger_lines, records, statuses
from tests.models import gauge
from tests.test_interrupt import wait_for_submits
from vmevalkit_core import InferenceRunner, RunResult, UnfinishedRun
from vmevalkit_core.errors import UsageError

PICTURE = Image.new("RGB", (64, 64), "navy")
SCRIPT = f"""
import sys
from PIL import Image
from vmevalkit_core import InferenceRunner, UnfinishedRun
LEDGER = {LEDGER!r}
PICTURE = Image.new("RGB", (64, 64), "navy")
TASKS = [{{"id": f"m_{{n}}", "image": PICTURE, "prompt": "p"}} for n in range(12)]
runner = InferenceRunner("out", "pilot", concurrency=12)
"""


def runner_in(tmp_path: Path, **settings: Any) -> InferenceRunner:
    """A runner whose vendor keeps its ledger in the test's folder."""
    return InferenceRunner(tmp_path / "out", "pilot", env={"LEDGER_DIR": str(tmp_path)}, **settings)


def tasks(number: int) -> list[dict[str, Any]]:
    """As many tasks with the same picture."""
    return [{"id": f"m_{n}", "image": PICTURE, "prompt": "p"} for n in range(number)]


@contextmanager
def script(tmp_path: Path, text: str) -> Iterator[subprocess.Popen[str]]:
    """A script of a user, running."""
    (tmp_path / "script.py").write_text(SCRIPT + text)
    env = clean_env(LEDGER_DIR=str(tmp_path), PYTHONUNBUFFERED="1")
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, env=env, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_threads_share_a_runner(tmp_path: Path) -> None:
    """The same tasks from four threads: each paid once, each thread with every result."""
    with runner_in(tmp_path) as runner, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: runner.run_all(tasks(6), LEDGER), range(4)))
    assert {one.status for results in found for one in results} == {"success"}
    assert len({one.run_id for results in found for one in results if isinstance(one, RunResult)}) == 6
    assert len(ledger_lines(tmp_path)) == 6


def test_calls_together_keep_the_limit(tmp_path: Path) -> None:
    """However many threads and coroutines ask, an account has `concurrency` runs in flight; a call may have its own."""
    gauge.PEAK.clear()
    model = f"{REPOSITORY}/tests/models/gauge.py:Gauge"

    async def many(runner: InferenceRunner) -> None:
        await asyncio.gather(*(runner.arun(model, PICTURE, "p", question_data={"id": f"m_{n}"}) for n in range(9)))

    with runner_in(tmp_path, concurrency=3) as runner:
        asyncio.run(many(runner))
        assert gauge.PEAK["shared"] == 3
        runner.run_all(tasks(7), model, samples=2, concurrency=7)
    assert 3 < gauge.PEAK["shared"] <= 7


def test_coroutines_leave_the_callers_loop_alone(tmp_path: Path) -> None:
    """Its default executor stays what it was, unused, and other coroutines go on meanwhile."""

    async def main() -> tuple[list[Any], int]:
        mine = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(mine)
        work = asyncio.create_task(runner.arun_all(tasks(2), LEDGER, options={"latency": 0.3}))
        ticks = 0
        while not work.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert asyncio.get_running_loop()._default_executor is mine  # type: ignore[attr-defined]
        assert not mine._threads
        return await work, ticks

    with runner_in(tmp_path) as runner:
        found, ticks = asyncio.run(main())
    assert [one.status for one in found] == ["success"] * 2
    assert ticks > 10


def test_plain_calls_work_under_a_running_loop(tmp_path: Path) -> None:
    """As in a notebook, where the loop of the kernel is running."""

    async def cell() -> RunResult:
        return runner.run("baseline-hold", PICTURE, "p")

    with runner_in(tmp_path) as runner:
        assert asyncio.run(cell()).status == "success"
        assert asyncio.run(cell()).status == "success"


def finish_jobs(folder: Path) -> None:
    """The vendor ends all jobs that he runs."""
    ledger = folder / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace('"latency": 60', '"latency": 0'))  # ids may hold a 60 too


def test_cancelled_coroutine_keeps_every_id(tmp_path: Path) -> None:
    """It ends in order before the cancellation goes on; the next call collects and pays nothing."""

    async def main() -> None:
        work = asyncio.create_task(runner.arun_all(tasks(4), LEDGER, options={"latency": 60}))
        await asyncio.to_thread(wait_for_submits, tmp_path, 4)
        await asyncio.sleep(0.3)  # for the answers
        work.cancel()
        await work

    with runner_in(tmp_path) as runner:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(main())
        submitted = [one for one in records(tmp_path / "out") if one["inference"]["status"] == "submitted"]
        assert len(submitted) == len(ledger_lines(tmp_path)) == 4
        finish_jobs(tmp_path)
        assert {one.status for one in runner.run_all(tasks(4), LEDGER)} == {"success"}
    assert len(ledger_lines(tmp_path)) == 4


def test_close_ends_the_calls_of_other_threads(tmp_path: Path) -> None:
    """In order: they get their UnfinishedRun with the id of the job, and no thread is left."""
    before = set(threading.enumerate())
    runner = runner_in(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(runner.run_all, tasks(2), LEDGER, options={"latency": 60})
        wait_for_submits(tmp_path, 2)
        time.sleep(0.2)
        runner.close()
        found = work.result(5)
    assert [one.status for one in found] == ["submitted"] * 2
    ids = {one.generation_id for one in found if isinstance(one, UnfinishedRun)}
    assert ids == {line["id"] for line in ledger_lines(tmp_path)}
    time.sleep(0.2)
    assert not [one for one in threading.enumerate() if one not in before and one.name == "vmeval-runner"]


def test_model_cannot_call_its_own_runner(tmp_path: Path) -> None:
    """It would wait for itself for ever."""
    asked: list[BaseException] = []

    class Curious(InferenceRunner):
        def ask_inside(self) -> None:
            try:
                self.run("baseline-hold", PICTURE, "p")
            except UsageError as error:
                asked.append(error)

    with Curious(tmp_path, "pilot") as runner:
        runner.run("baseline-hold", PICTURE, "p")
        background = runner._room._open()[1]
        background.call(runner.ask_inside)
        background.submit(lambda: asyncio.sleep(0)).result(5)
    assert "a runner of its own" in getattr(asked[0], "hint", "")


def test_hook_may_use_the_runner(tmp_path: Path) -> None:
    """`_save_metadata` runs in a thread of its own, so it can ask for more runs."""

    class Chain(InferenceRunner):
        def _save_metadata(self, inference_dir: Path, result: RunResult, question_data: Any) -> None:
            if result.sample < 2:
                self.run("baseline-hold", PICTURE, "p", question_data={"id": "a_1"}, sample=result.sample + 1)

    with Chain(tmp_path, "pilot") as runner:
        runner.run("baseline-hold", PICTURE, "p", question_data={"id": "a_1"})
    assert statuses(tmp_path) == ["success"] * 3


def test_model_that_raises_an_interrupt_harms_nobody(tmp_path: Path) -> None:
    """The loop goes on; the caller gets an error, later calls their results."""
    (tmp_path / "rude.py").write_text(
        "class Rude:\n    def __init__(self, spec, context): pass\n"
        "    async def generate(self, request, job): raise KeyboardInterrupt\n"
    )
    with runner_in(tmp_path) as runner:
        with pytest.raises(BaseException):  # noqa: B017, PT011 (whatever comes out, it comes out)
            runner.run(f"{tmp_path}/rude.py:Rude", PICTURE, "p")
        assert runner.run("baseline-hold", PICTURE, "p").status == "success"


SLOW = 'TASKS, LEDGER, options={"latency": 60, "reply": 0.1}'


@pytest.mark.parametrize(
    "text",
    [f"runner.run_all({SLOW})", f"import asyncio; asyncio.run(runner.arun_all({SLOW}))"],
    ids=["call", "coroutine"],
)
def test_interrupted_script_keeps_every_id(tmp_path: Path, text: str) -> None:
    """A real Ctrl-C: ended in order, raised as KeyboardInterrupt; a second script collects."""
    with script(tmp_path, text) as process:
        wait_for_submits(tmp_path, 6)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert ("Stopping: nothing new is sent" in said) == text.startswith("runner")
    assert said.rstrip().endswith("KeyboardInterrupt")
    submitted = [one for one in records(tmp_path / "out") if one["inference"]["status"] == "submitted"]
    assert len(submitted) == len(ledger_lines(tmp_path))
    finish_jobs(tmp_path)
    with script(tmp_path, "print(*(one.status for one in runner.run_all(TASKS, LEDGER)))") as process:
        told, _ = process.communicate(timeout=30)
    assert told.split() == ["success"] * 12
    assert len(ledger_lines(tmp_path)) == 12


def test_second_interrupt_waits_no_longer(tmp_path: Path) -> None:
    """Although answers are on their way that would take half a minute."""
    with script(tmp_path, 'runner.run_all(TASKS, LEDGER, options={"reply": 25})') as process:
        wait_for_submits(tmp_path, 3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        process.communicate(timeout=30)
    assert time.monotonic() - begun < 20  # at once, and room for a busy machine
    assert process.returncode != 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param('print(runner.run("baseline-hold", PICTURE, "p").status)', 0, id="ends"),
        pytest.param('print(runner.run("baseline-hold", PICTURE, "p").status); sys.exit(3)', 3, id="exits"),
        pytest.param('print(runner.run("baseline-hold", PICTURE, "p").status); del runner', 0, id="drops-the-runner"),
        pytest.param('print(runner.run("baseline-hold", PICTURE, "p").status); 1 / 0', 1, id="fails"),
    ],
)
def test_script_ends_by_itself(tmp_path: Path, text: str, code: int) -> None:
    """Without `close`, and without a word from the interpreter about threads or loops."""
    with script(tmp_path, text) as process:
        told, said = process.communicate(timeout=30)
    assert (process.returncode, told.split()) == (code, ["success"])
    assert not said or "ZeroDivisionError" in said.splitlines()[-1]


def test_forked_process_has_a_loop_of_its_own(tmp_path: Path) -> None:
    """Threads do not survive a fork, so a runner that came along begins anew."""
    text = """
import multiprocessing, warnings
warnings.simplefilter("ignore", DeprecationWarning)
runner.run("baseline-hold", PICTURE, "p", question_data={"id": "a"})
def child(name):
    return runner.run("baseline-hold", PICTURE, "p", question_data={"id": name}).status
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(*pool.map(child, ["a", "b", "c"]))
"""
    with script(tmp_path, text) as process:
        told, said = process.communicate(timeout=40)
    assert told.split() == ["success"] * 3, said
    assert len(records(tmp_path / "out")) == 3
