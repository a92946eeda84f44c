"""Every model as data: what Google calls it, where it is served, and what a second of it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Size = tuple[int, int]
Door = Literal["vertex", "gemini", "closed"]

LINES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
"""Pixels of a wide clip in each resolution; a high one has them the other way round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model, alive or gone."""

    name: str
    """The name that users type."""
    id: str
    """Google's name of it."""
    title: str
    """Its name in prose."""
    door: Door
    """How it is reached: a Google Cloud project on Vertex AI, a key of the Gemini API, or not at all any more."""
    options: str
    """The name of its class in `options`."""
    usd: tuple[tuple[str, str | None], ...]
    """Resolutions, each with US dollars a second; None is unknown."""
    gone: str = ""
    """ISO date on which Google shut it down."""
    about: bool = False
    """Whether that day is approximate."""
    successor: str = ""
    """The name, in this package, of the model to use instead."""

    def rate(self, resolution: str) -> str | None:
        """US dollars for a second in that resolution, as a decimal; None is unknown."""
        return dict(self.usd)[resolution]


# The prices of Veo are those that Google lists for the Gemini API, with sound; for Vertex AI they are unconfirmed.
# Omni 1.1 makes 5,792 tokens a second at 17.50 USD a million; of its other resolutions, and of 1.2, no price is known.
_OMNI_SECOND = "0.10136"
_UNKNOWN_OMNI = (("360p", None), ("720p", None), ("1080p", None), ("4k", None))
_UNKNOWN_VEO = (("720p", None), ("1080p", None))

_ALL = (
    Model(
        name="veo-3.1-vertex",
        id="veo-3.1-generate-001",
        title="Veo 3.1",
        door="vertex",
        options="Veo31Vertex",
        usd=(("720p", "0.40"), ("1080p", "0.40"), ("4k", "0.60")),
    ),
    Model(
        name="veo-3.1-fast-vertex",
        id="veo-3.1-fast-generate-001",
        title="Veo 3.1 Fast",
        door="vertex",
        options="Veo31FastVertex",
        usd=(("720p", "0.10"), ("1080p", "0.12"), ("4k", "0.30")),
    ),
    Model(
        name="gemini-omni-1.1-flash",
        id="gemini-omni-1.1-flash",
        title="Gemini Omni 1.1 Flash",
        door="gemini",
        options="GeminiOmni11Flash",
        usd=(("360p", None), ("720p", _OMNI_SECOND), ("1080p", None), ("4k", None)),
    ),
    Model(
        name="gemini-omni-1.2-flash",
        id="gemini-omni-1.2-flash",
        title="Gemini Omni 1.2 Flash",
        door="gemini",
        options="GeminiOmni12Flash",
        usd=_UNKNOWN_OMNI,
    ),
    Model(
        name="veo-2",
        id="veo-2.0-generate-001",
        title="Veo 2",
        options="Veo2",
        usd=(("720p", None),),
        door="closed",
        gone="2026-06-30",
        about=True,
        successor="gemini-omni-1.1-flash",
    ),
    Model(
        name="veo-2.0-generate",
        id="veo-2.0-generate-001",
        title="Veo 2",
        options="Veo2Generate",
        usd=(("720p", None),),
        door="closed",
        gone="2026-06-30",
        about=True,
        successor="gemini-omni-1.1-flash",
    ),
    Model(
        name="veo-3.0-generate",
        id="veo-3.0-generate-001",
        title="Veo 3",
        options="Veo30",
        usd=_UNKNOWN_VEO,
        door="closed",
        gone="2026-06-30",
        about=True,
        successor="gemini-omni-1.1-flash",
    ),
    Model(
        name="veo-3.0-fast-generate",
        id="veo-3.0-fast-generate-001",
        title="Veo 3 Fast",
        options="Veo30Fast",
        usd=_UNKNOWN_VEO,
        door="closed",
        gone="2026-06-30",
        about=True,
        successor="gemini-omni-1.1-flash",
    ),
    Model(
        name="veo-3.1-generate",
        id="veo-3.1-generate-preview",
        title="Veo 3.1",
        options="Veo31",
        usd=(*_UNKNOWN_VEO, ("4k", None)),
        door="closed",
        gone="2026-10-22",
        # The very same model; the others have no heir but the one that Google names for their keys.
        successor="veo-3.1-vertex",
    ),
)
MODELS = {model.name: model for model in _ALL}
"""By the name that users type: two names of old share one model of Google's."""


def model_of(provider_model: str) -> Model:
    """The model that Google calls so."""
    return next(model for model in _ALL if model.id == provider_model)
