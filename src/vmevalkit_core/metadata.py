"""The record of a run, metadata.json: its sections and their fields."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from vmevalkit_core.geometry import Geometry
from vmevalkit_core.records import Intent, RunStatus, Submission

FORMAT = 1
"""The format number of metadata.json; a reader refuses a higher one."""


class _Section(BaseModel):
    # Readers ignore keys they do not know, and keep them.
    model_config = ConfigDict(extra="allow")


class InferenceSection(_Section):
    """What was run and how it ended."""

    run_id: str
    model: str
    timestamp: datetime
    status: RunStatus
    duration_seconds: float | None = None
    error: str | None = None
    sample: int = 0
    attempts: int = 1
    """How often this run was started, up to and including this folder."""


class InputSection(_Section):
    """What was asked, as the user knows it."""

    prompt: str
    image_path: str
    question_id: str
    task_category: str | None = None


class OutputSection(_Section):
    """What came back."""

    video_path: str | None = None
    generation_id: str | None = None
    video_url: str | None = None
    """Without its query: a signed link is a secret."""


class PathsSection(_Section):
    """The folders, as the user gave them; no code of ours opens these."""

    inference_dir: str
    video_dir: str
    question_dir: str


class ShownFrame(_Section):
    """A picture that the model was shown."""

    sha256: str
    """Of the file that was sent."""
    media_type: str
    """Of the file that was sent, such as `image/png`."""
    geometry: Geometry
    """From the question's own picture to what was sent."""
    treatment: tuple[str, ...] = ()
    """What else was done to it before it was sent, in words."""
    source_sha256: str
    """Of the question's own file."""
    source_size: int
    """Bytes of the question's own file."""
    source_mtime_ns: int
    """When the question's own file was last changed, in nanoseconds since 1970."""


class ClipFacts(_Section):
    """What a decode of every frame found."""

    sha256: str
    size: int
    width: int
    height: int
    frames: int
    fps: float
    seconds: float
    codec: str


class Cost(_Section):
    """US dollars."""

    estimated: Decimal | None = None
    charged: Decimal | None = None


class Failure(_Section):
    """Why the run did not succeed, for a developer."""

    type: str
    hint: str = ""
    traceback: str = ""


class PluginFacts(_Section):
    """Which plugin owned the model."""

    name: str
    distribution: str
    version: str


class Provenance(_Section):
    """Everything needed to answer a question about this run a year later."""

    format: int = FORMAT
    core: str
    python: str
    plugin: PluginFacts
    versions: dict[str, str] = Field(default_factory=dict)
    provider_model: str
    inputs: tuple[str, ...]
    """What the model was shown; `final_frame` among them means the solution."""
    options_given: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    """The options in effect, defaults included."""
    seed: int | None = None
    fit: str = "original"
    prompt_sha256: str
    prompt_size: int
    prompt_mtime_ns: int
    first_frame: ShownFrame | None = None
    final_frame: ShownFrame | None = None
    clip: ClipFacts | None = None
    cost: Cost = Field(default_factory=Cost)
    account: str | None = None
    """8 hex digits of the key's hash: which account took the job, never the key."""
    worker: str = "inline"
    device: str | None = None
    interceptors: tuple[str, ...] = ()
    token: str | None = None
    """Names this attempt at the vendor, where he keeps such a name; unique in the world."""
    intent: Intent | None = None
    submission: Submission | None = None
    failure: Failure | None = None
    extras: dict[str, Any] = Field(default_factory=dict)


class RunMetadata(_Section):
    """The record of one attempt at a run: metadata.json."""

    inference: InferenceSection
    input: InputSection
    output: OutputSection = Field(default_factory=OutputSection)
    paths: PathsSection
    question_data: dict[str, Any] | None = None
    provenance: Provenance

    def renew_intent(self, now: datetime, price: Decimal | None = None) -> None:
        """Say that a request is about to be sent; a local run has no such thing."""
        facts = self.provenance
        if self.inference.status == "running":
            return
        if facts.intent:
            facts.intent = facts.intent.model_copy(update={"time": now})
        else:
            facts.intent = Intent(time=now, price=price)
        self.inference.status = "submitting"

    def submitted(self, submission: Submission) -> None:
        """Say that the provider has the job."""
        self.provenance.submission = submission
        self.output.generation_id = submission.id
        self.inference.status = "submitted"
