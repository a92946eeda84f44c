"""Reads the output tree: every attempt at a run, as its record tells it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeAlias, get_args

from pydantic_core import from_json

from vmevalkit_core.errors import RecordError, UsageError
from vmevalkit_core.files import read_file
from vmevalkit_core.metadata import FORMAT, RunMetadata
from vmevalkit_core.records import RunStatus

RECORD, VIDEO, QUESTION = "metadata.json", "video/generated_video.mp4", "question"
UNFIT = "video/unfit_video.mp4"
"""The clip cut back to the question's own frame, where the user asked for it."""
OBJECTS = ("options", "options_given", "first_frame", "final_frame", "clip", "submission", "intent", "cost")
STATUSES = frozenset(get_args(RunStatus))
LIVE = frozenset({"submitting", "submitted", "running", "uncertain"})
LEVELS, ABOVE = 5, 2
"""Folders from an output down to a run, and how many above it are looked through too: those of `data/outputs`."""
PLACE_HINT = "give the folder that `vmeval run` named, or one above it"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run folder, as its record tells it. `problem` is set when the record cannot be trusted."""

    folder: str
    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    remedy: str = ""
    """How to mend the problem."""

    @property
    def run_id(self) -> str:
        """The name of the folder, wherever the tree was moved to."""
        return os.path.basename(self.folder)

    @property
    def status(self) -> str:
        """The status on disk."""
        return str(self.data["inference"]["status"])

    @property
    def sample(self) -> int:
        """Which sample of its task this is, from 0."""
        return int(self.data["inference"].get("sample") or 0)

    @property
    def number(self) -> int:
        """Rises with each start of the run, whatever the clock says."""
        return int(self.data["inference"].get("attempts") or 1)

    @property
    def provenance(self) -> dict[str, Any]:
        """The section `provenance`; empty in a record of another tool."""
        return self.data.get("provenance") or {}

    @property
    def clip_path(self) -> str:
        """Where the video of this run lies, if it has one."""
        return f"{self.folder}{os.sep}{VIDEO}"

    @property
    def was_not_sent(self) -> bool:
        """Whether the record says that no request has left: a paid run never waits without an intent."""
        facts = self.provenance
        return self.status == "submitting" and not (facts.get("intent") or facts.get("submission"))

    @property
    def spent(self) -> Decimal:
        """US dollars at most: what the vendor charged, else the price; 0 when nothing was sent."""
        facts = self.provenance
        if self.problem or not (facts.get("intent") or facts.get("submission")):
            return Decimal(0)
        cost = facts.get("cost") or {}
        charged = cost.get("charged")
        return _amount(cost.get("estimated") if charged is None else charged)

    @property
    def is_submitted(self) -> bool:
        """Whether the provider has the job and nobody has collected it yet."""
        return not self.problem and self.status == "submitted"

    def has_clip(self) -> bool:
        """Whether the video is there with the size on record; no byte of it is read."""
        try:
            size = os.stat(self.clip_path).st_size
        except OSError:
            return False
        recorded: int = (self.provenance.get("clip") or {}).get("size", size)
        return size == recorded

    def metadata(self) -> RunMetadata:
        """The whole record, typed."""
        return RunMetadata.model_validate(self.data)


def _amount(text: Any) -> Decimal:
    try:
        return Decimal(text or 0)
    except (InvalidOperation, TypeError, ValueError):
        return Decimal(0)


def attempts_in(task_folder: str) -> list[Attempt]:
    """The attempts below one task folder of the tree, oldest first."""
    found = [read_attempt(f"{task_folder}{os.sep}{name}") for name in folders_in(task_folder)]
    if len(found) > 1:
        found.sort(key=lambda one: (1, 0, one.run_id) if one.problem else (0, one.number, one.run_id))
    return found


def read_attempt(folder: str) -> Attempt:
    """What the record in a run folder says; a record that cannot be read becomes its problem."""
    path = f"{folder}{os.sep}{RECORD}"
    try:
        data = from_json(read_file(path), cache_strings="keys")
        _check(data)
    except FileNotFoundError:
        return Attempt(folder, problem=f"{path} is missing", remedy=_AWAY)
    except OSError as error:
        return _unreadable(folder, path, error)
    except RecordError as error:
        return Attempt(folder, problem=f"{path} cannot be read: {error}", remedy=error.hint)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Attempt(folder, problem=f"{path} cannot be read: {error or type(error).__name__}", remedy=_AWAY)
    return Attempt(folder, data)


_AWAY = (
    "move the run folder away, and its run starts anew; with a paid model its job may have been paid for, "
    "so look at the vendor's own pages first"
)


def _unreadable(folder: str, path: str, error: OSError) -> Attempt:
    problem = f"{path} cannot be read: {error.strerror or error}"
    return Attempt(folder, problem=problem, remedy="give read access to what cannot be read, or see to its disk")


def attempts_at(path: str | Path) -> Iterator[Attempt]:
    """Every attempt at or below a folder that a user named, or some folders above an output.

    A folder that is closed to us stands in its place as an attempt with that problem. UsageError where `path` is no
    folder, or lies within a run.
    """
    if not Path(path).is_dir():
        what = "is a file, not a folder" if Path(path).exists() else "does not exist"
        raise UsageError(f"{path} {what}", hint=PLACE_HINT)
    for parent in Path(os.path.abspath(path)).parents:
        if (parent / RECORD).is_file() and (parent / QUESTION).is_dir():
            raise UsageError(f"{path} lies within the run {parent}", hint=f"give {parent}, or a folder above it")
    return _attempts(str(path), LEVELS + ABOVE, lambda folder, error: [_unreadable(folder, folder, error)])


def find_attempts(path: str | Path) -> Iterator[Attempt]:
    """Every attempt at or below a folder: a run, a task, a domain, a model, an experiment, or the output."""
    return _attempts(str(path), LEVELS, lambda *_: [])


_Closed: TypeAlias = Callable[[str, OSError], Iterable[Attempt]]


def _attempts(root: str, levels: int, closed: _Closed) -> Iterator[Attempt]:
    if os.path.isfile(f"{root}{os.sep}{RECORD}"):
        yield read_attempt(root)
    else:
        yield from _walk(root, levels, closed)


def _walk(folder: str, levels: int, closed: _Closed) -> Iterator[Attempt]:
    try:
        names = _folders(folder)
    except PermissionError as error:
        yield from closed(folder, error)
        return
    for name in names:
        path = f"{folder}{os.sep}{name}"
        if os.path.isfile(f"{path}{os.sep}{RECORD}") or _looks_like_run(path):
            yield read_attempt(path)
        elif levels > 1:
            yield from _walk(path, levels - 1, closed)


def folders_in(folder: str) -> list[str]:
    """The names of the folders in a folder, sorted; none where it went away or is closed to us."""
    try:
        return _folders(folder)
    except PermissionError:
        return []


def _folders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _looks_like_run(path: str) -> bool:
    """A run folder that lost its record still shows by its question and its name."""
    return os.path.isdir(f"{path}{os.sep}{QUESTION}")


def _check(data: Any) -> None:
    if not isinstance(data, dict):
        raise ValueError("it holds no JSON object")
    inference, facts = data["inference"], data.get("provenance") or {}
    if facts.get("format", 0) > FORMAT:
        raise RecordError(f"format {facts['format']} is newer than this version knows", hint="upgrade vmevalkit-core")
    if inference["status"] not in STATUSES:
        raise ValueError(f"its status {inference['status']!r} is unknown")
    for name in ("sample", "attempts"):
        if type(inference.get(name, 0)) is not int:
            raise ValueError(f"its {name} is no number")
    for name in OBJECTS:
        if (value := facts.get(name)) and type(value) is not dict:
            raise ValueError(f"its provenance.{name} is no object")
    if inference["status"] == "submitted" and not (facts.get("submission") or {}).get("id"):
        raise ValueError("it is called submitted and has no job id")
