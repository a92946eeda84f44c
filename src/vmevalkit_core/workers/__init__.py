"""Where generators execute."""

from vmevalkit_core.workers.inline import InlineWorker
from vmevalkit_core.workers.remote import Workers

__all__ = ["InlineWorker", "Workers"]
