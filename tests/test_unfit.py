"""From a question through a letterbox, a codec and back: the clip in the question's own frame."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Command
from tests.helpers import make_task, records
from vmevalkit_core import ImageRule, encode_clip, fit_frame, read_frames, unfit_clip
from vmevalkit_core.attempts import find_attempts
from vmevalkit_core.unfit import unfit_results

SQUARES = Image.effect_noise((9, 7), 120).resize((270, 210), Image.Resampling.NEAREST).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Grey levels by which two pictures differ, on average."""
    return float(np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int)).mean())


@pytest.fixture
def odd_questions(tmp_path: Path) -> Path:
    """One puzzle of an unusual size with sharp edges."""
    folder = make_task(tmp_path / "questions", "maze", "maze_0000")
    for name in ("first_frame.png", "final_frame.png"):
        SQUARES.save(folder / name)
    return tmp_path / "questions"


def test_clip_is_cut_back_to_the_question(odd_questions: Path, vmeval: Command, tmp_path: Path) -> None:
    """Beside the original, in the question's size, different from it by little more than the codec's loss."""
    done = vmeval("run", str(odd_questions), "-p", "size=640x480", "--unfit")
    assert done.returncode == 0, done.stderr
    assert "1 clip cut back to the question's own frame" in done.stdout
    (video,) = (tmp_path / "work").rglob("unfit_video.mp4")
    first = next(read_frames(video))
    assert first.size == SQUARES.size
    plain = vmeval("run", str(odd_questions), "-e", "plain")
    assert plain.returncode == 0
    (untouched,) = (tmp_path / "work/data/outputs/plain").rglob("generated_video.mp4")
    codec = difference(next(read_frames(untouched)), SQUARES)
    assert difference(first, SQUARES) < codec + 2
    assert vmeval("validate").returncode == 0


def test_unfit_of_a_finished_experiment_costs_no_run(odd_questions: Path, vmeval: Command, tmp_path: Path) -> None:
    """A later command cuts back what is there; a third one finds nothing to do."""
    vmeval("run", str(odd_questions), "-p", "size=640x480")
    later = vmeval("run", str(odd_questions), "-p", "size=640x480", "--unfit", "--json")
    assert [one["result"] for one in json.loads(later.stdout)["unfit"]] == ["written"]
    again = vmeval("run", str(odd_questions), "-p", "size=640x480", "--unfit", "--json")
    assert [one["result"] for one in json.loads(again.stdout)["unfit"]] == ["there"]
    assert len(records(tmp_path / "work/data/outputs/default")) == 1


def test_clip_in_the_questions_frame_needs_no_cut(questions: Path, vmeval: Command, tmp_path: Path) -> None:
    """There is no second file where the first one is it."""
    done = vmeval("run", str(questions), "--limit", "1", "--unfit")
    assert "2 clips in the question's own frame already" in done.stdout
    assert not list((tmp_path / "work").rglob("unfit_video.mp4"))


def test_reframed_clip_is_named_and_spares_the_rest(odd_questions: Path, vmeval: Command, tmp_path: Path) -> None:
    """A vendor that answers with another shape leaves nothing to undo; the run stays a success."""
    make_task(odd_questions, "maze", "maze_0001")
    assert vmeval("run", str(odd_questions), "-p", "size=640x480").returncode == 0
    (clip,) = (tmp_path / "work").rglob("maze_0000/*/video/generated_video.mp4")
    encode_clip([Image.new("RGB", (480, 480))], clip, fps=8)
    done = vmeval("run", str(odd_questions), "-p", "size=640x480", "--unfit")
    assert "another shape" in done.stderr
    assert len(list((tmp_path / "work").rglob("maze_0001/*/video/unfit_video.mp4"))) == 1


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 960)], ids=str)
def test_clip_of_another_scale_is_cut_back(tmp_path: Path, size: tuple[int, int]) -> None:
    """The vendor's own size makes no difference to where the question lies."""
    geometry = ImageRule(sizes=((640, 480),)).geometry(SQUARES.size)
    sent = fit_frame(SQUARES, geometry, bars="red")
    encode_clip([sent.resize(size)] * 3, tmp_path / "clip.mp4", fps=8)
    unfit_clip(tmp_path / "clip.mp4", geometry, tmp_path / "cut.mp4")
    frames = list(read_frames(tmp_path / "cut.mp4"))
    assert [frame.size for frame in frames] == [SQUARES.size] * 3
    assert difference(frames[1], SQUARES) < 12


def test_record_holds_the_way_from_question_to_model(odd_questions: Path, vmeval: Command, tmp_path: Path) -> None:
    """Size, place and treatment of each frame, and the hash of what was really sent."""
    vmeval("run", str(odd_questions), "-m", "baseline-oracle", "-p", "size=640x480", "-p", "bars=navy")
    (record,) = records(tmp_path / "work/data/outputs/default")
    facts = record["provenance"]
    assert facts["fit"] == "letterbox"
    for name in ("first_frame", "final_frame"):
        assert facts[name]["geometry"]["placed"] == [12.0, 0.0, 629.0, 480.0]
        assert facts[name]["sha256"] != facts[name]["source_sha256"]
    kept = list((tmp_path / "work/data/outputs/default/.vmeval/pictures").iterdir())
    assert [path.name[:32] for path in kept] == [facts["first_frame"]["sha256"][:32]]


def test_kept_pictures_may_be_deleted(odd_questions: Path, vmeval: Command, tmp_path: Path) -> None:
    """They are made again, and the same question gives the same bytes."""
    for sample in ("1", "2"):
        assert vmeval("run", str(odd_questions), "-p", "size=640x480", "--samples", sample).returncode == 0
        shutil.rmtree(tmp_path / "work/data/outputs/default/.vmeval/pictures")
    hashes = {one["provenance"]["first_frame"]["sha256"] for one in records(tmp_path / "work/data/outputs/default")}
    assert len(hashes) == 1


def test_two_commands_cut_one_clip_back(odd_questions: Path, vmeval: Command, tmp_path: Path) -> None:
    """Each writes a file of its own; what has the name at the end is whole, and nothing is left beside it."""
    vmeval("run", str(odd_questions), "-p", "size=640x480")
    attempts = list(find_attempts(tmp_path / "work/data/outputs/default"))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: list(unfit_results(attempts)), range(4)))
    assert {one.result for found in results for one in found} <= {"written", "there"}
    (video,) = (tmp_path / "work").rglob("unfit_video*")
    assert next(read_frames(video)).size == SQUARES.size


def test_clip_of_another_size_than_an_unfitted_picture_is_cut(questions: Path, vmeval: Command, tmp_path: Path) -> None:
    """A picture that was sent as it is says nothing about the size in which the vendor answers."""
    vmeval("run", str(questions), "--limit", "1")
    root = tmp_path / "work/data/outputs/default"
    for path in root.rglob("metadata.json"):
        encode_clip([Image.new("RGB", (128, 128))] * 3, path.parent / "video/generated_video.mp4", fps=8)
        record = json.loads(path.read_text())
        record["provenance"]["clip"] |= {"width": 128, "height": 128}
        path.write_text(json.dumps(record))
    assert [one.result for one in unfit_results(find_attempts(root))] == ["written", "written"]
    assert {next(read_frames(path)).size for path in root.rglob("unfit_video.mp4")} == {(64, 64)}
