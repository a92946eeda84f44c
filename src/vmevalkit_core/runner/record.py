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
from typing import Protocol

from vmevalkit_core._version import __version__
from vmevalkit_core.files import read_file
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
from vmevalkit_core.runner.pictures import FRAMES, Pictures
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


def describe(
    run: PlannedRun, owner: Owner, question: Path, folder: Path, *, now: datetime, pictures: Pictures
) -> RunMetadata:
    """The record of a run about to start; QuestionError when its files cannot be shown to a model."""
    data = read_metadata(question / METADATA)
    return RunMetadata(
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
        provenance=_provenance(run, owner, question, pictures),
    )


def intent_of(run: PlannedRun, asked: GenerationRequest, now: datetime, timeout: float | None) -> Intent | None:
    """What goes to disk before the request does; None for a run that costs nothing."""
    if not run.ask.paid:
        return None
    return Intent(time=now, request_sha256=asked.key, timeout_seconds=timeout, price=run.ask.price)


def request_of(metadata: RunMetadata, frames: Mapping[str, ImageRef]) -> GenerationRequest:
    """Exactly what the model may see, from the record and the pictures that it names."""
    facts = metadata.provenance
    return GenerationRequest(
        model=metadata.inference.model,
        prompt=metadata.input.prompt if "prompt" in facts.inputs else None,
        first_frame=frames.get("first_frame"),
        final_frame=frames.get("final_frame"),
        options=facts.options,
        seed=facts.seed,
        token=facts.token or metadata.inference.run_id,
    )


def loaded_versions() -> dict[str, str]:
    """The versions of what can change a clip, as far as this process has imported it."""
    found = {name: getattr(sys.modules.get(module), "__version__", None) for name, module in _MATTERS.items()}
    return {name: str(version) for name, version in found.items() if version}


def _provenance(run: PlannedRun, owner: Owner, question: Path, pictures: Pictures) -> Provenance:
    frames = _frames(run, question, pictures)
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
        fit=ask.fit,
        prompt_sha256=hashlib.sha256(read_file(question / PROMPT)).hexdigest(),
        prompt_size=prompt.st_size,
        prompt_mtime_ns=prompt.st_mtime_ns,
        cost=Cost(estimated=ask.price),
        account=ask.account,
        worker=ask.spec.runs_in,
        token=uuid.uuid4().hex,
        first_frame=frames.get("first_frame"),
        final_frame=frames.get("final_frame"),
    )


def _frames(run: PlannedRun, question: Path, pictures: Pictures) -> dict[str, ShownFrame]:
    """The frames by the copies that the run keeps, dated as the dataset's own files, which the next plan looks at."""
    shown = pictures.shown(run.ask, {name: question / SHOWN_FILES[name] for name in FRAMES})
    times = {name: os.stat(run.task.source(SHOWN_FILES[name])).st_mtime_ns for name in shown}
    return {name: frame.model_copy(update={"source_mtime_ns": times[name]}) for name, frame in shown.items()}
