"""The command as people and programs use it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import clean_env
from tests.helpers import BLIND_LEDGER, LEDGER, REPOSITORY, ledger_lines, statuses
from tests.terminals import CTRL_C, on_a_terminal
from vmevalkit_core import __version__
from vmevalkit_core.cli import consent
from vmevalkit_core.cli.consent import ask_consent
from vmevalkit_core.errors import UsageError

SINNERS = f"{REPOSITORY}/tests/models/sinners.py"
Vmeval = Callable[..., subprocess.CompletedProcess[str]]


def test_bare_run_makes_ten_checked_clips(vmeval: Vmeval, tmp_path: Path) -> None:
    """In an empty folder, over five domains, accepted by validate; and again it does nothing."""
    first = vmeval("run")
    assert (first.returncode, "10 of 10 runs succeeded." in first.stdout) == (0, True)
    assert len(list((tmp_path / "work" / "data" / "outputs" / "default" / "baseline-hold").iterdir())) == 5
    checked = vmeval("validate")
    assert (checked.returncode, checked.stdout) == (0, "10 run folders, 10 clips decoded: all whole.\n")
    assert "Nothing to do: all 10 runs are done already." in vmeval("run").stdout


def test_piped_progress_is_one_line_a_run(vmeval: Vmeval, questions: Path) -> None:
    """Results on stdout, everything else on stderr, nothing that moves."""
    done = vmeval("run", str(questions), "-m", "baseline-hold")
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    assert lines[-1].startswith("[4/4] success")
    assert "\x1b" not in done.stdout + done.stderr


def test_json_is_all_that_stdout_holds(vmeval: Vmeval, questions: Path) -> None:
    """For programs."""
    facts = json.loads(vmeval("run", str(questions), "-m", "baseline-hold", "--json").stdout)
    assert facts["ended"] == {"success": 4}
    for command in (
        ["models", "list"],
        ["models", "show", "baseline-hold"],
        ["plugins", "list"],
        ["status"],
        ["validate"],
    ):
        assert json.loads(vmeval(*command, "--json").stdout)
    assert len(json.loads(vmeval("questions", "list", str(questions), "--json").stdout)["task_pairs"]) == 4


def test_version_is_told(vmeval: Vmeval) -> None:
    """By the quick door and by Typer alike."""
    assert vmeval("--version").stdout == f"vmeval {__version__}\n"
    assert vmeval("--version", "--version").stdout == f"vmeval {__version__}\n"


@pytest.mark.parametrize(
    ("args", "error", "hint"),
    [
        pytest.param(["run", "-m", "baseline-hald"], "no installed plugin", "baseline-hold", id="unknown-model"),
        pytest.param(["run", "nowhere"], "nowhere does not exist", "layout", id="no-questions"),
        pytest.param(["run", "-p", "secnds=3"], "no option 'secnds'", "seconds, fps", id="unknown-option"),
        pytest.param(["run", "-p", "seconds"], "not of the form KEY=VALUE", "", id="no-value"),
        pytest.param(["run", "-p", "x:seconds=3"], "is for x, which is not run", "baseline-hold", id="other-model"),
        pytest.param(["run", "-p", "seconds=0"], "option seconds=0", "models show", id="out-of-bounds"),
        pytest.param(["run", "-m", LEDGER], "needs LEDGER_DIR", "a folder for the ledger", id="no-key"),
        pytest.param(["run", "-m", "./nothing.py:Model"], "nothing.py", "", id="no-file"),
        pytest.param(["run", "--with", "cache"], "no interceptor cache", "installed", id="no-interceptor"),
        pytest.param(["run", "--task", "no_such"], "no task pair no_such in", "questions list", id="nothing-matches"),
        pytest.param(["run", "-e", "../up"], "holds '/'", "plain name", id="experiment-leaves"),
        pytest.param(["run", "--rerun-changed", "--keep-changed"], "exclude each other", "", id="both-ways"),
        pytest.param(["run", "--adopt", "abc"], "RUN_ID=JOB_ID", "", id="adopt-form"),
        pytest.param(["status", "nowhere"], "nowhere does not exist", "vmeval run", id="no-results"),
        pytest.param(["run", "--samples", "0"], "samples", "", id="samples-zero"),
    ],
)
def test_mistake_is_one_sentence_and_a_hint(vmeval: Vmeval, args: list[str], error: str, hint: str) -> None:
    """Exit 2, no traceback, nothing written."""
    done = vmeval(*args, LEDGER_DIR="")
    assert done.returncode == 2
    assert error in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(vmeval: Vmeval) -> None:
    """Anywhere in the line."""
    assert "Traceback" in vmeval("run", "--debug", "-m", "baseline-hald").stderr


def test_some_failures_exit_one(vmeval: Vmeval, questions: Path, tmp_path: Path) -> None:
    """And the failed runs are named with their reason."""
    (questions / "chess_task" / "chess_0001" / "prompt.txt").write_text("")
    done = vmeval("run", str(questions), "-m", "baseline-hold", "-o", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "chess_0001/prompt.txt is empty" in done.stderr
    assert statuses(tmp_path / "out") == ["success"] * 3


def test_paid_plan_needs_a_yes(vmeval: Vmeval, questions: Path, tmp_path: Path) -> None:
    """Without a terminal to ask on, nothing is sent."""
    refused = vmeval("run", str(questions), "-m", LEDGER)
    assert refused.returncode == 2
    assert "4 runs would cost up to $0.40; nothing was sent" in refused.stderr
    assert ledger_lines(tmp_path) == []
    assert vmeval("run", str(questions), "-m", LEDGER, "--yes").returncode == 0
    assert len(ledger_lines(tmp_path)) == 4


def test_dry_run_writes_nothing(vmeval: Vmeval, questions: Path, tmp_path: Path) -> None:
    """It shows how many runs and what they cost at most."""
    done = vmeval("run", str(questions), "-m", LEDGER, "--samples", "2", "--dry-run")
    assert (done.returncode, "Cost at most: $0.80" in done.stdout) == (0, True)
    assert not (tmp_path / "work" / "data").exists()


def test_changed_runs_have_three_ways_on(vmeval: Vmeval, questions: Path) -> None:
    """Nothing is sent until the user chooses."""
    base = ["run", str(questions), "-m", LEDGER, "--yes"]
    vmeval(*base)
    refused = vmeval(*base, "-p", "latency=0.06")
    assert refused.returncode == 2
    assert "4 finished runs were asked differently (option latency)" in refused.stderr
    assert "costs at most $0.40" in refused.stderr
    assert "all 4 runs are done already" in vmeval(*base, "-p", "latency=0.06", "--keep-changed").stdout
    assert "4 of 4 runs succeeded" in vmeval(*base, "-p", "latency=0.06", "--rerun-changed").stdout
    assert "all 4 runs are done already" in vmeval(*base, "-p", "latency=0.06").stdout


def test_status_says_what_each_end_means(vmeval: Vmeval, questions: Path) -> None:
    """Every unfinished run in words."""
    vmeval("run", str(questions), "-m", BLIND_LEDGER, "--yes", "-p", "fault=bug")
    told = vmeval("status").stdout
    assert "blind-ledger  4" in told
    assert "the answer to a paid request was lost" in told


def test_validate_names_what_is_broken(vmeval: Vmeval, questions: Path, tmp_path: Path) -> None:
    """A cut video, a changed question, a missing record."""
    vmeval("run", str(questions), "-m", "baseline-hold", "-o", str(tmp_path / "out"))
    first, second, third, _ = sorted(path.parent for path in (tmp_path / "out").rglob("metadata.json"))
    video = first / "video" / "generated_video.mp4"
    video.write_bytes(video.read_bytes()[:-100])
    (second / "question" / "prompt.txt").write_text("Another one.")
    (third / "metadata.json").unlink()
    done = vmeval("validate", str(tmp_path / "out"))
    assert done.returncode == 1
    assert f"{first}: video/generated_video.mp4" in done.stdout
    assert "baseline-hold" in done.stdout
    assert "metadata.json is missing" in done.stdout


def test_verify_looks_into_the_videos(vmeval: Vmeval, questions: Path) -> None:
    """Planning trusts sizes; --verify does not."""
    args = ["run", str(questions), "-m", "baseline-hold"]
    vmeval(*args)
    video = next((questions.parent / "work").rglob("generated_video.mp4"))
    data = bytearray(video.read_bytes())
    data[-1] ^= 255
    video.write_bytes(bytes(data))
    assert vmeval(*args).returncode == 0
    assert "not what was recorded" in vmeval(*args, "--verify").stderr
    assert vmeval(*args, "--verify", "--retry-failed").returncode == 0


def test_env_file_is_read_and_not_inherited(vmeval: Vmeval, questions: Path, tmp_path: Path) -> None:
    """The key in .env is enough; the process's own environment counts for more."""
    (tmp_path / "work").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "work" / ".env").write_text(f"LEDGER_DIR={tmp_path}/elsewhere\n")
    vmeval("run", str(questions), "-m", LEDGER, "--yes", LEDGER_DIR="")
    assert len(ledger_lines(tmp_path / "elsewhere")) == 4


