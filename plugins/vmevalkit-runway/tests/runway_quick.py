"""The real generator with polls that do not keep a test waiting, for the real command."""

from __future__ import annotations

import dataclasses

from vmevalkit_runway.client import Runway
from vmevalkit_runway.models import MODELS
from vmevalkit_runway.plugin import spec_of


class Quick(Runway):
    """Gen-4 Turbo, polled as often as a test wants."""

    spec = dataclasses.replace(spec_of(MODELS["gen4_turbo"]), name="quick", factory=f"{__file__}:Quick")
    polling = dataclasses.replace(Runway.polling, first=0.02, longest=0.1)
    poll_least = 0.02
    poll_most = 0.2
    unknown_pause = 0.1
    unknown_for = 0.5
