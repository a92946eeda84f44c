"""Help pages, mistakes in a command line, and what a terminal is sent."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tests.conftest import clean_env
from vmevalkit_core.cli.app import app
from vmevalkit_core.cli.fields import KEYS

Vmeval = Callable[..., subprocess.CompletedProcess[str]]


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command and of every group."""
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


PAGES = list(commands(get_command(app)))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: " ".join(path) or "vmeval")
def test_help_fits_eighty_columns(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a wide terminal too; and it is plain text."""
    monkeypatch.setenv("COLUMNS", "200")
    page = CliRunner().invoke(app, [*path, "--help"], prog_name="vmeval").output
    assert page.startswith(f"Usage: {' '.join(('vmeval', *path))} ")
    assert [line for line in page.splitlines() if len(line) > 80] == []
    assert "\x1b" not in page


def test_every_option_has_help() -> None:
    """A sentence for each option of each command. (The lowest Typer beside a new click loses those of arguments.)"""
    for path in PAGES:
        command: Any = get_command(app)
        for name in path:
            command = command.commands[name]
        options = [param for param in command.params if param.param_type_name == "option"]
        assert [(path, param.name) for param in options if not param.help] == []


def test_help_of_run_names_the_keys_of_a_file() -> None:
    """They are the settings, by their names in Python."""
    page = CliRunner().invoke(app, ["run", "--help"]).output
    words = set(page.replace(",", " ").replace(".", " ").split())
    assert set(KEYS) - words == set()


@pytest.mark.parametrize(
    ("args", "message", "command"),
    [
        pytest.param(["run", "--limt", "3"], "No such option", "vmeval run", id="option"),
        pytest.param(["run", "--limit", "three"], "--limit three: ", "vmeval run", id="integer"),
        pytest.param(["run", "--limit", "0"], "--limit 0: ", "vmeval run", id="bounds"),
        pytest.param(["run", "--limit"], "--limit", "vmeval", id="no-value"),
        pytest.param(["run", "a", "b"], "unexpected extra argument", "vmeval run", id="two-folders"),
        pytest.param(["models", "show"], "Missing argument", "vmeval models show", id="no-argument"),
        pytest.param(["models", "shw"], "No such command 'shw'", "vmeval models", id="no-command"),
    ],
)
def test_mistaken_line_is_told_in_two_lines(vmeval: Vmeval, args: list[str], message: str, command: str) -> None:
    """On stderr, exit 2; nothing on stdout, but for --json the same words."""
    done = vmeval(*args)
    error, hint = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    place = 2 if args[0] == "models" else 1
    told = json.loads(vmeval(*args[:place], "--json", *args[place:]).stdout)
    assert (f"Error: {told['error']}", f"Hint: {told['hint']}") == (error, hint)
    assert error.startswith("Error: ")
    assert message in error
    assert hint.startswith(f"Hint: see: {command}")


def test_group_without_a_command_shows_its_help(vmeval: Vmeval) -> None:
    """On stderr, for nothing was asked."""
    done = vmeval("models")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: vmeval models ")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        pytest.param(["run", "-m", "baseline-hald"], 2, id="user"),
        pytest.param(["status", "nowhere"], 2, id="no-results"),
        pytest.param(["run", "-o", "/proc/none"], 2, id="disk"),
    ],
)
def test_error_is_json_where_json_was_asked_for(vmeval: Vmeval, args: list[str], code: int) -> None:
    """A program finds the reason on stdout, a person the same words on stderr."""
    done = vmeval(*args, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"]) == (code, code)
    assert f"Error: {told['error']}\n" in done.stderr
    assert f"Hint: {told['hint']}\n" in done.stderr or not told["hint"]


def on_a_terminal(cwd: Path, *args: str, **env: str) -> bytes:
    """All that a command sends to a terminal of 80 columns, which is its stdin, stdout and stderr."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "vmevalkit_core", *args]
    variables = {"TERM": "xterm-256color", "COLUMNS": "80", "HOME": str(cwd)} | env
    # Old versions of rich take an empty NO_COLOR for one that is set.
    given = {name: value for name, value in clean_env(**variables).items() if value}
    child = subprocess.Popen(command, cwd=cwd, env=given, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    sent = b""
    try:
        while data := os.read(ours, 65536):
            sent += data
    except OSError:
        pass  # Linux says EIO, not end of file, once the last writer is gone.
    os.close(ours)
    child.wait(timeout=60)
    return sent


COLOUR = re.compile(rb"\x1b\[[0-9;]*(3[0-8]|4[0-8]|9[0-7])[0-9;]*m")
"""An escape code that sets a colour."""
BASH = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(["run"], id="run"),
        pytest.param(["run", "--help"], id="help"),
        pytest.param(["run", "--limt"], id="mistake"),
        pytest.param(["run", "-m", "nothing"], id="error"),
        pytest.param(["run", "--dry-run"], id="dry-run"),
        pytest.param(["models", "list"], id="models-list"),
        pytest.param(["models", "show", "baseline-hold"], id="models-show"),
        pytest.param(["plugins", "list"], id="plugins-list"),
        pytest.param(["questions", "list"], id="questions-list"),
        pytest.param(["--install-completion", "bash"], id="completion"),
    ],
)
def test_no_color_sends_no_colours(tmp_path: Path, args: list[str]) -> None:
    """To a real terminal, in all of a command's output; a bar may still move."""
    sent = on_a_terminal(tmp_path, *args, NO_COLOR="1", **BASH)
    assert sent
    assert not COLOUR.search(sent)


def test_terminal_gets_a_moving_bar(tmp_path: Path) -> None:
    """In colours where nobody objects, so the test above can fail; in one colour else."""
    assert COLOUR.search(on_a_terminal(tmp_path, "run", NO_COLOR=""))
    assert b"\x1b[" in on_a_terminal(tmp_path, "run", "-e", "grey", NO_COLOR="1")
