"""What the Python API takes for a task: where ids and domains come from, and pictures of every kind."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers import make_task, records
from vmevalkit_core import InferenceRunner, MissingFrame, RunResult, UnfinishedRun
from vmevalkit_core.api.given import Given, task_of
from vmevalkit_core.api.pictures import content_of
from vmevalkit_core.errors import QuestionError, UsageError
from vmevalkit_core.media.images import open_rgb
from vmevalkit_core.store import Store

HOSTILE = (
    *("..", ".", "../x", "/etc/x", "a/../../x", "a\\b", "nul\0", "CON", "com1.txt", "x" * 300, "é" * 150, ""),
    *(" a", "a.", ".hidden", "a:b", "a\nb", "\ud800", "~", "$HOME", "%2e%2e", "‥", "-rf", "a*", "<b>", "{x}", "\u202e"),
)


def saved(image: Image.Image, **how: Any) -> bytes:
    """An image file in memory."""
    buffer = io.BytesIO()
    image.save(buffer, **how)
    return buffer.getvalue()


PIXELS = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(PICTURE, id="pil"),
        pytest.param(PICTURE.convert("RGBA"), id="pil-alpha"),
        pytest.param(saved(PICTURE, format="PNG"), id="bytes"),
        pytest.param(bytearray(saved(PICTURE, format="PNG")), id="bytearray"),
        pytest.param(PIXELS, id="array"),
        pytest.param(PIXELS[::-1][::-1], id="array-view"),
    ],
)
def test_picture_in_memory_is_the_same_picture(tmp_path: Path, picture: Any) -> None:
    """Pixel for pixel, written once by its content, and copied into the run."""
    with InferenceRunner(tmp_path, "pilot") as runner:
        result = runner.run("baseline-hold", picture, "p", question_data={"id": "x_1"})
        again = runner.run("baseline-hold", picture, "p", question_data={"id": "x_1"})
    shown = open_rgb(Path(result.inference_dir) / "question" / "first_frame.png")
    assert np.array_equal(np.asarray(shown), PIXELS)
    assert again.run_id == result.run_id
    assert len(list((tmp_path / "pilot/.vmeval/given").glob("*.???"))) == 2  # the picture and the prompt


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "I", "I;16", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "RGBa", "La"]
)
def test_every_mode_of_pil_becomes_a_file(tmp_path: Path, mode: str) -> None:
    """With the size it had, readable like any other picture."""
    content, ending = content_of(Image.new(mode, (9, 7)))
    path = Store(tmp_path, "pilot").keep(content, ending)
    assert open_rgb(path).size == (9, 7)


def test_turned_photograph_is_kept_upright(tmp_path: Path) -> None:
    """What its EXIF data asks for is done, so that it looks as it does in a viewer."""
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.open(io.BytesIO(saved(PICTURE, format="JPEG", exif=exif)))
    content, ending = content_of(turned)
    assert open_rgb(Store(tmp_path, "pilot").keep(content, ending)).size == (48, 64)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        pytest.param(PIXELS.astype(np.float32), "array of <f4", id="float-array"),
        pytest.param(PIXELS[None], "shape", id="batch-of-arrays"),
        pytest.param(Image.new("F", (4, 4)), "floating", id="float-image"),
        pytest.param(Image.open(io.BytesIO(saved(PICTURE, format="PNG")[:200])), "cannot be read", id="cut-image"),
        pytest.param(3, "int is no picture", id="number"),
        pytest.param(b"<html>", "is not an image", id="bytes-of-something-else"),
    ],
)
def test_what_is_no_picture_is_said(tmp_path: Path, picture: Any, message: str) -> None:
    """By its reason, and the others run."""
    tasks = [{"id": "a", "image": picture, "prompt": "p"}, {"id": "b", "image": PICTURE, "prompt": "p"}]
    with InferenceRunner(tmp_path, "pilot") as runner:
        bad, good = runner.run_all(tasks, "baseline-hold")
    assert (bad.status, good.status) == ("blocked", "success")
    assert message in str(bad)


def test_given_path_is_used_where_it_lies(tmp_path: Path) -> None:
    """The record names the caller's own file, and no copy but the run's is made."""
    path = tmp_path / "photo.webp"
    PICTURE.save(path, lossless=True)
    with InferenceRunner(tmp_path / "out", "pilot") as runner:
        result = runner.run("baseline-hold", path, "p")
    assert result.metadata.input.image_path == str(path)
    assert (Path(result.inference_dir) / "question/first_frame.png").read_bytes() == path.read_bytes()
    assert [one.suffix for one in (tmp_path / "out/pilot/.vmeval/given").iterdir()] == [".txt"]


@pytest.mark.parametrize(
    ("given", "domain", "task_id"),
    [
        pytest.param({"image": "q/maze_task/m_1/first_frame.png"}, "maze", "m_1", id="task-folder"),
        pytest.param({"image": "q/maze_task/m_1/first_frame.png", "domain": "x"}, "x", "m_1", id="domain-given"),
        pytest.param({"image": "q/maze_task/m_1/first_frame.png", "id": "y_2"}, "maze", "y_2", id="id-given"),
        pytest.param({"image": "q/maze_task/m_1.png"}, "maze", "m_1", id="picture-in-domain-folder"),
        pytest.param({"image": "q/raven_0007.png"}, "raven", "raven_0007", id="number-in-stem"),
        pytest.param({"image": "q/first_frame.png"}, "unknown", "first_frame", id="plain-stem"),
        pytest.param({"image": b"x", "id": "a_b_12"}, "a_b", "a_b_12", id="number-in-id"),
        pytest.param({"image": b"x", "id": 12}, "unknown", "12", id="number-for-id"),
        pytest.param({"image": b"x"}, "unknown", "image-2d711642b726", id="picture-in-memory"),
    ],
)
def test_id_and_domain_follow_from_the_place(tmp_path: Path, given: dict[str, Any], domain: str, task_id: str) -> None:
    """Given, else the folder's, else from the id."""
    task = task_of(Given(prompt="p", **given), Store(tmp_path, "pilot").keep)
    assert (task.domain, task.id) == (domain, task_id)


