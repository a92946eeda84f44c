"""One task in the words of the caller, and the files that become its task pair."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from vmevalkit_core.api.pictures import Picture, content_of, path_of
from vmevalkit_core.errors import QuestionError
from vmevalkit_core.names import name_problem
from vmevalkit_core.questions import (
    FINAL,
    FIRST,
    METADATA,
    PROMPT,
    SUFFIX,
    TaskFiles,
    file_problem,
    read_metadata,
    read_prompt,
)
from vmevalkit_core.scan import domain_of

Keep: TypeAlias = Callable[[bytes, str], Path]
"""Puts what is in memory into a file: the content, and the ending of its name."""

HINT = 'a task is like {"id": "maze_0001", "image": "maze.png", "prompt": "Solve the maze."}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One task in the words of the caller."""

    image: Picture
    prompt: str | None = None
    final: Picture | None = None
    final_beside: bool = True
    """Whether the final frame beside the first one counts where none is given."""
    data: Mapping[str, Any] | None = None
    """For question_metadata.json."""
    id: Any = None
    domain: Any = None


def task_of(given: Given, keep: Keep) -> TaskFiles:
    """The task pair; QuestionError says what is wrong with it."""
    path = path_of(given.image)
    content, ending = (b"", "") if path is not None else content_of(given.image)
    home = _Home.of(path)
    task_id = _text("id", given.id) if given.id is not None else home.id or f"image-{_short(content)}"
    domain = _text("domain", given.domain) if given.domain is not None else domain_of(task_id, home.parent)
    for what, name in (("id", task_id), ("domain", domain)):
        if problem := name_problem(name):
            raise QuestionError(f"the {what} {name!r} {problem}", hint="choose a plain name; it becomes a folder")
    first = str(keep(content, ending)) if path is None else path
    files = {FIRST: first, FINAL: _final(given, home, first, keep), PROMPT: _prompt(given, home, keep)}
    if metadata := _metadata(given, home, keep):
        files[METADATA] = metadata
    return TaskFiles(domain=domain, id=task_id, files=files)


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a picture lies, as far as that says what it is of."""

    id: str = ""
    parent: str = ""
    folder: Path | None = None
    """The task folder `{domain}_task/{id}` in which the picture is the first frame."""

    @classmethod
    def of(cls, path: str | None) -> _Home:
        if path is None:
            return cls()
        whole = Path(os.path.abspath(path))
        if whole.name == FIRST and whole.parent.parent.name.endswith(SUFFIX):
            return cls(whole.parent.name, whole.parent.parent.name, Path(path).parent)
        return cls(whole.stem, whole.parent.name)

    def file(self, name: str) -> Path | None:
        """A file beside the first frame; nobody named it, so no link in its place may lead out of the questions."""
        if self.folder is None:
            return None
        path = self.folder / name
        questions = Path(os.path.realpath(self.folder)).parent.parent
        if found := file_problem(str(path), name, str(questions)):
            raise QuestionError(f"{self.folder} {found[0]}", hint=found[1])
        return path if path.is_file() else None


def _final(given: Given, home: _Home, first: str, keep: Keep) -> str:
    if given.final is not None:
        return path_of(given.final) or str(keep(*content_of(given.final)))
    beside = home.file(FINAL) if given.final_beside else None
    # A path below a file never exists, so it is no file that only happens to be there.
    return str(beside or f"{first}{os.sep}{FINAL}")


def _prompt(given: Given, home: _Home, keep: Keep) -> str:
    beside = home.file(PROMPT)
    if given.prompt is None and beside:
        return str(beside)
    if not isinstance(given.prompt, str) or not given.prompt.strip():
        raise QuestionError("it has no prompt", hint=HINT)
    text = given.prompt.strip()
    if beside and _says(beside, text):
        return str(beside)  # the same file as for `vmeval run`, so that it is the same question
    try:
        return str(keep(text.encode(), ".txt"))
    except UnicodeEncodeError as error:
        raise QuestionError("its prompt is not valid Unicode", hint=error.reason) from error


def _says(path: Path, text: str) -> bool:
    try:
        return read_prompt(path) == text
    except QuestionError:
        return False


def _metadata(given: Given, home: _Home, keep: Keep) -> str | None:
    beside = home.file(METADATA)
    if given.data is None:
        return str(beside) if beside else None
    if beside and read_metadata(beside) == given.data:
        return str(beside)
    try:
        text = json.dumps(dict(given.data), indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
        return str(keep(text.encode(), ".json"))
    except (TypeError, ValueError) as error:
        raise QuestionError(f"its data cannot be written as JSON: {error}", hint="give plain values") from error


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's own; anything else by its text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _text(what: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise QuestionError(f"its {what} {value!r:.60} is neither text nor a number", hint=HINT)


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
