"""Task pairs: where their files are, what is wrong with them, and their content."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from vmevalkit_core import pointers
from vmevalkit_core.errors import MissingFrame, QuestionError
from vmevalkit_core.files import read_file
from vmevalkit_core.pointers import is_pointer
from vmevalkit_core.records import TaskPair

FIRST, FINAL, PROMPT = "first_frame.png", "final_frame.png", "prompt.txt"
METADATA, TRUTH = "question_metadata.json", "ground_truth.mp4"
COPIED = (FIRST, FINAL, PROMPT, METADATA)
"""The files that travel with a run, byte for byte."""
SHOWN_FILES = {"first_frame": FIRST, "final_frame": FINAL, "prompt": PROMPT}
"""The file behind each input that a model can be shown."""
LONGEST_PROMPT = 100_000
"""Characters; far more than any model reads."""
SUFFIX = "_task"
LARGEST = 64 << 20
"""Bytes of any file of a task pair; a larger one is no picture, prompt or record."""
LINK_HINT = "put the file itself in its place"
LAYOUT_HINT = "the layout is QUESTIONS/{domain}_task/{task_id}/ with first_frame.png and prompt.txt in it"


class Task(Protocol):
    """A task pair that was found but not read yet: its run key and where its files are."""

    @property
    def domain(self) -> str:
        """The kind of puzzle."""

    @property
    def id(self) -> str:
        """The task id."""

    @property
    def folder(self) -> Path:
        """Where it is, for people."""

    def source(self, name: str) -> str:
        """The path of one of its files, whether it exists or not."""

    def sources(self) -> dict[str, str]:
        """The files there are of those that travel with a run."""

    def problem(self) -> QuestionProblem | None:
        """Why its files may not be read at all; their content is judged by whoever reads them."""


class QuestionProblem(NamedTuple):
    """A task pair that cannot be used, with the reason."""

    path: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TaskFiles:
    """A task pair whose files lie anywhere, each under the name that the layout gives it."""

    domain: str
    id: str
    files: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """A name for people: its files need have no folder in common."""
        return Path(f"{self.domain}{SUFFIX}", self.id)

    def source(self, name: str) -> str:
        """The path of one of its files, whether it exists or not."""
        return self.files.get(name, f"{self.id}{os.sep}{name}")

    def sources(self) -> dict[str, str]:
        """The files there are of those that travel with a run."""
        return {name: self.files[name] for name in COPIED if os.path.isfile(self.files.get(name, ""))}

    def problem(self) -> QuestionProblem | None:
        """Why its files may not be read at all."""
        return _first_problem(self, root="")


@dataclass(frozen=True, slots=True)
class TaskFolder:
    """The folder of a task pair, found but not read yet."""

    parent: str
    domain: str
    id: str
    root: str = ""
    """The real path of the folder that was named by the user; no link may lead out of it."""

    @property
    def folder(self) -> Path:
        """The folder, as a path below what the user gave."""
        return Path(self.parent, self.id)

    def source(self, name: str) -> str:
        """The path of one of its files, whether it exists or not."""
        return f"{self.parent}{os.sep}{self.id}{os.sep}{name}"

    def sources(self) -> dict[str, str]:
        """The files there are of those that travel with a run."""
        paths = {name: self.source(name) for name in COPIED}
        return {name: path for name, path in paths.items() if os.path.isfile(path)}

    def problem(self) -> QuestionProblem | None:
        """Why its files may not be read at all."""
        return _first_problem(self, self.root)

    def truth_problem(self) -> QuestionProblem | None:
        """Why its ground_truth.mp4, which no run reads, may not be read; a video may be of any size."""
        found = file_problem(self.source(TRUTH), TRUTH, self.root, largest=inf)
        return QuestionProblem(str(self.folder), *found) if found else None

    def load(self) -> TaskPair:
        """The task pair; QuestionError or MissingFrame says what is wrong with it."""
        folder = self.folder
        if problem := self.problem() or self.truth_problem():
            raise QuestionError(f"{problem.path} {problem.reason}", hint=problem.hint)
        if not (folder / FIRST).is_file():
            raise MissingFrame(f"{folder} has no {FIRST}", hint=LAYOUT_HINT)
        return TaskPair(
            id=self.id,
            domain=self.domain,
            prompt=read_prompt(folder / PROMPT),
            first_frame=folder / FIRST,
            final_frame=_if_file(folder / FINAL),
            ground_truth=_if_file(folder / TRUTH),
            metadata=read_metadata(folder / METADATA),
        )


def read_prompt(path: Path) -> str:
    """The text of a prompt file without surrounding white space; QuestionError when there is none."""
    try:
        # Lines as they were meant, whichever system wrote them.
        prompt = read_file(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").strip()
    except FileNotFoundError:
        raise QuestionError(f"{path.parent} has no {path.name}", hint=LAYOUT_HINT) from None
    except UnicodeDecodeError as error:
        raise QuestionError(f"{path} is not UTF-8 text", hint=f"save it as UTF-8 ({error.reason})") from error
    except OSError as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}") from error
    if is_pointer(prompt.encode()):
        raise QuestionError(f"{path} is a pointer of Git LFS, not the prompt", hint=pointers.HINT)
    if "\0" in prompt:
        raise QuestionError(f"{path} holds NUL characters", hint="save it as UTF-8")
    if len(prompt) > LONGEST_PROMPT:
        raise QuestionError(f"{path} has {len(prompt):,} characters, more than {LONGEST_PROMPT:,}")
    if not prompt:
        raise QuestionError(f"{path} is empty", hint="write the instruction that the model is to follow into it")
    return prompt


def read_metadata(path: Path) -> dict[str, Any]:
    """The content of a question_metadata.json; empty when there is none."""
    try:
        content = json.loads(read_file(path).decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        hint = pointers.HINT if is_pointer(path.read_bytes()) else f"mend it, or take it out: {error}"
        raise QuestionError(f"{path} is not JSON", hint=hint) from error
    except OSError as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise QuestionError(
            f"{path} does not hold a JSON object", hint="its fields stand in { }; mend it, or take it out"
        )
    return content


def leads_out(path: str, root: str) -> str:
    """Where a path really leads when that is out of `root`, a real path; empty when it stays inside."""
    return _if_outside(os.path.realpath(path), root)


def _if_outside(real: str, root: str) -> str:
    return "" if not root or real == root or real.startswith(root.rstrip(os.sep) + os.sep) else real


def _first_problem(task: Task, root: str) -> QuestionProblem | None:
    folder = os.path.realpath(task.folder)
    for name in COPIED:
        if found := file_problem(task.source(name), name, root, folder=folder):
            return QuestionProblem(str(task.folder), *found)
    return None


def file_problem(
    path: str, name: str, root: str, *, folder: str = "", largest: float = LARGEST
) -> tuple[str, str] | None:
    """What is wrong with a file that is there, and the fix; `folder` is the real path of its folder, where known."""
    try:
        facts = os.lstat(path)
        is_link = stat.S_ISLNK(facts.st_mode)
        real = os.path.realpath(path) if is_link or not folder else os.path.join(folder, name)
        if outside := _if_outside(real, root):
            return f"has a {name} that leads out of the questions, to {outside}", LINK_HINT
        if is_link:
            facts = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return (f"has a {name} that is a link to nothing", LINK_HINT) if os.path.islink(path) else None
    except (OSError, ValueError) as error:
        return (
            f"has a {name} that cannot be read: {getattr(error, 'strerror', None) or error}",
            "check its access rights",
        )
    if not stat.S_ISREG(facts.st_mode):
        return f"has a {name} that is no file", LAYOUT_HINT
    if facts.st_size > largest:
        return f"has a {name} of {facts.st_size >> 20} MiB, more than {LARGEST >> 20}", "it is not what the name says"
    return None


def _if_file(path: Path) -> Path | None:
    return path if path.is_file() else None
