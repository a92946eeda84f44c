"""Reads folders of task pairs, `{domain}_task/{task_id}/`, one at a time and never into memory at once."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from vmevalkit_core.errors import MissingFrame, QuestionError, UsageError
from vmevalkit_core.names import name_problem
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


@dataclass(frozen=True, slots=True)
class TaskFolder:
    """The folder of a task pair, found but not read yet."""

    parent: str
    domain: str
    id: str

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

    def load(self) -> TaskPair:
        """The task pair; QuestionError or MissingFrame says what is wrong with it."""
        folder = self.folder
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


class QuestionProblem(NamedTuple):
    """A task pair that cannot be used, with the reason."""

    path: str
    reason: str
    hint: str = ""


def load_questions(root: str | Path, *, domains: Collection[str] = ()) -> Iterator[TaskPair]:
    """Each task pair below a folder; the first one that cannot be read raises QuestionError."""
    for found in scan(root, domains=domains):
        if isinstance(found, QuestionProblem):
            raise QuestionError(f"{found.path} {found.reason}", hint=found.hint)
        yield found.load()


def scan(
    root: str | Path, *, domains: Collection[str] = (), tasks: Collection[str] = (), limit: int | None = None
) -> Iterator[TaskFolder | QuestionProblem]:
    """Each task folder below `root` in the order of names, at most `limit` of each domain.

    `root` holds domain folders, or is one, or is a single task folder. UsageError when it is
    none of these; a name that cannot be used is yielded as a problem in its place.
    """
    folders = _domain_folders(Path(root))
    wanted = {name.removesuffix(SUFFIX) for name in domains}
    if unknown := sorted(wanted - {domain for domain, _, _ in folders}):
        known = ", ".join(domain for domain, _, _ in folders)
        raise UsageError(f"{root} has no domain {unknown[0]!r}", hint=f"it has {known}")
    seen: dict[str, str] = {}
    for domain, folder, only in folders:
        if (twin := seen.setdefault(domain.casefold(), domain)) != domain:
            yield QuestionProblem(str(folder), f"differs from {twin}{SUFFIX} only by case", "rename one of them")
        elif not wanted or domain in wanted:
            yield from _scan_domain(domain, folder, {only} if only else set(tasks), limit)


def check_apart(output: str | Path, root: str | Path, way: str) -> None:
    """UsageError when results would be written among the questions; `way` is how to choose another folder."""
    if Path(output).resolve().is_relative_to(Path(root).resolve()):
        raise UsageError(f"the output {output} lies in the questions {root}, which are only ever read", hint=way)


def read_prompt(path: Path) -> str:
    """The text of a prompt file without surrounding white space; QuestionError when there is none."""
    try:
        prompt = path.read_bytes().decode("utf-8-sig").strip()
    except FileNotFoundError:
        raise QuestionError(f"{path.parent} has no {path.name}", hint=LAYOUT_HINT) from None
    except UnicodeDecodeError as error:
        raise QuestionError(f"{path} is not UTF-8 text", hint=f"save it as UTF-8 ({error.reason})") from error
    except OSError as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}") from error
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
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"{path} is not JSON", hint=str(error)) from error
    except OSError as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise QuestionError(f"{path} does not hold a JSON object")
    return content


def _if_file(path: Path) -> Path | None:
    return path if path.is_file() else None


def _domain_folders(root: Path) -> list[tuple[str, Path, str | None]]:
    """Domain, its folder, and the only task wanted of it where the user named a task folder."""
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise UsageError(f"{root} {what}", hint=LAYOUT_HINT)
    if (root / FIRST).is_file() or (root / PROMPT).is_file():
        only = root if root.name not in ("", "..") else root.resolve()
        return [(domain_of(only.name, only.resolve().parent.name), only.parent, only.name)]
    if root.resolve().name.endswith(SUFFIX):
        return [(root.resolve().name.removesuffix(SUFFIX), root, None)]
    names = [name for name in _folders(root) if name.endswith(SUFFIX)]
    if not names:
        raise UsageError(f"{root} holds no domain folder", hint=LAYOUT_HINT)
    return [(name.removesuffix(SUFFIX), root / name, None) for name in names]


def domain_of(task_id: str, parent: str) -> str:
    """The domain of a task in a folder of that name: `{domain}_task`, else its id up to the last number."""
    if parent.endswith(SUFFIX):
        return parent.removesuffix(SUFFIX)
    stem, _, number = task_id.rpartition("_")
    return stem if stem and number.isdigit() else "unknown"


def _scan_domain(
    domain: str, folder: Path, tasks: set[str], limit: int | None
) -> Iterator[TaskFolder | QuestionProblem]:
    if problem := name_problem(domain):
        yield QuestionProblem(str(folder), f"cannot be used: its name {problem}", "rename the folder")
        return
    seen: dict[str, str] = {}
    for count, name in enumerate(one for one in _folders(folder) if not tasks or one in tasks):
        if limit is not None and count >= limit:
            return
        yield _checked(domain, folder, name, seen)


def _checked(domain: str, folder: Path, name: str, seen: dict[str, str]) -> TaskFolder | QuestionProblem:
    path = str(folder / name)
    if problem := name_problem(name):
        return QuestionProblem(path, f"cannot be used: its name {problem}", "rename the folder")
    # On a disk that ignores case, both would write into one folder of the results.
    if (twin := seen.setdefault(name.casefold(), name)) != name:
        return QuestionProblem(path, f"differs from {twin} only by case", "rename one of them")
    return TaskFolder(parent=str(folder), domain=domain, id=name)


def _folders(root: Path) -> list[str]:
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
