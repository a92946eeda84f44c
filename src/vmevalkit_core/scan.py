"""Finds the task pairs in a folder, `{domain}_task/{task_id}/`, one at a time and never into memory at once."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vmevalkit_core.errors import QuestionError, UsageError
from vmevalkit_core.names import folded, name_problem, printable
from vmevalkit_core.questions import FIRST, LAYOUT_HINT, PROMPT, SUFFIX, QuestionProblem, TaskFolder, leads_out
from vmevalkit_core.records import TaskPair

FOLDER_HINT = "copy it, or name the folder that it leads to"


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
    none of these; a name that cannot be used is yielded as a problem in its place. `tasks` are ids, or DOMAIN/ID.
    """
    folders = _domain_folders(Path(root))
    wanted = _wanted(domains, [one.domain for one in folders], root)
    real, twins = os.path.realpath(root), _Twins()
    if not wanted and not tasks:
        yield from _misplaced(str(root), folders)
    for one in folders:
        if problem := _name_fault(one.path, one.domain, twins, f"{one.domain}{SUFFIX}") or _link_fault(one, real):
            yield problem
        elif not wanted or one.domain in wanted:
            ids = {one.only} if one.only else _ids(tasks, one.domain)
            if ids or not tasks:
                yield from _scan_domain(one, real, ids, limit)


class _Domain(NamedTuple):
    domain: str
    path: str
    only: str | None = None
    """The only task wanted of it where the user named a task folder."""
    is_link: bool = False


@dataclass(slots=True)
class _Twins:
    """Remembers names as a disk sees them that ignores case and the ways of writing an accent."""

    seen: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str | None:
        """Another name seen before that such a disk takes for the same."""
        twin = self.seen.setdefault(folded(name), name)
        return None if twin == name else twin


def check_apart(output: str | Path, root: str | Path, way: str) -> None:
    """UsageError when results would be written among the questions; `way` is how to choose another folder."""
    if Path(output).resolve().is_relative_to(Path(root).resolve()):
        raise UsageError(f"the output {output} lies in the questions {root}, which are only ever read", hint=way)


def domain_of(task_id: str, parent: str) -> str:
    """The domain of a task in a folder of that name: `{domain}_task`, else its id up to the last number."""
    if parent.endswith(SUFFIX):
        return parent.removesuffix(SUFFIX)
    stem, _, number = task_id.rpartition("_")
    return stem if stem and number.isdigit() else "unknown"


def _wanted(domains: Collection[str], known: list[str], root: str | Path) -> set[str]:
    """The domains that the user named, each as its folder (`maze_task`) or plainly (`maze`)."""
    wanted = set()
    for name in [domains] if isinstance(domains, str) else domains:
        folder = name.removesuffix(SUFFIX)
        wanted.add(folder if folder in known else name)
    if unknown := sorted(wanted - set(known)):
        raise UsageError(f"{root} has no domain {unknown[0]!r}", hint=f"it has {', '.join(known)}")
    return wanted


def _ids(tasks: Collection[str], domain: str) -> set[str]:
    """The ids that the user named, as far as they may be of this domain."""
    parts = (task.rpartition("/") for task in tasks)
    return {name for place, _, name in parts if place in ("", domain, domain + SUFFIX)}


def _domain_folders(root: Path) -> list[_Domain]:
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise UsageError(f"{root} {what}", hint=LAYOUT_HINT)
    if (root / FIRST).is_file() or (root / PROMPT).is_file():
        only = root if root.name not in ("", "..") else root.resolve()
        return [_Domain(domain_of(only.name, only.resolve().parent.name), str(only.parent), only.name)]
    if root.resolve().name.endswith(SUFFIX):
        return [_Domain(root.resolve().name.removesuffix(SUFFIX), str(root))]
    found = [(name, link) for name, link in _folders(str(root)) if name.endswith(SUFFIX)]
    if not found:
        raise UsageError(f"{root} holds no domain folder", hint=LAYOUT_HINT)
    return [_Domain(name.removesuffix(SUFFIX), str(root / name), is_link=link) for name, link in found]


def _scan_domain(one: _Domain, real: str, tasks: set[str], limit: int | None) -> Iterator[TaskFolder | QuestionProblem]:
    try:
        twins, folders = _Twins(), _folders(one.path)
    except OSError as error:
        yield QuestionProblem(one.path, f"cannot be read: {error.strerror}", "check its access rights")
        return
    if not folders and not tasks:
        yield QuestionProblem(one.path, "holds no task folder", LAYOUT_HINT)
    for count, (name, is_link) in enumerate(each for each in folders if not tasks or each[0] in tasks):
        if limit is not None and count >= limit:
            return
        path = f"{one.path}{os.sep}{name}"
        linked = is_link and not one.only and _link_fault(_Domain(one.domain, path, is_link=True), real)
        yield _name_fault(path, name, twins, name) or linked or TaskFolder(one.path, one.domain, name, real)


def _misplaced(root: str, folders: Sequence[_Domain]) -> Iterator[QuestionProblem]:
    """Folders beside the domains that hold task pairs, which nobody would find."""
    known = {one.path for one in folders}
    if folders[0].only or root in known:
        return
    for name, _ in _folders(root):
        path = f"{root}{os.sep}{name}"
        if path in known:
            continue
        if os.path.isfile(f"{path}{os.sep}{FIRST}"):
            yield QuestionProblem(path, "is a task pair beside the domain folders", "move it into a folder DOMAIN_task")
        elif any(os.path.isfile(f"{path}{os.sep}{task}{os.sep}{FIRST}") for task, _ in _folders(path)):
            yield QuestionProblem(
                path, f"holds task pairs and does not end in {SUFFIX}", f"rename it to {name}{SUFFIX}"
            )


def _name_fault(path: str, name: str, twins: _Twins, shown: str) -> QuestionProblem | None:
    if problem := name_problem(name):
        return QuestionProblem(printable(path), f"cannot be used: its name {problem}", "rename the folder")
    # On a disk that ignores case, both would write into one folder of the results.
    if twin := twins.of(name):
        return QuestionProblem(
            path, f"differs from {twin}{shown.removeprefix(name)} only by case", "rename one of them"
        )
    return None


def _link_fault(one: _Domain, real: str) -> QuestionProblem | None:
    outside = leads_out(one.path, real) if one.is_link else ""
    return QuestionProblem(one.path, f"leads out of the questions, to {outside}", FOLDER_HINT) if outside else None


def _folders(root: str) -> list[tuple[str, bool]]:
    """The names of the folders in a folder, sorted, each with whether it is a link."""
    with os.scandir(root) as entries:
        return sorted(
            (one.name, one.is_symlink()) for one in entries if not one.name.startswith(".") and _leads_to(one)
        )


def _leads_to(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder, or a link to one; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False
