"""Turns what a caller calls a task into a task pair of files: a folder, a TaskPair, a dict, a picture with a prompt."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

from vmevalkit_core.api.given import HINT, Given, Keep, task_of
from vmevalkit_core.api.pictures import Picture
from vmevalkit_core.api.types import mapping
from vmevalkit_core.errors import QuestionError, UsageError
from vmevalkit_core.names import folded
from vmevalkit_core.questions import QuestionProblem, Task, TaskFolder
from vmevalkit_core.records import TaskPair
from vmevalkit_core.scan import scan

TaskLike: TypeAlias = TaskPair | TaskFolder | Mapping[str, Any]
Tasks: TypeAlias = str | os.PathLike[str] | Iterable[TaskLike]
"""A folder of questions, or task pairs, task folders, dicts with id, image and prompt."""
ID = ("id", "question_id", "task_id")
FIRST_NAMES = ("image", "image_path", "first_frame", "first_image", "first_image_path")
FINAL_NAMES = ("final_image", "final_frame", "final_image_path")
PROMPT_NAMES = ("prompt", "text_prompt")
_FILES = frozenset((*FIRST_NAMES, *FINAL_NAMES, *PROMPT_NAMES))


@dataclass(frozen=True, slots=True)
class Unusable:
    """A task that cannot be run, in its place among the others."""

    id: str
    error: UsageError


def tasks_of(tasks: Tasks | Sequence[Given], keep: Keep) -> Iterator[Task | Unusable]:
    """Each task, in the order given. One that cannot be used, or has an id of one before it, stands in its place."""
    seen: dict[str, str] = {}
    for number, task in enumerate(_listed(tasks)):
        try:
            found = _checked(_task(task, keep), seen)
        except UsageError as error:
            yield Unusable(_name(task, number), error)
        else:
            yield found


def given_of(
    image: Picture, prompt: str, question_data: Mapping[str, Any] | None, final_image: Picture | None
) -> Given:
    """A single question: its id and domain are in `question_data`, or follow from the place of the picture."""
    data = mapping("question_data", question_data, '{"id": "maze_0001"}')
    domain, task_id = data.get("domain"), _first(data, ID)
    return Given(image=image, prompt=prompt, final=final_image, data=data or None, id=task_id, domain=domain)


def _listed(tasks: Tasks | Sequence[Given]) -> Iterable[object]:
    if isinstance(tasks, str | os.PathLike):
        return scan(Path(tasks))
    if isinstance(tasks, TaskPair | TaskFolder | Mapping | bytes) or not isinstance(tasks, Iterable):
        raise UsageError(f"tasks is a single {type(tasks).__name__}", hint="give a folder of questions, or a list")
    return tasks


def _task(task: object, keep: Keep) -> Task:
    match task:
        case TaskFolder():
            return task
        case TaskPair():
            return task_of(_of_pair(task), keep)
        case Given():
            return task_of(task, keep)
        case Mapping():
            return task_of(_of_mapping(task), keep)
        case QuestionProblem():
            raise QuestionError(f"{task.path} {task.reason}", hint=task.hint)
    raise QuestionError(f"{type(task).__name__} is no task", hint=HINT)


def _of_pair(pair: TaskPair) -> Given:
    final = pair.final_frame
    return Given(
        image=pair.first_frame, prompt=pair.prompt, final=final, data=pair.metadata, id=pair.id, domain=pair.domain
    )


def _of_mapping(task: Mapping[str, Any]) -> Given:
    image = _first(task, FIRST_NAMES)
    if image is None:
        raise QuestionError("it has no image", hint=HINT)
    data = {name: value for name, value in task.items() if name not in _FILES}
    _refuse_misspelt(task, data)
    more = set(data) - {*ID, "domain"}
    return Given(
        image=image,
        prompt=_first(task, PROMPT_NAMES),
        final=_first(task, FINAL_NAMES),
        final_beside=not any(name in task for name in FINAL_NAMES),
        data=data if more else None,
        id=_first(task, ID),
        domain=task.get("domain"),
    )


def _refuse_misspelt(task: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """A key that nearly is one of ours, where that one is missing: its value must not become mere metadata."""
    for names in (FIRST_NAMES, FINAL_NAMES, PROMPT_NAMES, ID, ("domain",)):
        if any(name in task for name in names):
            continue
        for key in data:
            if near := get_close_matches(str(key), names, n=1, cutoff=0.8):
                raise QuestionError(f"it has {key!r}; is {near[0]!r} meant?", hint=HINT)


def _first(task: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((task[name] for name in names if task.get(name) is not None), None)


def _checked(task: Task, seen: dict[str, str]) -> Task:
    # On a disk that ignores case, both would write into one folder of the results.
    if (twin := seen.setdefault(folded(task.domain), task.domain)) != task.domain:
        raise QuestionError(f"its domain {task.domain} differs from {twin} only by case", hint="rename one of them")
    name = f"{task.domain}/{task.id}"
    if (twin := seen.setdefault(folded(name), name)) != name:
        raise QuestionError(f"{name} differs from {twin} only by case", hint="rename one of them")
    if f"{name}/" in seen:
        raise QuestionError(f"{name} is in the list before", hint="give each task an id of its own")
    seen[f"{name}/"] = name
    return task


def _name(task: object, number: int) -> str:
    """What to call a task that cannot be used: the id that it was given, else its place in the list."""
    if isinstance(task, TaskPair | TaskFolder | Given) and task.id is not None:
        return str(task.id)
    if isinstance(task, QuestionProblem):
        return task.path
    found = _first(task, ID) if isinstance(task, Mapping) else None
    return f"number {number + 1}" if found is None else str(found)
