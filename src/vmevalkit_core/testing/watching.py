"""Watches what a plugin does in this process: what it reads from the environment, and what it starts."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

STARTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn"}
_listeners: list[Callable[[str, tuple[Any, ...]], None]] = []
_hooked: list[bool] = []


def home_of(factory: type) -> Path:
    """The folder of the package that a class is in, or its file where it is in none."""
    path = Path(inspect.getfile(factory)).resolve()
    module = sys.modules.get(factory.__module__.partition(".")[0])
    folder = Path(getattr(module, "__file__", None) or path).resolve().parent
    return folder if path.is_relative_to(folder) and (folder / "__init__.py").is_file() else path


@contextmanager
def environment_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The names of the process's own environment that code below `home` reads meanwhile."""
    found: set[str] = set()
    environ: Any = type(os.environ)
    original = environ.__getitem__

    def noting(self: Any, name: str) -> Any:
        if _asker().is_relative_to(home):
            found.add(name)
        return original(self, name)

    with monkeypatch.context() as patched:
        patched.setattr(environ, "__getitem__", noting)
        yield found


@contextmanager
def processes_started() -> Iterator[list[str]]:
    """What is started meanwhile: command lines and environments, as text."""
    found: list[str] = []

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        if event in STARTS:
            found.append(repr(arguments))

    if not _hooked:
        # It stays for the life of the process: Python has no way to take it away.
        sys.addaudithook(lambda event, arguments: [one(event, arguments) for one in _listeners] and None)
        _hooked.append(True)
    _listeners.append(listen)
    try:
        yield found
    finally:
        _listeners.remove(listen)


def _asker() -> Path:
    """The file of whoever asks the environment, past the standard library's own layers."""
    frame = inspect.currentframe()
    between = (__file__, os.__file__, "<frozen _collections_abc>", "<frozen os>")
    while frame is not None and frame.f_code.co_filename in between:
        frame = frame.f_back
    return Path(frame.f_code.co_filename if frame else "/").resolve()
