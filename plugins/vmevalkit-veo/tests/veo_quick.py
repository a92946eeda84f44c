"""The real generators with polls that do not keep a test waiting, for the real command."""

from __future__ import annotations

import dataclasses

from vmevalkit_veo.catalog import MODELS
from vmevalkit_veo.omni import GeminiOmni
from vmevalkit_veo.plugin import spec_of
from vmevalkit_veo.vertex import VertexVeo


class QuickVertex(VertexVeo):
    """Veo 3.1 Fast, polled as often as a test wants."""

    spec = dataclasses.replace(
        spec_of(MODELS["veo-3.1-fast-vertex"]), name="quick-vertex", factory=f"{__file__}:QuickVertex"
    )
    polling = dataclasses.replace(VertexVeo.polling, first=0.02, longest=0.1)
    poll_least = 0.02
    poll_most = 0.2
    unknown_pause = 0.02
    unknown_for = 0.5
    submit_timeout = 3.0
    poll_timeout = 2.0
    fetch_timeout = 5.0
    patience = 4.0


class QuickOmni(GeminiOmni):
    """Gemini Omni 1.1 Flash, polled as often as a test wants."""

    spec = dataclasses.replace(
        spec_of(MODELS["gemini-omni-1.1-flash"]), name="quick-omni", factory=f"{__file__}:QuickOmni"
    )
    polling = dataclasses.replace(GeminiOmni.polling, first=0.02, longest=0.1)
    poll_least = 0.02
    poll_most = 0.2
    unknown_pause = 0.02
    unknown_for = 0.5
    submit_timeout = 3.0
    poll_timeout = 2.0
    fetch_timeout = 5.0
    patience = 4.0
