"""How long a worker may take for what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vmevalkit_core.errors import ConfigError

PATIENCE = "VMEVAL_PATIENCE"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds; a worker that keeps none of them is killed."""

    beat: float = 5.0
    """Between two heartbeats."""
    silence: float = 90.0
    """Without any word: the process stands still. Importing a large library may hold everything up for a while."""
    patience: float = 1800.0
    """Without a step of the model: it hangs. Loading from a slow disk counts as one step."""
    hello: float = 120.0
    """Until Python has started and said so."""
    farewell: float = 10.0
    """For a worker to let go of its model when it is asked to."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Timing:
        """With the patience that VMEVAL_PATIENCE asks for; ConfigError where that is no number of seconds."""
        text = env.get(PATIENCE) or ""
        if not text:
            return cls()
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < math.inf:
            raise ConfigError(f"{PATIENCE}={text} is no number of seconds", hint="such as 3600; the default is 1800")
        return cls(beat=min(cls.beat, seconds / 4), silence=min(cls.silence, 2 * seconds), patience=seconds)
