"""Writing that survives a crash: beside, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
from pathlib import Path

PART = ".part"
"""Ends the name of what is not whole yet."""


def write(path: Path, data: bytes) -> None:
    """Put a whole file in place; a crash leaves the old one or the new one, never a mixture."""
    part = path.with_name(path.name + PART)
    write_synced(part, data)
    os.replace(part, path)
    sync_folder(path.parent)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and its content through to the disk, under its own name."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def land(part: Path, path: Path) -> None:
    """Give a finished file, written by anyone, its final name."""
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Create a folder and its parents, each durable in the one above it."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