def test_closed_pipe_is_no_error(vmeval: Vmeval, tmp_path: Path) -> None:
    """`vmeval ... | head` ends quietly."""
    (tmp_path / "work").mkdir()
    line = "for i in 1 2 3; do python -m vmevalkit_core models list --json; done | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_gone_model_is_refused_with_its_successor(vmeval: Vmeval, questions: Path) -> None:
    """Since when, what replaces it, and how to try all the same."""
    refused = vmeval("run", str(questions), "-m", f"{SINNERS}:Gone")
    assert refused.returncode == 2
    assert "old-1 is gone since 2026-09-24; new-1 replaces it" in refused.stderr
    assert vmeval("run", str(questions), "-m", f"{SINNERS}:Gone", "--allow-gone").returncode == 0


def test_deprecated_model_runs_with_a_warning(vmeval: Vmeval, questions: Path) -> None:
    """On stderr, once."""
    done = vmeval("run", str(questions), "-m", f"{SINNERS}:Deprecated")
    assert (done.returncode, done.stderr.count("old-2 is deprecated; new-1 replaces it")) == (0, 1)


def test_output_inside_the_questions_is_refused(vmeval: Vmeval, questions: Path) -> None:
    """A dataset is only ever read."""
    refused = vmeval("run", str(questions), "-o", str(questions / "results"))
    assert (refused.returncode, "only ever read" in refused.stderr) == (2, True)
    assert not (questions / "results").exists()


