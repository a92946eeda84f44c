"""The only writer of the output tree, and the only truth about runs: one folder an attempt.

{output}/{experiment}/{model}/{domain}_task/{task_id}/{run_id}/
    metadata.json   question/   video/generated_video.mp4
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from pydantic_core import from_json

from vmevalkit_core import durable
from vmevalkit_core.errors import ConfigError, RecordError
from vmevalkit_core.names import LONGEST, name_problem
from vmevalkit_core.records import FORMAT, PathsSection, RunKey, RunMetadata, RunStatus
from vmevalkit_core.redact import Redactor

RECORD, VIDEO, QUESTION = "metadata.json", "video/generated_video.mp4", "question"
HIDDEN = ".vmeval"
STATUSES = frozenset(get_args(RunStatus))
LIVE = frozenset({"submitting", "submitted", "running", "uncertain"})
Source = str | Path | bytes
"""A file to copy, or its content."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run folder, as its record tells it. `problem` is set when the record cannot be trusted."""

    folder: str
    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

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
        return self.status == "submitting" and not self.provenance.get("intent")

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


class Store:
    """One experiment folder."""

    def __init__(self, output: str | Path, experiment: str, redactor: Redactor | None = None) -> None:
        if problem := name_problem(experiment):
            raise ConfigError(f"the experiment {experiment!r} {problem}", hint="choose a plain name for -e")
        self.root = Path(output) / experiment
        self.redactor = redactor or Redactor()

    def task_folder(self, key: RunKey) -> Path:
        """The folder of all attempts at one task by one model."""
        return self.root / key.model / f"{key.domain}_task" / key.task_id

    def attempts(self, model: str, domain: str, task_id: str) -> list[Attempt]:
        """Every attempt at a task by a model, oldest first; those that cannot be read come last."""
        return attempts_in(f"{self.root}{os.sep}{model}{os.sep}{domain}_task{os.sep}{task_id}")

    def tasks(self, model: str) -> Iterator[tuple[str, str]]:
        """Domain and task id of each task folder of a model."""
        top = f"{self.root}{os.sep}{model}"
        for folder in _folders(top):
            if folder.endswith("_task"):
                for task_id in _folders(f"{top}{os.sep}{folder}"):
                    yield folder.removesuffix("_task"), task_id

    def attempts_of(self, key: RunKey) -> list[Attempt]:
        """The attempts at one sample; one that cannot be read may be any sample's, so it counts for each."""
        found = self.attempts(key.model, key.domain, key.task_id)
        return [one for one in found if one.problem or one.sample == key.sample]

    def create(
        self,
        key: RunKey,
        now: datetime,
        sources: Mapping[str, Source],
        describe: Callable[[Path, Path], RunMetadata],
    ) -> tuple[Path, RunMetadata]:
        """A new run folder with the question's files and its record in it, or no folder at all.

        `describe(question, folder)` makes the record from the copied files. Called under the claim.
        """
        staging = self.root / HIDDEN / "staging" / claim_name(key)
        shutil.rmtree(staging, ignore_errors=True)  # left by a process that died here
        try:
            question = _copy_question(staging, sources)
            parent = self.task_folder(key)
            durable.make_folders(parent)
            for name in _run_ids(key, now):
                folder = parent / name
                if not folder.exists() and (metadata := self._try(staging, folder, describe(question, folder))):
                    return folder, metadata
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        raise AssertionError("run ids never end")

    def _try(self, staging: Path, folder: Path, metadata: RunMetadata) -> RunMetadata | None:
        durable.write_synced(staging / RECORD, self._encoded(metadata))
        durable.sync_folder(staging)
        try:
            os.rename(staging, folder)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                return None  # another sample of this task took the name within this second
            raise
        durable.sync_folder(folder.parent)
        return metadata

    def save(self, folder: Path, metadata: RunMetadata) -> None:
        """Replace the record of a run; durable when this returns."""
        durable.write(folder / RECORD, self._encoded(metadata))

    def _encoded(self, metadata: RunMetadata) -> bytes:
        text = json.dumps(self.redactor.record(metadata.model_dump(mode="json")), indent=2, ensure_ascii=False)
        # A lone surrogate, from a vendor's broken answer, must not stop a record from being written.
        return (text + "\n").encode("utf-8", "replace")


def clip_part(folder: Path) -> Path:
    """Where the video of a run is written before it has been checked."""
    return (folder / VIDEO).with_name("generated_video.mp4" + durable.PART)


