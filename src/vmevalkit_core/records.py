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
    domain: str
    prompt: str
    first_frame: Path
    final_frame: Path | None = None
    ground_truth: Path | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    """The content of question_metadata.json; kept for judging, never sent."""


class ImageRef(Record):
    """A picture by its file; bytes never travel in a request."""

    path: Path
    sha256: str
    media_type: str
    size: tuple[int, int]
    """Width and height in pixels."""
    geometry: Geometry


class GenerationRequest(Record):
    """Exactly what a model may see, and the token that names the run at the vendor."""

    model: str
    prompt: str | None
    first_frame: ImageRef | None
    final_frame: ImageRef | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    """Validated by the options class of the model; plain values here."""
    seed: int | None = None
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
    resume: dict[str, Any] = Field(default_factory=dict)
    """Base address, region, operation name and the like; never a secret."""


class Intent(Record):
    """That a request may have been sent; on disk before it is."""

    time: datetime
    request_sha256: str | None = None
    timeout_seconds: float | None = None
    price: Decimal | None = None


class Candidate(Record):
    """A job that the vendor lists and that may be the one whose answer was lost."""

    id: str
    created: datetime | None = None
    exact: bool = False
    """True only when the vendor returned our own token."""
    resume: dict[str, Any] = Field(default_factory=dict)


class Pending(Record):
    """The vendor still works on the job."""

    progress: float | None = None
    stage: str = ""
    poll_after: float | None = None
    """Seconds that the vendor asks us to wait."""


class Done(Record):
    """The vendor finished the job; `fetch` knows how to get the video."""

    video_url: str | None = None
    cost: Decimal | None = None
    extras: dict[str, Any] = Field(default_factory=dict)


class Failed(Record):
    """The vendor ended the job without a video."""

    reason: str
    hint: str = ""
    rejected: bool = False
    """Moderation or bad input: the same request would fail again."""


class Clip(Record):
    """What a generator hands back."""

    path: Path
    generation_id: str | None = None
    video_url: str | None = None
    cost: Decimal | None = None
    """US dollars that the vendor says it charged."""
    extras: dict[str, Any] = Field(default_factory=dict)


class Event(Record):
    """Something that happened to a run, for observers."""

    kind: EventKind
    run_id: str
    model: str
    domain: str
    task_id: str
    sample: int
    time: datetime
    status: RunStatus | None = None
    fraction: float | None = None
    stage: str = ""
    error: str | None = None
    seconds: float | None = None
