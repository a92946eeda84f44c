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
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic_core import PydanticSerializationError, to_json

from vmevalkit_core import durable
from vmevalkit_core.attempts import QUESTION, RECORD, VIDEO, Attempt, attempts_in, folders_in
from vmevalkit_core.errors import ConfigError
from vmevalkit_core.files import read_file
from vmevalkit_core.metadata import PathsSection, RunMetadata
from vmevalkit_core.names import LONGEST, name_problem
from vmevalkit_core.records import RunKey
from vmevalkit_core.redact import Redactor

HIDDEN = ".vmeval"
Room = Literal["given", "pictures"]
"""What a caller gave in memory, and pictures as models are sent them: both by content, beside the runs."""
Source = str | Path | bytes
"""A file to copy, or its content."""


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
        for folder in folders_in(top):
            if folder.endswith("_task"):
                for task_id in folders_in(f"{top}{os.sep}{folder}"):
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
            durable.replace(staging, folder)
        except durable.Unwritable as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                return None  # another sample of this task took the name within this second
            raise
        return metadata

    def save(self, folder: Path, metadata: RunMetadata) -> None:
        """Replace the record of a run; durable when this returns."""
        durable.write(folder / RECORD, self._encoded(metadata))

    def kept(self, sha256: str, ending: str, room: Room) -> Path:
        """Where `keep` puts a content of that hash."""
        return self.root / HIDDEN / room / f"{sha256[:32]}{ending}"

    def keep(self, content: bytes, ending: str, room: Room = "given") -> Path:
        """A file with this content, named after it, written once; `ending` is that of its name."""
        path = self.kept(hashlib.sha256(content).hexdigest(), ending, room)
        if not path.exists():
            durable.make_folders(path.parent)
            part = path.with_name(f"{path.name}.{uuid.uuid4().hex}{durable.PART}")  # others may write one content
            try:
                durable.write_synced(part, content)
                durable.land(part, path)
            finally:
                part.unlink(missing_ok=True)  # of a disk that is full
        return path

    def _encoded(self, metadata: RunMetadata) -> bytes:
        record = self.redactor.record(metadata.model_dump(mode="json"))
        try:
            return to_json(record, indent=2) + b"\n"  # a tenth of the time of json.dumps with an indent
        except (ValueError, PydanticSerializationError):
            # A lone surrogate, from a vendor's broken answer, must not stop a record from being written.
            return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def new_clip_part(folder: Path) -> Path:
    """Where the video of a run is written before it has been checked.

    A name of its own each time: whoever was cancelled may still be writing to the one before.
    """
    final = folder / VIDEO
    return final.with_name(f"{final.name}.{uuid.uuid4().hex[:12]}{durable.PART}")


def clip_parts(folder: Path) -> list[Path]:
    """What was written for a run's video and has not become it."""
    final = folder / VIDEO
    return sorted(final.parent.glob(f"{final.name}*{durable.PART}"))


def paths_of(folder: Path) -> PathsSection:
    """The paths section for a run folder, as the user gave the output."""
    return PathsSection(
        inference_dir=str(folder), video_dir=str((folder / VIDEO).parent), question_dir=str(folder / QUESTION)
    )


def claim_name(key: RunKey) -> str:
    """A short folder name for what is being built under the claim of a key."""
    return hashlib.sha256(str(key).encode()).hexdigest()[:20]


def _copy_question(staging: Path, sources: Mapping[str, Source]) -> Path:
    question = staging / QUESTION
    with durable.writing(staging):
        question.mkdir(parents=True)
        (staging / VIDEO).parent.mkdir()
    for name, source in sources.items():
        content = source if isinstance(source, bytes) else read_file(source)
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
