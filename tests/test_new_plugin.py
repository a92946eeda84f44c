"""`vmeval plugins new`: what it writes, and what it refuses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.hostile.dists import write_dist

NAMES = ["acme", "a", "a-vendor-with-a-long-name"[:24]]
KINDS = ["--api", "--local"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_package_is_complete(vmeval: Command, tmp_path: Path, name: str, kind: str) -> None:
    """Every word is filled in, and every module compiles."""
    done = vmeval("plugins", "new", name, kind)
    folder = tmp_path / "work" / f"vmevalkit-{name}"
    assert (done.returncode, done.stdout.strip()) == (0, folder.name)
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if re.search(r"\$\w|\$\{|MODULE|NAME", text)]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    home = folder / "src" / project["entry-points"]["vmevalkit"][name].partition(".")[0]
    assert {"plugin.py", "options.py", "py.typed"} <= {path.name for path in home.iterdir()}
    for path in folder.rglob("*.py"):
        compile(path.read_text(), str(path), "exec")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Acme", "lower-case"),
        ("3d", "with a letter at the beginning"),
        ("a--b", "single hyphens"),
        ("../acme", "lower-case"),
        ("", "is empty"),
        ("a" * 25, "25 characters"),
        ("core", "something called core"),
        ("none", "Python has that word"),
    ],
)
def test_bad_name_is_refused(vmeval: Command, tmp_path: Path, name: str, reason: str) -> None:
    """In one sentence, and nothing is written."""
    done = vmeval("plugins", "new", name)
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
    assert list((tmp_path / "work").iterdir()) == []


def test_folder_that_exists_is_left_alone(vmeval: Command, tmp_path: Path) -> None:
    """Somebody's work may be in it."""
    mine = tmp_path / "work" / "vmevalkit-acme" / "mine.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    done = vmeval("plugins", "new", "vmevalkit-acme")
    assert (done.returncode, mine.read_text()) == (2, "mine")
    assert "is there already" in done.stderr
    assert [path.name for path in mine.parent.iterdir()] == ["mine.py"]


def test_missing_folder_is_named(vmeval: Command, tmp_path: Path) -> None:
    """It is not made: a slip of the pen would hide the package."""
    done = vmeval("plugins", "new", "acme", "--into", "nowhere")
    assert done.returncode == 2
    assert "nowhere is no folder" in done.stderr
    assert list((tmp_path / "work").iterdir()) == []


def test_name_of_an_installed_package_is_refused(vmeval: Command, tmp_path: Path) -> None:
    """To install the new one would put the other away."""
    distribution = write_dist(tmp_path / "site", "acme", "")
    done = vmeval("plugins", "new", "acme", PYTHONPATH=str(tmp_path / "site"))
    assert (done.returncode, f"a package {distribution} is installed already" in done.stderr) == (2, True)
    assert list((tmp_path / "work").iterdir()) == []
