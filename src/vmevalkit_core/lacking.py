"""What a task pair lacks, and how to give it that: often the file is there under nearly the name."""

from __future__ import annotations

import os

from vmevalkit_core.questions import PROMPT, QuestionProblem, Task


def lacking(task: Task, name: str, fix: str) -> QuestionProblem:
    """That a file is missing from a task pair; the hint is to rename one that has nearly its name, else `fix`."""
    folder, path = str(task.folder), task.source(name)
    try:
        other = _misnamed(path)
    except OSError as error:
        return QuestionProblem(folder, f"cannot be read: {error.strerror}", "check its access rights")
    if other:
        more = "" if name == PROMPT else "; its content may be of another format"
        return QuestionProblem(folder, f"has no {name}", f"rename its {other} to {name}{more}")
    return QuestionProblem(folder, f"has no {name}", fix)


def _misnamed(path: str) -> str | None:
    """A file beside a missing one that has its name but for the ending or the case."""
    folder, name = os.path.split(path)
    stem = name.partition(".")[0].casefold()
    found = os.listdir(folder) if os.path.isdir(folder) else []
    return next((one for one in sorted(found) if one.partition(".")[0].casefold() == stem), None)
