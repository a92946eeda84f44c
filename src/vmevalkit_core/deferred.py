"""Work that starts only when somebody awaits it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any

from vmevalkit_core.errors import PluginError

if TYPE_CHECKING:
    from vmevalkit_core.records import Clip


class Deferred:
    """An awaitable whose work starts when it is awaited, at most once, and not at all when it is dropped."""

    def __init__(self, start: Callable[[], Any], drop: Callable[[], object] | None = None) -> None:
        self._start: Callable[[], Any] | None = start
        self._drop = drop

    def __await__(self) -> Generator[Any, Any, Clip]:
        if self._start is None:
            # A second start could pay a second time.
            raise RuntimeError("the clip of a run can be awaited only once")
        start, self._start = self._start, None
        work: Generator[Any, Any, Clip] = awaitable(start()).__await__()
        return work

    def __del__(self) -> None:
        if self._start is not None and self._drop is not None:
            self._drop()


def awaitable(answer: Any) -> Awaitable[Clip]:
    """What a hook answered; PluginError when that cannot be awaited."""
    if not isinstance(answer, Awaitable):
        raise PluginError(f"vmeval_generate answered with {type(answer).__name__}, which cannot be awaited")
    return answer
