"""Where generators execute."""

from vmevalkit_core.workers.inline import InlineWorker

__all__ = ["InlineWorker"]