def paths_of(folder: Path) -> PathsSection:
    """The paths section for a run folder, as the user gave the output."""
    return PathsSection(
        inference_dir=str(folder), video_dir=str((folder / VIDEO).parent), question_dir=str(folder / QUESTION)
    )


def claim_name(key: RunKey) -> str:
    """A short folder name for what is being built under the claim of a key."""
    return hashlib.sha256(str(key).encode()).hexdigest()[:20]


def attempts_in(task_folder: str) -> list[Attempt]:
    """The attempts below one task folder of the tree, oldest first."""
    found = [read_attempt(f"{task_folder}{os.sep}{name}") for name in _folders(task_folder)]
    if len(found) > 1:
        found.sort(key=lambda one: (1, 0, one.run_id) if one.problem else (0, one.number, one.run_id))
    return found


def read_attempt(folder: str) -> Attempt:
    """What the record in a run folder says; a record that cannot be read becomes its problem."""
    path = f"{folder}{os.sep}{RECORD}"
    try:
        data = from_json(_read(path), cache_strings="keys")
        _check(data)
    except FileNotFoundError:
        return Attempt(folder, problem=f"{path} is missing")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, RecordError) as error:
        return Attempt(folder, problem=f"{path} cannot be read: {error or type(error).__name__}")
    return Attempt(folder, data)


def _read(path: str) -> bytes:
    """The bytes of a file; twice as quick as `open`, which counts where there are a hundred thousand of them."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        data = os.read(descriptor, size + 1)
    finally:
        os.close(descriptor)
    if len(data) != size:
        raise ValueError("it changed while it was read")
    return data


def find_attempts(path: str | Path) -> Iterator[Attempt]:
    """Every attempt at or below a folder: a run, a task, a domain, a model, an experiment, or the output."""
    root = str(path)
    if os.path.isfile(f"{root}{os.sep}{RECORD}"):
        yield read_attempt(root)
        return
    yield from _walk(root, depth=5)


def _walk(folder: str, depth: int) -> Iterator[Attempt]:
    for name in _folders(folder):
        path = f"{folder}{os.sep}{name}"
        if os.path.isfile(f"{path}{os.sep}{RECORD}") or _looks_like_run(path):
            yield read_attempt(path)
        elif depth > 1:
            yield from _walk(path, depth - 1)


def _folders(folder: str) -> list[str]:
    """The names of the folders in a folder, sorted; none where it went away or is closed to us."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _looks_like_run(path: str) -> bool:
    """A run folder that lost its record still shows by its question and its name."""
    return os.path.isdir(f"{path}{os.sep}{QUESTION}")


def _check(data: Any) -> None:
    if not isinstance(data, dict):
        raise ValueError("it holds no JSON object")
    inference, facts = data["inference"], data.get("provenance") or {}
    if facts.get("format", 0) > FORMAT:
        raise RecordError(f"format {facts['format']} is newer than this version knows; upgrade vmevalkit-core")
    if inference["status"] not in STATUSES:
        raise ValueError(f"its status {inference['status']!r} is unknown")
    for name in ("sample", "attempts"):
        if not isinstance(inference.get(name, 0), int):
            raise ValueError(f"its {name} is no number")
    for name in ("options", "options_given", "first_frame", "final_frame", "clip", "submission", "intent", "cost"):
        if not isinstance(facts.get(name) or {}, dict):
            raise ValueError(f"its provenance.{name} is no object")
    if inference["status"] == "submitted" and not (facts.get("submission") or {}).get("id"):
        raise ValueError("it is called submitted and has no job id")


def _copy_question(staging: Path, sources: Mapping[str, Source]) -> Path:
    question = staging / QUESTION
    question.mkdir(parents=True)
    (staging / VIDEO).parent.mkdir()
    for name, source in sources.items():
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        durable.write_synced(question / name, content)
    durable.sync_folder(question)
    return question


def _run_ids(key: RunKey, now: datetime) -> Iterator[str]:
    base = f"{key.model}_{key.task_id}_{now:%Y%m%d_%H%M%S}"
    if len(base.encode()) > LONGEST:
        raise ConfigError(f"the run id {base} has more than {LONGEST} bytes", hint="give the task a shorter id")
    yield base
    count = 2
    while True:
        yield f"{base}_{count}"
        count += 1
