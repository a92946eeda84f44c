"""The typed values that travel between the rooms and to disk; all of them are JSON."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from vmevalkit_core.geometry import Geometry

RunStatus = Literal["submitting", "submitted", "running", "success", "failed", "uncertain", "cancelled"]
EventKind = Literal["started", "submitted", "progress", "done", "failed"]


class Record(BaseModel):
    """A frozen value without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RunKey(NamedTuple):
    """What a run is known by, in every process and at any time."""

    model: str
    domain: str
    task_id: str
    sample: int

    def __str__(self) -> str:
        return "/".join(map(str, self))


class TaskPair(Record):
    """One question: the first frame and the prompt go to the model, the rest does not."""

    id: str
    """The name of its folder."""
    domain: str
    """The kind of puzzle: `maze` for the folder `maze_task`."""
    prompt: str
    """The text of prompt.txt without surrounding white space."""
    first_frame: Path
    """The picture that the model is shown."""
    final_frame: Path | None = None
    """The solution; null when there is none."""
    ground_truth: Path | None = None
    """A video of the solution; null when there is none."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """The content of question_metadata.json; kept for judging, never sent."""


class ImageRef(Record):
    """A picture by its file; bytes never travel in a request."""

    path: Path
    """Absolute path of the prepared file."""
    sha256: str
    """Of the file."""
    media_type: str
    """By content, such as `image/png`."""
    size: tuple[int, int]
    """Width and height in pixels."""
    geometry: Geometry
    """How the picture lies in the question's own picture."""
    link: str | None = None
    """Where the vendor reaches it, after an upload; null when its bytes are sent."""


class GenerationRequest(Record):
    """Exactly what a model may see, and the token that names the run at the vendor."""

    model: str
    """The name of the model."""
    prompt: str | None
    """The instruction; null when the model is not shown one."""
    first_frame: ImageRef | None
    """The first frame as prepared; null when the model is not shown it."""
    final_frame: ImageRef | None = None
    """The solution; null unless the model's `inputs` name it."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Validated by the options class of the model; plain values here."""
    seed: int | None = None
    """The seed of this sample; null when the model takes none."""
    token: str = ""
    """Goes into a field that the vendor keeps (metadata, labels, user); never into the prompt."""

    @property
    def key(self) -> str:
        """Sha256 of what is asked, whatever the paths and the token."""
        asked = self.model_dump(mode="json", exclude={"token"})
        for name in ("first_frame", "final_frame"):
            asked[name] = asked[name] and asked[name]["sha256"]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class Submission(Record):
    """The provider's side of a run: what any later process needs to collect it."""

    id: str
    """The provider's id of the job."""
    resume: dict[str, Any] = Field(default_factory=dict)
    """Base address, region, operation name and the like; never a secret."""


class Intent(Record):
    """That a request may have been sent; on disk before it is."""

    time: datetime
    """When the request was about to be sent, in UTC."""
    request_sha256: str | None = None
    """Sha256 of what is asked: `GenerationRequest.key`."""
    timeout_seconds: float | None = None
    """Seconds after which the request cannot be on its way any more; null when unknown."""
    price: Decimal | None = None
    """US dollars at most; null when unknown."""


class Candidate(Record):
    """A job that the vendor lists and that may be the one whose answer was lost."""

    id: str
    """The provider's id of the job."""
    created: datetime | None = None
    """When the vendor took it; null when he does not say."""
    exact: bool = False
    """True only when the vendor returned our own token."""
    resume: dict[str, Any] = Field(default_factory=dict)
    """As in `Submission.resume`."""


class Pending(Record):
    """The vendor still works on the job."""

    progress: float | None = None
    """From 0 to 1; null when the vendor does not say."""
    stage: str = ""
    """The vendor's word for what it is doing."""
    poll_after: float | None = None
    """Seconds that the vendor asks us to wait."""


class Done(Record):
    """The vendor finished the job; `fetch` knows how to get the video."""

    video_url: str | None = None
    """Where the video is; null when `fetch` needs no link."""
    cost: Decimal | None = None
    """US dollars that the vendor says it charged; null when he does not say."""
    extras: dict[str, Any] = Field(default_factory=dict)
    """More facts worth keeping, as JSON values; they go to `provenance.extras`."""


class Failed(Record):
    """The vendor ended the job without a video."""

    reason: str
    """The vendor's reason, in one sentence."""
    hint: str = ""
    """What the user can do about it."""
    rejected: bool = False
    """Bad input: the same request would fail again."""
    moderated: bool = False
    """The vendor's moderation refused the prompt, the picture or the clip."""
    cost: Decimal | None = None
    """US dollars that the vendor says it kept; null when he does not say."""


class Clip(Record):
    """What a generator hands back."""

    path: Path
    """The video file; usually `job.clip_path`."""
    generation_id: str | None = None
    """The provider's id of the job; null when there is none."""
    video_url: str | None = None
    """The provider's link; its query is left out of the record."""
    cost: Decimal | None = None
    """US dollars that the vendor says it charged."""
    device: str | None = None
    """What a local model ran on; null for a vendor's."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Versions of packages that can change a clip, where another process than the command's has imported them."""
    extras: dict[str, Any] = Field(default_factory=dict)
    """More facts worth keeping, as JSON values; they go to `provenance.extras`."""
    job_seconds: float | None = None
    """From the sending of the job until the vendor had finished it; null when one process did not see both."""


class Event(Record):
    """Something that happened to a run, for observers."""

    kind: EventKind
    """What happened."""
    run_id: str
    """The name of the run folder."""
    model: str
    """The name of the model."""
    domain: str
    """The kind of puzzle."""
    task_id: str
    """The id of the task pair."""
    sample: int
    """Which sample of its task, from 0."""
    time: datetime
    """When, in UTC."""
    status: RunStatus | None = None
    """The status on disk at that time."""
    fraction: float | None = None
    """How far the job is, from 0 to 1; null when unknown."""
    stage: str = ""
    """What the job is doing, in the generator's words."""
    error: str | None = None
    """Why it failed; set for `failed`."""
    seconds: float | None = None
    """How long the run took; set for `done`."""
