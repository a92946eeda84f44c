"""Looks at every file of every task pair in a folder, and says what is wrong and what is odd; nothing is changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from vmevalkit_core.errors import UsageError
from vmevalkit_core.lacking import lacking
from vmevalkit_core.questions import (
    COPIED,
    FINAL,
    FIRST,
    LAYOUT_HINT,
    METADATA,
    PROMPT,
    TRUTH,
    QuestionProblem,
    TaskFolder,
    read_metadata,
    read_prompt,
)
from vmevalkit_core.scan import scan

BATCH = 64
STRAY = 3
"""Names of files that nobody reads that are told; more are counted."""


@dataclass(slots=True)
class TaskReport:
    """What one task pair is like."""

    path: str
    domain: str = ""
    id: str = ""
    problems: list[QuestionProblem] = field(default_factory=list)
    """Why it cannot be used; empty for a good one."""
    notes: list[str] = field(default_factory=list)
    """What is odd about it and is dealt with, and what that means."""
    content: str = ""
    """Hash of its first frame and prompt."""


def survey(root: str | Path, *, domains: Collection[str] = ()) -> Iterator[TaskReport]:
    """A report on each task pair below a folder, in the order of names."""
    found, seen = scan(root, domains=domains), _Seen()
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="vmeval-survey") as pool:
        while batch := list(islice(found, BATCH)):  # `map` alone would list a whole dataset first
            for report in pool.map(report_on, batch):
                seen.note(report)
                yield report


def report_on(found: TaskFolder | QuestionProblem) -> TaskReport:
    """What is wrong with a task pair, and what is odd about it."""
    if isinstance(found, QuestionProblem):
        return TaskReport(found.path, problems=[found])
    report = TaskReport(str(found.folder), found.domain, found.id)
    if problem := found.problem():
        report.problems.append(problem)
        return report
    _look_at_prompt(found, report)
    _look_at_frames(found, report)
    _look_at_metadata(found, report)
    _look_at_the_rest(found, report)
    if not report.problems:
        report.content = _content(found)
    return report


class _Seen:
    """Remembers the task pairs of a survey, to tell of those that come twice."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._contents: dict[str, str] = {}

    def note(self, report: TaskReport) -> None:
        """Add a note for an id or a question that was there before."""
        if not report.id:
            return
        key = f"{report.domain}/{report.id}"
        if (first := self._ids.setdefault(report.id, report.domain)) != report.domain:
            report.notes.append(f"has the id of a task pair in {first}; they are told apart by their domain")
        if report.content and (twin := self._contents.setdefault(report.content, key)) != key:
            report.notes.append(f"asks the same as {twin}")


def _look_at_prompt(task: TaskFolder, report: TaskReport) -> None:
    path = Path(task.source(PROMPT))
    if not os.path.lexists(path):
        report.problems.append(lacking(task, PROMPT, LAYOUT_HINT))
        return
    with _collecting(report):
        read_prompt(path)
        raw = path.read_bytes()
        if raw.startswith(b"\xef\xbb\xbf"):
            report.notes.append(f"{PROMPT} begins with a byte order mark, which is left out")
        if b"\r" in raw:
            report.notes.append(f"{PROMPT} has line ends of Windows, which are sent as plain ones")


def _look_at_frames(task: TaskFolder, report: TaskReport) -> None:
    from vmevalkit_core.media.preparing import prepare_image
    from vmevalkit_core.rules import ImageRule

    sizes: list[tuple[int, int]] = []
    for name in (FIRST, FINAL):
        path = Path(task.source(name))
        if not path.is_file():
            _miss(task, name, report)
            continue
        with _collecting(report):
            prepared = prepare_image(path, ImageRule())
            report.notes += [f"{name}: {word}" for word in prepared.treatment]
            sizes.append(prepared.geometry.source)
    if len(set(sizes)) > 1:
        (wide, high), (width, height) = sizes
        report.notes.append(f"{FINAL} is {width} x {height}, {FIRST} is {wide} x {high}")


def _miss(task: TaskFolder, name: str, report: TaskReport) -> None:
    problem = lacking(task, name, LAYOUT_HINT if name == FIRST else "")
    if name == FIRST:
        report.problems.append(problem)
    else:
        fix = f"; {problem.hint}" if problem.hint else ""
        report.notes.append(f"{problem.reason}: models that are shown it cannot be run on it{fix}")


def _look_at_metadata(task: TaskFolder, report: TaskReport) -> None:
    with _collecting(report):
        own = read_metadata(Path(task.source(METADATA))).get("id", task.id)
        if own != task.id:
            report.notes.append(f"{METADATA} says the id {own!r}; the folder's name is used")


def _look_at_the_rest(task: TaskFolder, report: TaskReport) -> None:
    from vmevalkit_core.audit import undecodable

    truth = task.source(TRUTH)
    if fault := task.truth_problem():
        report.problems.append(fault)
    elif os.path.exists(truth) and (problem := undecodable(truth)):
        report.notes.append(f"{TRUTH} is no whole video: {problem}")
    with os.scandir(task.folder) as entries:
        stray = sorted(one.name for one in entries if one.name not in (*COPIED, TRUTH))
    if stray:
        more = f" and {len(stray) - STRAY} more" if len(stray) > STRAY else ""
        report.notes.append(f"holds what nobody reads: {', '.join(stray[:STRAY])}{more}")


def _content(task: TaskFolder) -> str:
    digest = hashlib.sha256(read_prompt(Path(task.source(PROMPT))).encode())
    digest.update(Path(task.source(FIRST)).read_bytes())
    return digest.hexdigest()


@contextmanager
def _collecting(report: TaskReport) -> Iterator[None]:
    """Turns what a reader raises into a problem of the report, and goes on."""
    try:
        yield
    except UsageError as error:
        reason = error.message.removeprefix(report.path).lstrip(os.sep).strip()
        report.problems.append(QuestionProblem(report.path, reason, error.hint))
