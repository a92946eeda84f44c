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
    """The name of this run folder."""
    model: str
    """The name of the model."""
    timestamp: datetime
    """When this attempt was begun, in UTC with offset."""
    status: RunStatus
    """How far it is."""
    duration_seconds: float | None = None
    """From `timestamp` until it ended, or until a command last stopped waiting; null before."""
    error: str | None = None
    """Why it did not succeed, in one sentence; null for a success."""
    sample: int = 0
    """Which sample of its task this is, from 0."""
    attempts: int = 1
    """How often this run was started, up to and including this folder."""


class InputSection(_Section):
    """What was asked, as the user knows it."""

    prompt: str
    """The text of prompt.txt without surrounding white space."""
    image_path: str
    """The first frame in the question folder, as the user gave the path."""
    question_id: str
    """The id of the task pair."""
    task_category: str | None = None
    """`task_category` of the question's metadata, else the domain."""


class OutputSection(_Section):
    """What came back."""

    video_path: str | None = None
    """The video, as the user gave the output folder; null unless the run succeeded."""
    generation_id: str | None = None
    """The provider's id of the job; null when there is none."""
    video_url: str | None = None
    """Without its query: a signed link is a secret."""


class PathsSection(_Section):
    """The folders, as the user gave them; no code of ours opens these."""

    inference_dir: str
    """The run folder."""
    video_dir: str
    """Its folder `video`."""
    question_dir: str
    """Its folder `question`."""


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
    """Of the file."""
    size: int
    """Bytes of the file."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    frames: int
    """Frames that a player shows."""
    fps: float
    """Frames for each second; the average where they are unevenly spaced."""
    seconds: float
    """From the start of the first frame to the end of the last."""
    codec: str
    """FFmpeg's name of the codec, such as `h264`."""


class Cost(_Section):
    """US dollars."""

    estimated: Decimal | None = None
    """At most, by the options, before anything was sent; null when unknown."""
    charged: Decimal | None = None
    """What the vendor says it charged; null when he does not say."""


class Failure(_Section):
    """Why the run did not succeed, for a developer."""

    type: str
    """The class of the error."""
    hint: str = ""
    """What to do about it; empty when nobody knows."""
    traceback: str = ""
    """Where it was raised."""


class PluginFacts(_Section):
    """Which plugin owned the model."""

    name: str
    """Its entry point; the stem of the file for a model from a file."""
    distribution: str
    """What was installed."""
    version: str
    """Of the distribution; a hash of the content for a file."""


class Provenance(_Section):
    """Everything needed to answer a question about this run a year later."""

    format: int = FORMAT
    """The format number of metadata.json."""
    core: str
    """The version of vmevalkit-core."""
    python: str
    """The version of Python."""
    plugin: PluginFacts
    """Which plugin owned the model."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Versions of packages in use that can change a clip, such as `av` and `torch`."""
    provider_model: str
    """The provider's own id of the model."""
    inputs: tuple[str, ...]
    """What the model was shown; `final_frame` among them means the solution."""
    options_given: dict[str, Any] = Field(default_factory=dict)
    """The options that the user gave."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The options in effect, defaults included."""
    seed: int | None = None
    """The seed that was sent; null when the model takes none."""
    fit: str = "original"
    """By which rule pictures are brought to a legal size; `original` where the model takes any size."""
    prompt_sha256: str
    """Of prompt.txt."""
    prompt_size: int
    """Bytes of prompt.txt."""
    prompt_mtime_ns: int
    """When prompt.txt was last changed, in nanoseconds since 1970."""
    first_frame: ShownFrame | None = None
    """The first frame as sent; null when the model was not shown it."""
    final_frame: ShownFrame | None = None
    """The final frame as sent; null when the model was not shown it."""
    clip: ClipFacts | None = None
    """The video as decoded; null unless the run succeeded."""
    cost: Cost = Field(default_factory=Cost)
    """What it cost."""
    account: str | None = None
    """8 hex digits of the key's hash: which account took the job, never the key."""
    worker: str = "inline"
    """`inline` in the command's process, `process` in one of its own."""
    device: str | None = None
    """The device that a local model ran on; null when nobody said."""
    interceptors: tuple[str, ...] = ()
    """What was named with `--with`, the outermost first."""
    token: str | None = None
    """Names this attempt at the vendor, where he keeps such a name; unique in the world."""
    intent: Intent | None = None
    """The request that may have been sent; null when nothing was, and for free local models."""
    submission: Submission | None = None
    """The provider's side of the run; null before it has an id."""
    job_seconds: float | None = None
    """From the sending of the job until the vendor had finished it; null when one process did not see both."""
    failure: Failure | None = None
    """Why it did not succeed, for a developer; null for a success."""
    extras: dict[str, Any] = Field(default_factory=dict)
    """What the generator found worth keeping."""


class RunMetadata(_Section):
    """The record of one attempt at a run: metadata.json."""

    inference: InferenceSection
    """What was run and how it ended."""
    input: InputSection
    """What was asked."""
    output: OutputSection = Field(default_factory=OutputSection)
    """What came back."""
    paths: PathsSection
    """Where it was written, as the user gave the output folder."""
    question_data: dict[str, Any] | None = None
    """The content of question_metadata.json; null when there is none."""
    provenance: Provenance
    """Everything needed to answer a question about this run a year later."""

    def draft(self) -> RunMetadata:
        """A copy whose run, output and provenance can be told otherwise; what lies deeper is the same."""
        sections = {name: getattr(self, name).model_copy() for name in ("inference", "output", "provenance")}
        return self.model_copy(update=sections)

    def intend(self, intent: Intent) -> None:
        """Say that a request is about to be sent; a local run has no such thing."""
        if self.inference.status != "running":
            self.provenance.intent = intent
            self.inference.status = "submitting"

    def submitted(self, submission: Submission) -> None:
        """Say that the provider has the job."""
        self.provenance.submission = submission
        self.output.generation_id = submission.id
        self.inference.status = "submitted"
