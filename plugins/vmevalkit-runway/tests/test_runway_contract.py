"""The contract of every API plugin, kept by the client that all models of Runway share."""

from __future__ import annotations

from runway_dialect import RunwayVendor

from vmevalkit_core.testing import ANYTHING, GeneratorContract, RecordedBody

COMMON = {"promptImage": ANYTHING, "promptText": "Solve the maze."}


class TestGen4Turbo(GeneratorContract):
    model = "runway-gen4-turbo"
    dialect = RunwayVendor
    bodies = (
        RecordedBody(
            body={**COMMON, "model": "gen4_turbo", "ratio": "960:960", "duration": 5, "seed": 7},
            options={"duration": 5},
            seed=7,
        ),
        RecordedBody(
            body={**COMMON, "model": "gen4_turbo", "ratio": "1280:720", "duration": 2, "seed": 0},
            options={"duration": 2},
            size=(1280, 720),
        ),
    )
