"""`vmeval doctor` says what is missing and how to mend it, and tells no secret."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.hostile.dists import write_dist
from vmevalkit_core.checks import Check, Surroundings, check_all
from vmevalkit_core.checks.device import torch, video_cards
from vmevalkit_core.checks.disk import room
from vmevalkit_core.errors import ConfigError
from vmevalkit_core.registry import Registry

PLUGIN = """
from vmevalkit_core import ModelSpec, Need, hookimpl

@hookimpl
def vmeval_models():
    here, there = Need("ACME_ID"), Need("ACME_SESSION", "ACME_OTHER")
    missing = Need("ACME_TICKET", hint="tickets are sold at https://acme.example/shop")
    region = Need("ACME_REGION", secret=False)
    yield ModelSpec(name="acme-1", factory="x:Y", needs=(here, there, missing))
    yield ModelSpec(name="acme-2", factory="x:Y", needs=(here, region))
"""
LEAK = """
import os
raise RuntimeError(f"cannot log in with {os.environ['BROKEN_API_KEY']} as {os.environ['ACME_ID']}")
"""
SECRETS = {"ACME_ID": "planted-one-1111", "BROKEN_API_KEY": "planted-two-2222", "ACME_REGION": "us-moon-1"}
TORCH = """
from types import SimpleNamespace as Some
__version__ = "9.9"
version = Some(cuda={cuda!r}, hip=None)
backends = Some(mps=Some(is_available=lambda: {mps}))
card = Some(name="Big Card", total_memory=80 * 2**30)
cuda = Some(device_count=lambda: {count}, get_device_properties=lambda at: card)
"""


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """What is installed, and an output folder that does not exist yet."""
    return Surroundings(Registry.load, output=tmp_path / "out" / "puts")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder that `vmeval` works in."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a torch and a tool of our own; no others are found."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def findings(vmeval: Command, **env: str) -> dict[str, list[Check]]:
    """What doctor finds, by name."""
    found: dict[str, list[Check]] = {}
    for one in json.loads(vmeval("doctor", "--json", **env).stdout):
        found.setdefault(one["name"], []).append(Check(**one))
    return found


def test_healthy_machine_has_no_problem(vmeval: Command, work: Path) -> None:
    """Exit 0, each thing looked at, and nothing left behind."""
    done = vmeval("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nNo problem found.\n")
    assert {line.split()[1] for line in done.stdout.splitlines()[:-2]} >= {
        *("python", "core", "libraries", "plugin", ".env", "key", "video", "output", "space", "locks", "questions")
    }
    assert list(work.iterdir()) == []


def test_keys_are_told_by_name_and_source(vmeval: Command, work: Path, tmp_path: Path) -> None:
    """Set here, set in .env, or not set with the need's own hint; a key that is missing is no problem."""
    write_dist(tmp_path, "acme", PLUGIN)
    (work / ".env").write_text("ACME_OTHER=planted-three-3333\n")
    told = {one.text: one for one in findings(vmeval, PYTHONPATH=str(tmp_path), ACME_ID="planted-one-1111")["key"]}
    assert told["ACME_ID is set in the environment; needed by 2 models"].state == "ok"
    assert told["ACME_OTHER is set in .env; needed by 1 model"].state == "ok"
    assert told["ACME_TICKET is not set; needed by 1 model"][1::2] == (
        "note",
        "tickets are sold at https://acme.example/shop",
    )
    assert told["ACME_REGION is not set; needed by 1 model"].state == "note"


def test_no_secret_is_told(vmeval: Command, work: Path, tmp_path: Path) -> None:
    """Neither a key, nor one that a broken plugin puts into its error."""
    write_dist(tmp_path, "acme", PLUGIN)
    write_dist(tmp_path, "leak", LEAK)
    (work / ".env").write_text("ACME_SESSION=planted-three-3333\n")
    listings = (["models", "list"], ["plugins", "list"], ["plugins", "list", "--json"])
    for args in (["doctor"], ["doctor", "--json"], *listings):
        done = vmeval(*args, PYTHONPATH=str(tmp_path), **SECRETS)
        assert "cannot log in with [redacted] as [redacted]" in done.stdout + done.stderr
        assert not [value for value in ("planted", "us-moon") if value in done.stdout + done.stderr]


def test_broken_plugin_is_a_problem_with_its_repair(vmeval: Command, tmp_path: Path) -> None:
    """Exit 1, the fix on the next line, and everything else looked at all the same."""
    write_dist(tmp_path, "broken", "import a_package_nobody_has")
    done = vmeval("doctor", PYTHONPATH=str(tmp_path))
    lines = done.stdout.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("problem"))
    assert "broken of vmevalkit-broken (import)" in lines[at]
    assert lines[at + 1].strip() == "-> pip install -U vmevalkit-broken, or pip uninstall vmevalkit-broken"
    assert (done.returncode, lines[-1], "locks" in done.stdout) == (1, "1 problem.", True)


