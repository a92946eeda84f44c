"""The real generator with polls that do not keep a test waiting, for the real command."""

from __future__ import annotations

import dataclasses

from vmevalkit_core import Context, ModelSpec
from vmevalkit_wavespeed.client import WaveSpeed
from vmevalkit_wavespeed.models import MODELS
from vmevalkit_wavespeed.plugin import spec_of

NAME = "wavespeed-wan-2.2-i2v-720p"


class Quick(WaveSpeed):
    """WAN 2.2 at 720p, polled as often as a test wants."""

    spec = dataclasses.replace(spec_of(MODELS[NAME]), name="quick", factory=f"{__file__}:Quick")
    polling = dataclasses.replace(WaveSpeed.polling, first=0.02, longest=0.1)
    poll_least = 0.02
    poll_most = 0.2
    patience = 3.0
    unknown_pause = 0.1
    unknown_for = 0.5
    submit_timeout = 10.0
    poll_timeout = 2.0
    fetch_timeout = 5.0
    settle = 0.1
    look_again = 0.1

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(dataclasses.replace(spec, name=NAME), context)


class Hasty(Quick):
    """The same, for requests whose answers do not come: a lost job is looked for once the time-out is over."""

    spec = dataclasses.replace(Quick.spec, name="hasty", factory=f"{__file__}:Hasty")
    submit_timeout = 1.0