def test_status_counts_runs_not_attempts(vmeval: Vmeval, questions: Path) -> None:
    """A failure that was retried well is no failure any more."""
    args = ["run", str(questions), "-m", LEDGER, "--yes"]
    assert vmeval(*args, "-p", "fault=job").returncode == 1
    assert vmeval(*args, "--retry-failed").returncode == 0
    assert json.loads(vmeval("status", "--json").stdout)["models"] == {"ledger": {"success": 4}}


def test_names_cannot_drive_the_terminal(vmeval: Vmeval, questions: Path) -> None:
    """Control characters of a folder's name are spelled out."""
    (questions / "maze_task" / "\x1b[31mred").mkdir()
    assert "\x1b" not in vmeval("run", str(questions), "-m", "baseline-hold").stderr


def test_bad_env_file_is_named(vmeval: Vmeval, tmp_path: Path) -> None:
    """Not a mistake of the kit."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / ".env").write_bytes(b"KEY=\xe9\xff")
    done = vmeval("run")
    assert (done.returncode, ".env in this folder cannot be read" in done.stderr) == (2, True)


def test_experiment_cannot_lie_in_the_questions(vmeval: Vmeval, questions: Path) -> None:
    """Whichever of -o and -e would put it there; the dataset is only ever read."""
    before = sorted(questions.rglob("*"))
    for more in (["-o", str(questions.parent), "-e", questions.name], ["-o", str(questions)]):
        done = vmeval("run", str(questions), *more)
        assert (done.returncode, "lies in the questions" in done.stderr) == (2, True)
    assert sorted(questions.rglob("*")) == before


def test_folder_of_a_domain_is_not_counted_as_a_task_pair(vmeval: Vmeval, questions: Path) -> None:
    """What can be used is counted in task pairs, what cannot in folders."""
    (questions / "zoo_task").mkdir()
    checked = vmeval("questions", "check", str(questions))
    assert (checked.returncode, "zoo_task holds no task folder" in checked.stdout) == (1, True)
    assert "4 task pairs in 2 domains can be used, 1 folder cannot." in checked.stdout
    done = vmeval("run", str(questions), "-m", "baseline-hold")
    assert (done.returncode, "1 folder of the questions could not be used." in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (["run", "-o", ""], "-o"),
        (["run", "--output="], "--output"),
        (["run", "-m", ""], "-m"),
        (["cancel", "", "--yes"], "an argument"),
    ],
    ids=str,
)
def test_empty_text_is_refused(vmeval: Vmeval, tmp_path: Path, args: list[str], name: str) -> None:
    """As a folder it would be the current one: a variable of the shell was not set."""
    done = vmeval(*args)
    assert (done.returncode, f"Error: {name} is empty\n" in done.stderr) == (2, True)
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(("keys", "said"), [(CTRL_C, "interrupted"), (b"n\n", "not allowed")], ids=["ctrl-c", "no"])
def test_answer_to_the_price_is_told(tmp_path: Path, questions: Path, keys: bytes, said: str) -> None:
    """Whoever presses Ctrl-C there has to know that nothing was sent."""
    line = [sys.executable, "-m", "vmevalkit_core", "run", str(questions), "-m", LEDGER, "-o", str(tmp_path / "out")]
    with on_a_terminal(line, clean_env(LEDGER_DIR=str(tmp_path))) as terminal:
        while b"[y/N]" not in terminal.shown and terminal.read(30.0):
            pass
        terminal.press(keys)
        code, _ = terminal.end()
    assert f"{said}; nothing was sent".encode() in terminal.shown
    assert code == (130 if keys == CTRL_C else 2)


def test_interrupt_while_the_price_is_shown_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question is on the screen a moment before anything waits for its answer."""

    def pressed(_: str) -> None:
        raise KeyboardInterrupt

    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(consent.out, "note", pressed)
    with pytest.raises(UsageError, match="interrupted; nothing was sent") as caught:
        ask_consent("it would cost", "It costs.", "nothing was sent")
    assert caught.value.exit_code == 130