def test_files_beside_a_first_frame_belong_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a task folder, also when the path is relative; what is given counts for more."""
    monkeypatch.chdir(make_task(tmp_path, "maze", "maze_1"))
    with InferenceRunner(tmp_path / "out", "pilot") as runner:
        plain = runner.run("baseline-oracle", "first_frame.png", "Solve it.")
        told = runner.run("baseline-oracle", "first_frame.png", "Solve it.", question_data={"level": 3}, sample=1)
    assert (plain.domain, plain.question_id) == ("maze", "maze_1")
    assert plain.metadata.question_data == {"id": "maze_1", "answer": 42}
    assert told.metadata.question_data == {"level": 3}
    assert not (tmp_path / "out/pilot/.vmeval/given" / "prompt.txt").exists()


@pytest.mark.parametrize("name", ["final_frame.png", "prompt.txt", "question_metadata.json"])
def test_file_that_nobody_named_leads_nowhere(tmp_path: Path, name: str) -> None:
    """A link beside the first frame must not bring in a file from outside the questions."""
    folder = make_task(tmp_path / "questions", "maze", "maze_1")
    (folder / name).rename(tmp_path / "outside")
    (folder / name).symlink_to(tmp_path / "outside")
    with InferenceRunner(tmp_path / "out") as runner, pytest.raises(QuestionError, match="leads out"):
        runner.run("baseline-hold", folder / "first_frame.png", "Solve it.")


def test_stray_final_frame_is_no_solution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that only happens to lie in the current folder is never shown to a model."""
    monkeypatch.chdir(tmp_path)
    PICTURE.save("first_frame.png")
    PICTURE.save("final_frame.png")
    with InferenceRunner("out", "pilot") as runner:
        with pytest.raises(MissingFrame):
            runner.run("baseline-oracle", "first_frame.png", "p")
        shown = runner.run("baseline-oracle", "first_frame.png", "p", final_image_path="final_frame.png")
    assert shown.metadata.provenance.final_frame is not None


def test_hostile_ids_stay_inside_the_tree(tmp_path: Path) -> None:
    """As ids and as domains: refused by name, or plain folders of the experiment."""
    tasks = [{"id": name, "image": PICTURE, "prompt": "p", "domain": "d"} for name in HOSTILE]
    tasks += [{"id": f"t_{n}", "image": PICTURE, "prompt": "p", "domain": name} for n, name in enumerate(HOSTILE)]
    (tmp_path / "inner").mkdir()
    with InferenceRunner(tmp_path / "inner" / "out", "pilot") as runner:
        found = runner.run_all(tasks, "baseline-hold")
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert [path.name for path in (tmp_path / "inner" / "out").iterdir()] == ["pilot"]
    assert {one.status for one in found} == {"success", "blocked"}
    good = [one for one in found if isinstance(one, RunResult)]
    assert len(records(tmp_path / "inner" / "out")) == len(good) == 12
    assert all(os.path.realpath(one.inference_dir).startswith(str(tmp_path / "inner/out/pilot/")) for one in good)


@pytest.mark.parametrize("tasks", ["nowhere", {"id": "a", "image": "b"}, 3, b"x"], ids=["path", "dict", "int", "bytes"])
def test_what_is_no_list_of_tasks_is_refused(tmp_path: Path, tasks: Any) -> None:
    """At once, with one sentence."""
    with InferenceRunner(tmp_path, "pilot") as runner, pytest.raises(UsageError, match=r"does not exist|is a single"):
        runner.run_all(tasks, "baseline-hold")


def test_unusual_values_in_a_question_are_kept(tmp_path: Path) -> None:
    """NumPy's numbers as numbers, others as text."""
    data = {"id": "a_1", "level": np.int64(3), "box": np.array([1, 2]), "file": Path("x")}
    with InferenceRunner(tmp_path, "pilot") as runner:
        result = runner.run("baseline-hold", PICTURE, "p", question_data=data)
    assert result.metadata.question_data == {"id": "a_1", "level": 3, "box": [1, 2], "file": "x"}


def test_prompt_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A lone surrogate, from a broken file name for instance, is no Unicode."""
    with InferenceRunner(tmp_path, "pilot") as runner, pytest.raises(QuestionError, match="valid Unicode"):
        runner.run("baseline-hold", PICTURE, "\ud800")


@pytest.mark.parametrize(("key", "meant"), [("promt", "prompt"), ("imge", "image"), ("domian", "domain")])
def test_misspelt_key_is_refused(tmp_path: Path, key: str, meant: str) -> None:
    """Its value must not become metadata while something else is sent."""
    task = {"id": "a_1", "image": PICTURE, "prompt": "p", "domain": "d"}
    task[key] = task.pop(meant)
    with InferenceRunner(tmp_path, "pilot") as runner:
        (found,) = runner.run_all([task], "baseline-hold")
    assert isinstance(found, UnfinishedRun)
    assert found.status == "blocked"


def test_no_final_frame_means_none(tmp_path: Path) -> None:
    """Also where one lies beside the first frame."""
    folder = make_task(tmp_path, "maze", "maze_1")
    task = {"image": folder / "first_frame.png", "prompt": "p", "final_frame": None}
    with InferenceRunner(tmp_path / "out", "pilot") as runner:
        (found,) = runner.run_all([task], "baseline-oracle")
    assert isinstance(found, UnfinishedRun)
