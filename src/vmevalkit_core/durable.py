"""Writing that survives a crash: beside, fsync, rename, fsync of the folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PART = ".part"
"""Ends the name of what is not whole yet."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_ACCESS = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_BROKEN = frozenset({errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT})


class Unwritable(OSError):
    """The disk refuses what has to be kept; `filename` is where, `strerror` is why."""


def write(path: Path, data: bytes) -> None:
    """Put a whole file in place; a crash leaves the old one or the new one, never a mixture."""
    part = path.with_name(path.name + PART)
    try:
        write_synced(part, data)
        replace(part, path)
    except Unwritable:
        with suppress(OSError):  # it takes room, and its next try is another file
            part.unlink()
        raise


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and its content through to the disk, under its own name."""
    with writing(path), _opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)


def land(part: Path, path: Path) -> None:
    """Give a finished file, written by anyone, its final name."""
    with writing(part), _opened(part, os.O_RDWR) as descriptor:
        os.fsync(descriptor)
    replace(part, path)


def replace(part: Path, path: Path) -> None:
    """Give a synced file, or a folder of them, its final name."""
    with writing(path):
        os.replace(part, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    with writing(folder), _opened(folder, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        os.fsync(descriptor)


def make_folders(folder: Path) -> None:
    """Create a folder and its parents, each durable in the one above it."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    with writing(folder):
        folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """While something at `path` is written: what the disk says against it names the path, which `write` does not."""
    try:
        yield
    except OSError as error:
        raise Unwritable(error.errno, error.strerror, str(path)) from error


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor; a file object calls the system twice as often, and threads wait for each other at every call."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def is_of_disk(error: OSError) -> bool:
    """Whether the next file would meet the same error: the disk is full, read-only or broken."""
    return error.errno in _NO_ROOM | _BROKEN or error.errno == errno.EROFS


def remedy(error: OSError) -> str:
    """What a user has to do before the same command can go on."""
    if error.errno in _NO_ROOM:
        return "make room"
    return "give write access" if error.errno in _NO_ACCESS else "see to the disk"
