"""From the command line to a finished run, with small weights in a real worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from crafter_files import quick_folder
from PIL import Image

from vmevalkit_core import check_clip

QUICK = ("-p", "steps=2", "-p", "guidance=1")


def question(root: Path) -> Path:
    """One drawn task pair."""
    folder = root / "questions" / "ball_task" / "ball_0001"
    folder.mkdir(parents=True)
    for name, colour in (("first_frame", "navy"), ("final_frame", "gold")):
        Image.new("RGB", (96, 96), colour).save(folder / f"{name}.png")
    (folder / "prompt.txt").write_text("the ball turns to gold\n")
    return root / "questions"


def vmeval(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`vmeval run` in a folder, with nothing of this machine's cards or weights."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("VMEVAL_", "HF_"))}
    plain |= {"CUDA_VISIBLE_DEVICES": "", "VMEVAL_RUNTIME_DIR": str(folder / "runtime"), **env}
    line = [sys.executable, "-m", "vmevalkit_core", "run", *arguments, "-o", str(folder / "out")]
    return subprocess.run(line, capture_output=True, text=True, env=plain, cwd=folder, check=False)


def record(folder: Path) -> dict[str, Any]:
    """The only record below a folder, with its own path."""
    (path,) = (folder / "out").rglob("metadata.json")
    content: dict[str, Any] = json.loads(path.read_text())
    return {**content, "path": path}


def test_interpolation_is_shown_both_frames(tmp_path: Path) -> None:
    """By the variable that names the weights; letterboxed, sixteen frames, and a record that says how."""
    weights = quick_folder(tmp_path, "dynamicrafter-512-interp")
    done = vmeval(
        tmp_path, str(question(tmp_path)), "-m", "dynamicrafter-512-interp", *QUICK, VMEVAL_WEIGHTS=str(weights)
    )
    assert done.returncode == 0, done.stderr
    found = record(tmp_path)
    clip = check_clip(found["path"].parent / "video" / "generated_video.mp4")
    assert (clip.width, clip.height, clip.frames, clip.fps) == (512, 320, 16, 8)
    facts = found["provenance"]["extras"]["local"]
    assert facts["picture_shown"] is True
    assert facts["steps_run"] == 2
    assert found["provenance"]["inputs"] == ["first_frame", "final_frame", "prompt"]


def test_text_model_says_that_it_saw_no_picture(tmp_path: Path) -> None:
    """To whoever runs it, and in the record."""
    weights = quick_folder(tmp_path, "videocrafter2-512")
    asked = (str(question(tmp_path)), "-m", "videocrafter2-512", *QUICK, "-p", f"weights={weights}")
    done = vmeval(tmp_path, *asked)
    assert done.returncode == 0, done.stderr
    assert "no input for a picture" in done.stderr
    found = record(tmp_path)
    facts = found["provenance"]["extras"]["local"]
    assert (facts["picture_shown"], facts["first_frame"], facts["size"]) == (False, "none", [512, 320])
    assert found["provenance"]["inputs"] == ["prompt"]


def test_other_weights_are_refused_before_anything_runs(tmp_path: Path) -> None:
    """Exit code 2, and the name of the model that they are."""
    weights = quick_folder(tmp_path, "videocrafter2-512")
    asked = (str(question(tmp_path)), "-m", "dynamicrafter-512", "-p", f"weights={weights}")
    done = vmeval(tmp_path, *asked)
    assert done.returncode == 2
    assert "holds videocrafter2-512, not dynamicrafter-512" in done.stderr
    assert not list(tmp_path.rglob("metadata.json"))


def test_missing_weights_come_with_the_line_that_fetches_them(tmp_path: Path) -> None:
    """Id, size, licence and command."""
    done = vmeval(tmp_path, str(question(tmp_path)), "-m", "videocrafter1-i2v-512", HF_HUB_CACHE=str(tmp_path))
    assert done.returncode == 2
    shown = " ".join(done.stderr.split())
    assert "VideoCrafter/Image2Video-512 (10.4 GB" in shown
    assert "hf download VideoCrafter/Image2Video-512" in shown