@pytest.mark.parametrize(
    ("mode", "state"), [(0o600, "ok"), (0o644, "note"), (0o660, "note")], ids=["600", "644", "660"]
)
def test_env_file_that_others_read_is_noted(vmeval: Command, work: Path, mode: int, state: str) -> None:
    """With the line that closes it."""
    (work / ".env").write_text("A=b\n")
    (work / ".env").chmod(mode)
    (found,) = findings(vmeval)[".env"]
    assert (found.state, found.hint) == (state, "" if state == "ok" else "chmod 600 .env")


def test_env_file_that_cannot_be_read_is_a_problem(vmeval: Command, work: Path) -> None:
    """Named with its reason; no traceback."""
    (work / ".env").write_bytes(b"KEY=\xe9\xff")
    done = vmeval("doctor")
    assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (1, False)
    assert "the file .env in this folder cannot be read" in done.stdout


def test_output_that_is_a_file_is_a_problem(vmeval: Command, work: Path) -> None:
    """From the variable or from -o; nothing is created."""
    (work / "taken").write_text("")
    done = vmeval("doctor", VMEVAL_OUTPUT="taken/below")
    assert (done.returncode, "taken is a file, not a folder" in done.stdout) == (1, True)
    assert vmeval("doctor", "-o", "elsewhere/deep").returncode == 0
    assert not (work / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_output_that_is_closed_is_a_problem(vmeval: Command, work: Path) -> None:
    """Said once."""
    (work / "data").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    done = vmeval("doctor")
    assert (done.returncode, done.stdout.count("problem ")) == (1, 1)


@pytest.mark.parametrize(("free", "state"), [(10**8, "problem"), (10**9, "note"), (10**10, "ok")], ids=str)
def test_room_on_the_disk_is_judged(free: int, state: str) -> None:
    """Under half a GB runs would fail."""
    assert room(free) == state


def test_check_that_breaks_stops_no_other(tmp_path: Path) -> None:
    """It becomes a problem with its reason."""

    def load() -> Registry:
        raise ConfigError("a setting is wrong", hint="unset it")

    found = list(check_all(Surroundings(load, output=tmp_path)))
    broken = [one for one in found if one.state == "problem"]
    assert {(one.name, one.text, one.hint) for one in broken} == {
        ("plugins", "a setting is wrong", "unset it"),
        ("keys", "a setting is wrong", "unset it"),
    }
    assert {"python", "video", "locks"} <= {one.name for one in found if one.state == "ok"}


@pytest.mark.parametrize(
    ("source", "state", "text"),
    [
        pytest.param(TORCH.format(cuda="12.8", mps=False, count=2), "ok", "cuda:1 Big Card 80 GiB", id="cuda"),
        pytest.param(TORCH.format(cuda=None, mps=True, count=0), "ok", "9.9: mps (Apple GPU)", id="mps"),
        pytest.param(TORCH.format(cuda=None, mps=False, count=0), "note", "9.9 sees no GPU", id="cpu"),
        pytest.param("raise OSError('libcudart is missing')", "problem", "OSError: libcudart is missing", id="broken"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "problem", "it ended with -9", id="crash"),
    ],
)
def test_torch_is_asked_in_a_process_of_its_own(
    around: Surroundings, fakes: Path, source: str, state: str, text: str
) -> None:
    """A torch that is broken, or takes its process along, is a finding."""
    (fakes / "torch.py").write_text(source)
    (found,) = torch(around)
    assert (found.state, text in found.text) == (state, True), found


@pytest.mark.parametrize(
    ("script", "state", "text"),
    [
        pytest.param("echo 'NVIDIA H200, 143771 MiB, 143000 MiB, 570.1'", "ok", "143000 MiB of 143771 MiB", id="card"),
        pytest.param("echo 'no driver' >&2; exit 9", "note", "nvidia-smi fails: no driver", id="no driver"),
    ],
)
def test_cards_are_told_without_torch(around: Surroundings, fakes: Path, script: str, state: str, text: str) -> None:
    """As the driver's own tool shows them."""
    tool = fakes / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    (found,) = video_cards(around)
    assert (found.state, text in found.text) == (state, True), found


def test_line_of_env_that_sets_nothing_is_told(vmeval: Command, work: Path) -> None:
    """Once and by its number, its text untold; doctor calls it a problem and the other lines count."""
    (work / ".env").write_text("LEDGER_DIR=.\n\n# a comment\nPLANTED_KEY: planted-nine-9999\nPLANTED\n")
    (work / ".env").chmod(0o600)
    done = vmeval("run", "--dry-run")
    warnings = [line for line in done.stderr.splitlines() if "line" in line]
    assert warnings == [f"Warning: .env, line {number} is no NAME=VALUE; it is ignored" for number in (4, 5)]
    told = vmeval("doctor", "--json")
    found = [one for one in json.loads(told.stdout) if one["name"] == ".env" and one["state"] == "problem"]
    assert (told.returncode, [one["text"].partition(" is ")[0] for one in found]) == (1, ["line 4", "line 5"])
    assert "planted-nine" not in done.stderr + told.stdout + told.stderr
