"""How a video is sampled."""

from __future__ import annotations

from dataclasses import dataclass

from vmevalkit_crafter.config import Spacing
from vmevalkit_crafter.guidance import Guidance


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may differ from video to video; the defaults are those that all six models share."""

    guidance: Guidance
    fps: int
    """The frame rate or frame stride that the network is told, in its own sense."""
    steps: int = 50
    eta: float = 1.0
    """From 0, no fresh noise in a step, to 1, as much as the training noise has."""
    spacing: Spacing = "uniform"
    negative_prompt: str = ""
    """What guidance leads away from; the authors have nothing here."""
    frame_by_frame: bool = True
    """Decode one frame at a time."""
