"""The built-in models, registered through the same door as everybody else's."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, hookimpl

HOME = "vmevalkit_core.baselines.models"


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """The floor and the ceiling."""
    yield ModelSpec(
        name="baseline-hold",
        family="baseline",
        factory=f"{HOME}:Hold",
        options=f"{HOME}:BaselineOptions",
        description="Holds the first frame still: the score of doing nothing.",
        inputs=("first_frame",),
    )
    yield ModelSpec(
        name="baseline-oracle",
        family="baseline",
        factory=f"{HOME}:Oracle",
        options=f"{HOME}:BaselineOptions",
        description="Fades to the final frame, which it is shown: the score of knowing the solution.",
        inputs=("first_frame", "final_frame", "prompt"),
    )
