"""An output that cannot hold results is refused before anything is sent, with the way to another one."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Command
from tests.helpers import LEDGER, close, ledger_lines
from vmevalkit_core import InferenceRunner, UsageError


@pytest.mark.parametrize("order", ["--yes", "--dry-run"])
def test_output_that_is_a_file_is_refused(vmeval: Command, tmp_path: Path, order: str) -> None:
    """By the plan already, which costs nothing."""
    (tmp_path / "taken").write_text("")
    done = vmeval("run", "-m", LEDGER, "-o", str(tmp_path / "taken"), order)
    assert (done.returncode, "taken is a file, not a folder" in done.stderr) == (2, True)
    assert "Hint: choose another folder with -o" in done.stderr
    assert ledger_lines(tmp_path) == []


def test_place_where_no_folder_can_be_made_is_refused(vmeval: Command, tmp_path: Path) -> None:
    """The rights look well there, and the system refuses all the same."""
    done = vmeval("run", "-m", LEDGER, "-o", "/proc/nowhere", "--yes")
    assert (done.returncode, "cannot be written" in done.stderr, "/proc" in done.stderr) == (2, True, True)
    assert ledger_lines(tmp_path) == []


def test_closed_output_is_refused(vmeval: Command, tmp_path: Path) -> None:
    """Whoever may not write there learns it before the question about money."""
    (tmp_path / "out").mkdir()
    close(tmp_path / "out")
    done = vmeval("run", "-m", LEDGER, "-o", str(tmp_path / "out"))
    assert (done.returncode, "out cannot be written" in done.stderr) == (2, True)


@pytest.mark.parametrize("in_memory", [True, False], ids=["in-memory", "file"])
def test_api_names_the_way_out(tmp_path: Path, in_memory: bool) -> None:
    """A UsageError instead of the words of the system, whether or not a picture has to be kept first."""
    (tmp_path / "taken").write_text("")
    image = Image.new("RGB", (64, 64))
    image.save(tmp_path / "frame.png")
    with InferenceRunner(tmp_path / "taken") as runner, pytest.raises(UsageError) as caught:
        runner.run("baseline-hold", image if in_memory else tmp_path / "frame.png", "p")
    assert caught.value.hint == "choose another output_dir= or experiment="


def test_plugin_in_a_closed_folder_is_refused(vmeval: Command, tmp_path: Path) -> None:
    """With the option that names another one."""
    done = vmeval("plugins", "new", "acme", "--into", "/proc")
    assert (done.returncode, "cannot be written: " in done.stderr, "--into" in done.stderr) == (2, True, True)
