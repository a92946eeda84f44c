"""Hands events to the display and, from a thread of its own, to the plugins that observe."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from vmevalkit_core.records import Event
from vmevalkit_core.registry import Registry

PATIENCE = 1.0
"""Seconds that observers have, at the end, to take in what is left."""


class Observers:
    """A queue between the runner and the observers: a slow one delays nobody."""

    def __init__(self, registry: Registry, display: Callable[[Event], None]) -> None:
        self._registry = registry
        self._display = display
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        if registry.has_observers:
            self._thread = threading.Thread(target=self._deliver, name="vmeval-observers", daemon=True)
            self._thread.start()

    def emit(self, event: Event) -> None:
        """Pass an event on; never blocks."""
        self._display(event)
        if self._thread:
            self._events.put(event)

    def close(self) -> None:
        """Wait, for a moment, until the observers have seen everything."""
        if self._thread:
            self._events.put(None)
            self._thread.join(PATIENCE)

    def _deliver(self) -> None:
        while (event := self._events.get()) is not None:
            self._registry.notify(event)
