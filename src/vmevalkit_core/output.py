"""Whether results can be kept in a folder, said before anything is sent and with the way to another one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmevalkit_core import durable
from vmevalkit_core.errors import UsageError


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(one for one in (folder, *folder.absolute().parents) if os.path.exists(one))


def check_output(folder: Path, way: str) -> None:
    """UsageError where no folder can be made or written there; nothing is. `way` is how to choose another one."""
    near = nearest(folder)
    if not near.is_dir():
        raise UsageError(f"{near} is a file, not a folder", hint=way)
    if not os.access(near, os.W_OK | os.X_OK):
        raise UsageError(f"{near} cannot be written", hint=way)


def make_output(folder: Path, way: str) -> None:
    """Make a folder for results; UsageError says why it cannot be."""
    check_output(folder, way)
    with refusing(way):
        durable.make_folders(folder)


@contextmanager
def refusing(way: str) -> Iterator[None]:
    """Turns what a disk says against a folder of results, as long as nothing was sent, into a UsageError."""
    try:
        yield
    except durable.Unwritable as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}", hint=way) from error
