"""The part of a `Job` that is the same for every model without a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from vmevalkit_core.errors import PluginError
from vmevalkit_core.records import Intent, Submission


class FreeJob:
    """A job that nobody is paid for: nothing can be submitted, and nothing has to be collected."""

    @property
    def submission(self) -> Submission | None:
        """None: there is no provider."""
        return None

    @property
    def intent(self) -> Intent | None:
        """None, for the same reason."""
        return None

    @property
    def sent_at(self) -> datetime | None:
        """None: nothing is sent."""
        return None

    @asynccontextmanager
    async def preparing(self) -> AsyncIterator[None]:
        """Nothing has to be seen to."""
        yield

    def answer_lost(self) -> None:
        """Nothing is lost."""

    async def submitted(self, submission: Submission) -> None:
        """Refused."""
        raise PluginError("a model that runs in a worker cannot submit jobs", hint='its spec needs runs_in="inline"')
