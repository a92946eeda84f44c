"""The plain vendor's client as people run it by default, and without anything that learns its limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from tests.models.plain import NEEDS, Plain
from vmevalkit_core import Context, ModelSpec
from vmevalkit_core.limits import Gate, Pace

_PLAIN = __file__.replace("unlearned", "plain")


def _spec(name: str, target: str) -> ModelSpec:
    return ModelSpec(
        name=name,
        factory=f"{__file__}:{target}",
        options=f"{_PLAIN}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )


class Learned(Plain):
    """Asks about a job every two seconds at most, and leaves the rest to what is learned."""

    spec = _spec("learned", "Learned")
    requests_per_second = 20.0
    poll_least, poll_most = 2.0, 120.0
    submit_timeout = poll_timeout = fetch_timeout = 60.0


class Unlearned(Learned):
    """The same, but each refused request only waits on its own: 2 s, 4, 8 and so on, up to a minute, with jitter."""

    spec = _spec("unlearned", "Unlearned")

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        context.http.pace = _Steady()
        super().__init__(spec, replace(context, gate=_Open()))


class _Open(Gate):
    """Lets everybody through, whatever was refused."""

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        yield


class _Steady(Pace):
    """Keeps its pace, whatever was refused."""

    def slow(self, asked: float | None) -> None:
        pass