def test_interrupt_while_a_plan_is_made_is_told(tmp_path: Path, questions: Path) -> None:
    """Nothing listens to Ctrl-C yet, and Typer would end the command without a word; no thread is waited for."""
    slow = tmp_path / "slow.py"
    busy = "import sys, threading, time\nthreading.Thread(target=time.sleep, args=[600]).start()\n"
    slow.write_text(f"{busy}print('loading', file=sys.stderr, flush=True)\ntime.sleep(600)\n")
    line = [sys.executable, "-m", "vmevalkit_core", "run", str(questions), "-m", f"{slow}:Model"]
    with on_a_terminal(line, clean_env()) as terminal:
        while b"loading" not in terminal.shown and terminal.read(30.0):
            pass
        terminal.press(CTRL_C)
        code, _ = terminal.end()
    assert (code, b"Error: interrupted" in terminal.shown) == (130, True)


def test_filters_that_leave_nothing_are_all_named(vmeval: Vmeval, questions: Path) -> None:
    """The task pair is there: it is the domain that shuts it out."""
    done = vmeval("run", str(questions), "--domain", "maze", "--task", "chess_0000")
    assert (done.returncode, "no task pair chess_0000 of the domain maze in" in done.stderr) == (2, True)


def test_lost_answer_comes_with_the_order_for_that_run(vmeval: Vmeval, tmp_path: Path, questions: Path) -> None:
    """The run id is known; only the job has to be looked up at the vendor."""
    done = vmeval("run", str(questions), "-m", BLIND_LEDGER, "--limit", "1", "--yes", "-p", "fault=bug")
    runs = [path.parent.name for path in (tmp_path / "work").rglob("metadata.json")]
    assert (len(runs), "RUN_ID" in done.stderr) == (2, False)
    assert all(f"--adopt {run}=JOB_ID" in done.stderr for run in runs)


@pytest.mark.parametrize(
    ("args", "error", "hint"),
    [
        (["-m", "a,b"], "-m a,b is no model", "write -m a -m b"),
        (["-m", "BASELINE-HOLD"], "no installed plugin", "is baseline-hold or"),
        (["settings.json"], "settings.json is a file, not a folder", "a configuration ends in .yaml"),
    ],
    ids=str,
)
def test_near_miss_comes_with_the_way_on(
    vmeval: Vmeval, tmp_path: Path, args: list[str], error: str, hint: str
) -> None:
    """Models in one word, in capitals, and a configuration of another format."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "settings.json").write_text("{}")
    done = vmeval("run", *args)
    assert (done.returncode, error in done.stderr, hint in done.stderr) == (2, True, True)


def test_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    """Another terminal deleted it under the command."""
    (tmp_path / "gone").mkdir()
    line = f'rmdir ../gone; exec "{sys.executable}" -m vmevalkit_core run'
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path / "gone", env=clean_env(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Error: the current folder is gone" in done.stderr) == (2, True)
