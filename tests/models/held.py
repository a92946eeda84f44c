"""`baseline-hold` in a worker, and models that misbehave there on request."""

from __future__ import annotations

from vmevalkit_core import ModelSpec
from vmevalkit_core.baselines.models import Hold


class Held(Hold):
    """Holds the first frame still, in a process of its own."""

    spec = ModelSpec(
        name="held",
        factory=f"{__file__}:Held",
        options="vmevalkit_core.baselines.models:BaselineOptions",
        runs_in="process",
        inputs=("first_frame", "prompt"),
    )
