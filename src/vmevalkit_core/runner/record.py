"""Makes the record and the request of a run from the files that were copied into its folder."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from vmevalkit_core._version import __version__
from vmevalkit_core.attempts import QUESTION
from vmevalkit_core.geometry import Geometry
from vmevalkit_core.media.images import inspect_image
from vmevalkit_core.metadata import (
    Cost,
    InferenceSection,
    InputSection,
    PluginFacts,
    Provenance,
    RunMetadata,
    ShownFrame,
)
from vmevalkit_core.planner import PlannedRun
from vmevalkit_core.questions import METADATA, PROMPT, SHOWN_FILES, read_metadata, read_prompt
from vmevalkit_core.records import GenerationRequest, ImageRef, Intent
from vmevalkit_core.store import paths_of

_MATTERS = {"av": "av", "pillow": "PIL", "torch": "torch", "diffusers": "diffusers", "transformers": "transformers"}


class Owner(Protocol):
    """Who registered the model."""

    @property
    def name(self) -> str:
        """The plugin's entry point."""

    @property
    def distribution(self) -> str:
        """What was installed."""

    @property
    def version(self) -> str:
        """Of the distribution."""


def describe(run: PlannedRun, owner: Owner, question: Path, folder: Path, now: datetime) -> RunMetadata:
    """The record of a run about to start; QuestionError when its files cannot be shown to a model."""
    data = read_metadata(question / METADATA)
    metadata = RunMetadata(
        inference=InferenceSection(
            run_id=folder.name,
            model=run.ask.spec.name,
            timestamp=now,
            status="submitting" if run.ask.paid else "running",
            sample=run.sample,
        ),
        input=InputSection(
            prompt=read_prompt(question / PROMPT),
            image_path=run.task.source(SHOWN_FILES["first_frame"]),
            question_id=run.task.id,
            task_category=str(data.get("task_category") or run.task.domain),
        ),
        paths=paths_of(folder),
        question_data=data or None,
        provenance=_provenance(run, owner, question),
    )
    if run.ask.paid:
        sha256 = request_of(metadata, folder).key
        metadata.provenance.intent = Intent(time=now, request_sha256=sha256, price=run.ask.price)
    return metadata


def request_of(metadata: RunMetadata, folder: Path) -> GenerationRequest:
    """Exactly what the model may see, from the record and the question's copies in the run folder."""
    facts = metadata.provenance
    frames = {name: _image(folder / QUESTION, name, getattr(facts, name)) for name in ("first_frame", "final_frame")}
    return GenerationRequest(
        model=metadata.inference.model,
        prompt=metadata.input.prompt if "prompt" in facts.inputs else None,
        options=facts.options,
        seed=facts.seed,
        token=facts.token or metadata.inference.run_id,
        **frames,
    )


def loaded_versions() -> dict[str, str]:
    """The versions of what can change a clip, as far as this process has imported it."""
    found = {name: getattr(sys.modules.get(module), "__version__", None) for name, module in _MATTERS.items()}
    return {name: str(version) for name, version in found.items() if version}


def _provenance(run: PlannedRun, owner: Owner, question: Path) -> Provenance:
    ask, prompt = run.ask, os.stat(run.task.source(PROMPT))
    return Provenance(
        core=__version__,
        python=platform.python_version(),
        plugin=PluginFacts(name=owner.name, distribution=owner.distribution, version=owner.version),
        provider_model=ask.spec.provider_model,
        inputs=ask.spec.inputs,
        options_given=dict(ask.given),
        options=dict(ask.options),
        seed=run.seed,
        prompt_sha256=hashlib.sha256((question / PROMPT).read_bytes()).hexdigest(),
        prompt_size=prompt.st_size,
        prompt_mtime_ns=prompt.st_mtime_ns,
        cost=Cost(estimated=ask.price),
        account=ask.account,
        worker=ask.spec.runs_in,
        token=uuid.uuid4().hex,
        **_frames(run, question),
    )


def _frames(run: PlannedRun, question: Path) -> Mapping[str, Any]:
    names = [name for name in ("first_frame", "final_frame") if name in run.ask.spec.inputs]
    return {name: _shown(question / SHOWN_FILES[name], run.task.source(SHOWN_FILES[name])) for name in names}


def _shown(copy: Path, source: str) -> ShownFrame:
    info, stat = inspect_image(copy), os.stat(source)
    size = (info.width, info.height)
    return ShownFrame(
        sha256=info.sha256,
        media_type=info.media_type,
        geometry=Geometry(source=size, sent=size),
        source_sha256=info.sha256,
        source_size=stat.st_size,
        source_mtime_ns=stat.st_mtime_ns,
    )


def _image(question: Path, name: str, frame: ShownFrame | None) -> ImageRef | None:
    if frame is None:
        return None
    return ImageRef(
        path=(question / SHOWN_FILES[name]).absolute(),
        sha256=frame.sha256,
        media_type=frame.media_type,
        size=frame.geometry.sent,
        geometry=frame.geometry,
    )
