"""The real generators with polls that do not keep a test waiting, for the real command."""

from __future__ import annotations

import dataclasses

from vmevalkit_core import State
from vmevalkit_luma.client import Agents
from vmevalkit_luma.dream import DreamMachine
from vmevalkit_luma.plugin import vmeval_models

SPECS = {spec.name: spec for spec in vmeval_models()}


class QuickAgents(Agents):
    """Ray 3.2, polled as often as a test wants."""

    spec = dataclasses.replace(SPECS["luma-ray-3.2"], name="quick-agents", factory=f"{__file__}:QuickAgents")
    polling = dataclasses.replace(Agents.polling, first=0.02, longest=0.1)
    requests_per_second = 1000.0
    poll_least = 0.02
    poll_most = 0.2
    unknown_pause = 0.1
    unknown_for = 0.5


class HastyAgents(QuickAgents):
    """The same, for a Luma that lets a request hang."""

    spec = dataclasses.replace(QuickAgents.spec, name="hasty-agents", factory=f"{__file__}:HastyAgents")
    submit_timeout = 1.0


class QuickDream(DreamMachine):
    """Ray 2, polled as often as a test wants."""

    spec = dataclasses.replace(SPECS["luma-ray-2"], name="quick-dream", factory=f"{__file__}:QuickDream", state=State())
    polling = dataclasses.replace(DreamMachine.polling, first=0.02, longest=0.1)
    requests_per_second = 1000.0
    poll_least = 0.02
    poll_most = 0.2
    unknown_pause = 0.1
    unknown_for = 0.5
    settle = 0.0
    look_again = 0.1


class HastyDream(QuickDream):
    """The same, for a Luma that lets a request hang."""

    spec = dataclasses.replace(QuickDream.spec, name="hasty-dream", factory=f"{__file__}:HastyDream")
    submit_timeout = 2.0
