"""Folders of task pairs, as users have them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.helpers import make_task
from vmevalkit_core import load_questions
from vmevalkit_core.errors import MissingFrame, QuestionError, UsageError
from vmevalkit_core.files import CHUNK, read_file
from vmevalkit_core.questions import QuestionProblem, TaskFolder
from vmevalkit_core.scan import scan
from vmevalkit_core.survey import survey


def ids(found: object) -> list[str]:
    """The ids of the task folders found."""
    assert not isinstance(found, str)
    return [one.id for one in found if isinstance(one, TaskFolder)]  # type: ignore[attr-defined]


def test_task_pair_holds_what_its_folder_holds(questions: Path) -> None:
    """Prompt without its newline, frames as paths, metadata as it is."""
    pair = next(load_questions(questions, domains=["maze"]))
    assert (pair.id, pair.domain, pair.prompt) == ("maze_0000", "maze", "Solve it.")
    assert pair.first_frame.name == "first_frame.png"
    assert pair.final_frame
    assert pair.metadata["answer"] == 42


def test_scan_is_sorted_and_limited_by_domain(questions: Path) -> None:
    """The order of names, so that --limit means the same everywhere."""
    assert ids(scan(questions)) == ["chess_0000", "chess_0001", "maze_0000", "maze_0001"]
    assert ids(scan(questions, limit=1)) == ["chess_0000", "maze_0000"]
    assert ids(scan(questions, domains=["maze_task"])) == ["maze_0000", "maze_0001"]
    assert ids(scan(questions, tasks=["maze_0001"])) == ["maze_0001"]


def test_any_level_of_the_layout_may_be_named(questions: Path) -> None:
    """The whole folder, one domain, or one task."""
    assert ids(scan(questions / "maze_task")) == ["maze_0000", "maze_0001"]
    (only,) = scan(questions / "maze_task" / "maze_0001")
    assert isinstance(only, TaskFolder)
    assert (only.domain, only.id) == ("maze", "maze_0001")


def test_scan_does_not_read_ahead(questions: Path) -> None:
    """A folder of a hundred thousand is never held at once: a task removed while scanning is not missed."""
    found = scan(questions)
    first = next(found)
    (questions / "maze_task" / "maze_0000").rename(questions / "maze_task" / "maze_0009")
    assert isinstance(first, TaskFolder)
    assert "maze_0009" in ids(found)


def test_missing_root_and_empty_root_say_so(tmp_path: Path) -> None:
    """One sentence and the layout."""
    with pytest.raises(UsageError, match="does not exist"):
        list(scan(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="no domain folder") as caught:
        list(scan(tmp_path))
    assert "{domain}_task" in caught.value.hint


def test_unknown_domain_names_those_there_are(questions: Path) -> None:
    """A typing error is not an empty run."""
    with pytest.raises(UsageError, match="'mase'") as caught:
        list(scan(questions, domains=["mase"]))
    assert "chess, maze" in caught.value.hint


def test_names_that_differ_by_case_are_refused(questions: Path) -> None:
    """They would share a folder on a disk that ignores case."""
    make_task(questions, "maze", "MAZE_0000")
    problems = [one for one in scan(questions) if isinstance(one, QuestionProblem)]
    assert len(problems) == 1
    assert "only by case" in problems[0].reason


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        pytest.param("prompt.txt", b"  \n", "is empty", id="empty-prompt"),
        pytest.param("prompt.txt", b"\xff\xfe\x00", "not UTF-8", id="not-utf8"),
        pytest.param("prompt.txt", None, "has no prompt.txt", id="no-prompt"),
        pytest.param("question_metadata.json", b"{", "is not JSON", id="broken-json"),
        pytest.param("question_metadata.json", b"[1]", "JSON object", id="no-object"),
    ],
)
def test_bad_file_is_named(questions: Path, name: str, content: bytes | None, error: str) -> None:
    """The error names the file and the cause."""
    path = questions / "chess_task" / "chess_0000" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(QuestionError, match=error):
        list(load_questions(questions))


def test_missing_first_frame_is_a_file_not_found(questions: Path) -> None:
    """A natural type for programs."""
    (questions / "chess_task" / "chess_0000" / "first_frame.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"first_frame\.png"):
        list(load_questions(questions))
    assert issubclass(MissingFrame, UsageError)


def test_link_to_itself_spares_the_rest(questions: Path) -> None:
    """Neither a domain nor a task folder that leads nowhere ends a scan."""
    for path in (questions / "loop_task", questions / "maze_task" / "loop"):
        path.symlink_to(path.name)
    assert len(list(scan(questions))) == 4


@pytest.mark.parametrize("target", ["", "/etc/hostname"], ids=["pipe", "outside"])
def test_solution_video_that_may_not_be_read_is_named(questions: Path, target: str) -> None:
    """It is no more allowed to lead out of the questions than what is sent."""
    path = questions / "chess_task" / "chess_0000" / "ground_truth.mp4"
    path.symlink_to(target) if target else os.mkfifo(path)
    with pytest.raises(QuestionError, match=r"has a ground_truth\.mp4 that"):
        list(load_questions(questions))
    assert [one.id for one in survey(questions) if one.problems] == ["chess_0000"]


@pytest.mark.parametrize(("name", "other"), [("first_frame.png", "First_Frame.PNG"), ("prompt.txt", "Prompt.md")])
def test_check_names_the_file_that_is_meant(questions: Path, name: str, other: str) -> None:
    """As a run does: the fix is a new name, not a new file."""
    folder = questions / "maze_task" / "maze_0000"
    (folder / name).rename(folder / other)
    (problem,) = [problem for one in survey(questions) for problem in one.problems]
    assert (problem.reason, problem.hint.partition(";")[0]) == (f"has no {name}", f"rename its {other} to {name}")


def test_domain_without_task_folders_is_a_problem(questions: Path) -> None:
    """Its task pairs were forgotten; whoever asks for one task does not hear of it."""
    (questions / "zoo_task").mkdir()
    (problem,) = [one for one in scan(questions) if isinstance(one, QuestionProblem)]
    assert (problem.path, problem.reason) == (str(questions / "zoo_task"), "holds no task folder")
    assert len(list(scan(questions, tasks=["maze_0000"]))) == 1


def test_metadata_that_is_no_json_comes_with_a_fix(questions: Path) -> None:
    """Not with the words of a parser alone."""
    path = questions / "maze_task" / "maze_0000" / "question_metadata.json"
    path.write_text("{'id': 1}")
    (problem,) = [problem for one in survey(questions) for problem in one.problems]
    assert problem.hint.startswith("mend it, or take it out: ")


def test_task_pairs_outside_a_domain_folder_are_named(questions: Path) -> None:
    """Beside real domains they would be lost without a word; folders that hold none are passed over."""
    make_task(questions, "raven", "raven_0000")
    (questions / "raven_task").rename(questions / "raven")
    (questions / "maze_task" / "maze_0001").rename(questions / "lost_0001")
    (questions / "notes").mkdir()
    problems = {Path(one.path).name: one for one in scan(questions) if isinstance(one, QuestionProblem)}
    assert set(problems) == {"raven", "lost_0001"}
    assert problems["raven"].hint == "rename it to raven_task"
    assert not [one for one in scan(questions, domains=["maze"]) if isinstance(one, QuestionProblem)]


def test_task_folder_that_became_a_link_is_read_no_more(questions: Path, tmp_path: Path) -> None:
    """It was a folder when it was found: what it leads to now may be anybody's."""
    task = next(one for one in scan(questions, domains=["maze"]) if isinstance(one, TaskFolder))
    assert task.problem() is None
    os.rename(task.folder, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", task.folder)
    problem = task.problem()
    assert problem
    assert "leads out of the questions" in problem.reason


def test_file_of_many_pieces_is_read_whole(tmp_path: Path) -> None:
    """A picture is read in pieces, an empty file in none."""
    for size in (0, 1, CHUNK, 3 * CHUNK + 5):
        content = os.urandom(size)
        (tmp_path / "file").write_bytes(content)
        assert hashlib.sha256(read_file(tmp_path / "file")).digest() == hashlib.sha256(content).digest()


def test_file_whose_reading_fails_is_named(tmp_path: Path) -> None:
    """A folder can be opened and not be read; the system's own words for a read name nothing."""
    with pytest.raises(IsADirectoryError) as failed:
        read_file(tmp_path)
    assert failed.value.filename == str(tmp_path)


@pytest.mark.parametrize("name", ["maze/maze_0001", "maze_task/maze_0001"])
def test_task_may_be_named_with_its_domain(questions: Path, name: str) -> None:
    """As a line of progress prints it; another domain has none of that name."""
    (questions / "chess_task" / "chess_0001").rename(questions / "chess_task" / "maze_0001")
    assert [one.domain for one in scan(questions, tasks=["maze_0001"])] == ["chess", "maze"]  # type: ignore[union-attr]
    assert [one.domain for one in scan(questions, tasks=[name])] == ["maze"]  # type: ignore[union-attr]
    assert list(scan(questions, tasks=["zoo/maze_0001"])) == []
