"""The real generator with polls that do not keep a test waiting, for the real command."""

from __future__ import annotations

import dataclasses

from vmevalkit_openai.client import Videos
from vmevalkit_openai.plugin import vmeval_models

ANY = next(iter(vmeval_models()))


class Quick(Videos):
    """Any server, polled as often as a test wants."""

    spec = dataclasses.replace(ANY, name="quick", factory=f"{__file__}:Quick")
    polling = dataclasses.replace(Videos.polling, first=0.02, longest=0.1)
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


class Hasty(Quick):
    """The same, for requests whose answers do not come: a lost job is looked for once the time-out is over."""

    spec = dataclasses.replace(Quick.spec, name="hasty", factory=f"{__file__}:Hasty")
    submit_timeout = 1.0
