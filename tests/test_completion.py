"""What a shell is told at Tab."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import clean_env
from tests.helpers import REPOSITORY
from tests.hostile.dists import write_dist
from tests.test_startup import HEAVY

Vmeval = Callable[..., subprocess.CompletedProcess[str]]
NOISY = """
import sys
from vmevalkit_core import ModelSpec, State, hookimpl
print("on stdout"), print("on stderr", file=sys.stderr)

@hookimpl
def vmeval_models():
    yield ModelSpec(name="noisy-1", factory="x:Y")
    yield ModelSpec(name="noisy-gone", factory="x:Y", state=State(life="gone"))
"""
MODULES = """
import sys
from vmevalkit_core.__main__ import main
main([])
print("modules:", *(name for name, module in sys.modules.items() if module is not None))
"""


def asked(shell: str, line: str) -> dict[str, str]:
    """The variables by which a shell asks for the words that may end a line."""
    words = line.split(" ")
    bash = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    others = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    return {"_VMEVAL_COMPLETE": f"complete_{shell}", **(bash if shell == "bash" else others)}


SHELLS = {
    "bash": "baseline-hold\nbaseline-oracle\n",
    "zsh": '_arguments \'*: :(("baseline-hold"\n"baseline-oracle"))\'\n',
    "fish": "baseline-hold\nbaseline-oracle\n",
}


@pytest.mark.parametrize("line", ["vmeval run -m base", "vmeval run --model base", "vmeval models show base"])
@pytest.mark.parametrize("shell", SHELLS)
def test_models_complete_in_each_shell(vmeval: Vmeval, shell: str, line: str) -> None:
    """For -m and for `models show`."""
    done = vmeval(**asked(shell, line))
    assert (done.returncode, done.stdout, done.stderr) == (0, SHELLS[shell], "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("vmeval val", ["validate"], id="command"),
        pytest.param("vmeval run --retry", ["--retry-failed"], id="option"),
        pytest.param("vmeval models sh", ["show"], id="command-of-a-group"),
        pytest.param("vmeval run -m nothing-like-it", [], id="no-model"),
    ],
)
def test_commands_and_options_complete(vmeval: Vmeval, line: str, words: list[str]) -> None:
    """Nothing at all where nothing fits, so that the shell offers files."""
    assert vmeval(**asked("bash", line)).stdout.split() == words


def test_broken_and_noisy_plugins_say_nothing_at_tab(vmeval: Vmeval, tmp_path: Path) -> None:
    """A line in the middle of what a user types helps nobody; gone models are offered to `models show` only."""
    write_dist(tmp_path / "site", "broken", "import a_package_nobody_has")
    write_dist(tmp_path / "site", "noisy", NOISY)
    path = f"{REPOSITORY}:{tmp_path / 'site'}"
    run = vmeval(**asked("bash", "vmeval run -m nois"), PYTHONPATH=path)
    show = vmeval(**asked("bash", "vmeval models show nois"), PYTHONPATH=path)
    assert (run.stdout, run.stderr) == ("noisy-1\n", "")
    assert (show.stdout, show.stderr) == ("noisy-1\nnoisy-gone\n", "")


@pytest.mark.parametrize("line", ["vmeval run --", "vmeval run -m base"])
@pytest.mark.parametrize("shell", SHELLS)
def test_completion_imports_nothing_heavy(shell: str, line: str) -> None:
    """It is paid for at each Tab."""
    done = subprocess.run(
        [sys.executable, "-c", MODULES], env=clean_env(**asked(shell, line)), capture_output=True, text=True, check=True
    )
    words, _, modules = done.stdout.rpartition("modules: ")
    assert "--model" in words or "baseline-hold" in words
    assert HEAVY & set(modules.split()) == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_script_for_a_shell_is_shown(vmeval: Vmeval, shell: str) -> None:
    """To be put where the user likes."""
    done = vmeval("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0
    assert "_VMEVAL_COMPLETE" in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_offers_the_models_once_installed(vmeval: Vmeval, tmp_path: Path) -> None:
    """`--install-completion`, then what a Tab does in a bash that has read its start file."""
    home = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert vmeval("--install-completion", "bash", **home).returncode == 0
    (tmp_path / "vmeval").write_text(f'#!/bin/sh\nexec {sys.executable} -m vmevalkit_core "$@"\n')
    (tmp_path / "vmeval").chmod(0o755)
    tab = "COMP_WORDS=(vmeval run -m baseline-h); COMP_CWORD=3; _vmeval_completion vmeval; echo ${COMPREPLY[@]}"
    done = subprocess.run(
        ["bash", "-c", f". ~/.bashrc; {tab}"],
        env=clean_env(HOME=str(tmp_path), PATH=f"{tmp_path}:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("baseline-hold\n", "")
