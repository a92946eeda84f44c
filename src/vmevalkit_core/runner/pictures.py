"""The pictures of a plan as its models are sent them, kept by content below the experiment."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from vmevalkit_core.attempts import QUESTION
from vmevalkit_core.errors import QuestionError
from vmevalkit_core.files import read_file
from vmevalkit_core.media.preparing import like, prepare_image
from vmevalkit_core.metadata import RunMetadata, ShownFrame
from vmevalkit_core.planner import Ask
from vmevalkit_core.questions import SHOWN_FILES
from vmevalkit_core.records import ImageRef
from vmevalkit_core.rules import ImageRule
from vmevalkit_core.store import Store

FRAMES = ("first_frame", "final_frame")
KEPT = 1024
"""Pictures whose facts are remembered, so that samples and models of one task prepare it once."""


class Pictures:
    """Prepares pictures. Every call blocks, and is safe from several threads and processes at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._remembered: dict[tuple[str, ImageRule], ShownFrame] = {}

    def shown(self, ask: Ask, files: Mapping[str, str | Path]) -> dict[str, ShownFrame]:
        """The frames that a model is shown, by the names of SHOWN_FILES; QuestionError when one cannot be.

        `files` are the question's frames. What a model can be sent as it is, is not written anywhere.
        """
        rule, shown = ask.rule, dict[str, ShownFrame]()
        for name in FRAMES:
            if name in ask.spec.inputs:
                shown[name] = self._frame(files[name], rule)
                rule = like(rule, shown[name].geometry)
        return shown

    def refs(self, metadata: RunMetadata, folder: Path) -> dict[str, ImageRef]:
        """The frames of a request, from its record; the files may be gone where a job was sent already."""
        shown = {name: getattr(metadata.provenance, name) for name in FRAMES}
        return {name: self._ref(folder, name, frame) for name, frame in shown.items() if frame}

    def renew(self, ask: Ask, metadata: RunMetadata, folder: Path) -> None:
        """Prepare the frames of a request that was never sent once more, and put on record what came out."""
        facts = metadata.provenance
        for name, frame in self.shown(ask, copies(folder)).items():
            old: ShownFrame | None = getattr(facts, name)
            # The dates stay those of the dataset's own files.
            dated = {"source_mtime_ns": old.source_mtime_ns} if old else {}
            setattr(facts, name, frame.model_copy(update=dated))

    def restore(self, ask: Ask, metadata: RunMetadata, folder: Path) -> None:
        """Make the files of a request again where they are gone; QuestionError where they come out otherwise."""
        if all(ref.path.is_file() for ref in self.refs(metadata, folder).values()):
            return
        self._remembered.clear()  # what is remembered is not written again
        for name, frame in self.shown(ask, copies(folder)).items():
            if frame.sha256 != getattr(metadata.provenance, name).sha256:
                raise QuestionError(f"the {name} of {folder} is prepared otherwise by this version", hint=_OTHERWISE)

    def _frame(self, file: str | Path, rule: ImageRule) -> ShownFrame:
        digest = hashlib.sha256(read_file(file)).hexdigest()
        frame = self._remembered.get((digest, rule))  # one look: another thread may clear it at any time
        if frame is None:
            frame = self._prepared(file, digest, rule)
            if len(self._remembered) >= KEPT:
                self._remembered.clear()
            self._remembered[digest, rule] = frame
        return frame.model_copy(update={"source_mtime_ns": os.stat(file).st_mtime_ns})

    def _prepared(self, file: str | Path, digest: str, rule: ImageRule) -> ShownFrame:
        prepared = prepare_image(file, rule)
        if prepared.source_sha256 != digest:
            raise QuestionError(f"{file} changed while it was read", hint="run again once it is complete")
        return ShownFrame(
            sha256=digest if prepared.data is None else self._keep(prepared.data, prepared.media_type),
            media_type=prepared.media_type,
            geometry=prepared.geometry,
            treatment=prepared.treatment,
            source_sha256=digest,
            source_size=prepared.source_size,
            source_mtime_ns=0,
        )

    def _keep(self, data: bytes, media_type: str) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self._store.keep(data, _ending(media_type), "pictures")
        return digest

    def _ref(self, folder: Path, name: str, frame: ShownFrame) -> ImageRef:
        own = frame.sha256 == frame.source_sha256
        path = copies(folder)[name] if own else self._store.kept(frame.sha256, _ending(frame.media_type), "pictures")
        return ImageRef(
            path=path.absolute(),
            sha256=frame.sha256,
            media_type=frame.media_type,
            size=frame.geometry.sent,
            geometry=frame.geometry,
        )


def copies(folder: Path) -> dict[str, Path]:
    """The question's frames in a run folder."""
    return {name: folder / QUESTION / SHOWN_FILES[name] for name in FRAMES}


def _ending(media_type: str) -> str:
    return f".{media_type.removeprefix('image/')}"


_OTHERWISE = "the request that was lost cannot be repeated as it was; --retry-failed sends a new one"
