"""What was costly to encode, kept on disk by what it was made of, so that a plan that goes on encodes nothing again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from vmevalkit_core.generator import torch_facts

MOST_BYTES = 4 * 2**30
"""Of one shelf; what was used the longest time ago goes first."""
_LOOK_EVERY = 64


class Shelf:
    """Tensors by name, below a folder. A file that cannot be read counts as absent, and a full disk costs only time."""

    def __init__(self, folder: Path, identity: Callable[[], object]) -> None:
        self._folder = folder
        self._identity = identity
        self._written = 0

    def get(self, name: str) -> Any:
        """What was put under that name by the same model, encoder and versions; None where there is none."""
        path = self._path(name)
        if not path.is_file():
            return None
        try:
            # weights_only: a file from elsewhere must not run code.
            found = torch_facts.torch().load(path, map_location="cpu", weights_only=True)
            os.utime(path)
        except Exception:  # torch has a dozen for a file that is cut, empty or no file of its own
            return None
        return found

    def put(self, name: str, value: Any) -> None:
        """Keep it: tensors, numbers, strings, and tuples, lists and dicts of them."""
        path = self._path(name)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with suppress(OSError, RuntimeError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                torch_facts.torch().save(value, beside)
                os.replace(beside, path)
            finally:
                beside.unlink(missing_ok=True)
        if self._written % _LOOK_EVERY == 0:
            self._make_room()
        self._written += 1

    def _path(self, name: str) -> Path:
        asked = json.dumps([self._identity(), name], sort_keys=True, default=str)
        digest = hashlib.sha256(asked.encode()).hexdigest()
        return self._folder / digest[:2] / f"{digest}.pt"

    def _make_room(self) -> None:
        with suppress(OSError):
            kept = {file: file.stat() for file in self._folder.glob("*/*.pt")}
            surplus = sum(facts.st_size for facts in kept.values()) - MOST_BYTES
            for file in sorted(kept, key=lambda one: kept[one].st_mtime):
                if surplus <= 0:
                    return
                file.unlink(missing_ok=True)
                surplus -= kept[file].st_size


class Encodings:
    """What `kept` of a generator hands out, and what the record says of it."""

    def __init__(self, shelf: Shelf | None) -> None:
        self._shelf = shelf
        self._made = self._found = 0

    def __call__(self, name: str, make: Callable[[], Any]) -> Any:
        """What is on the shelf under that name, else what `make` returns, kept there from now on."""
        found = self._shelf.get(name) if self._shelf else None
        if found is not None:
            self._found += 1
            return found
        made = make()
        self._made += 1
        if self._shelf:
            self._shelf.put(name, made)
        return made

    @property
    def facts(self) -> dict[str, int]:
        """How many were made and found by this process; nothing for a model that has none."""
        counts = {"encodings_made": self._made, "encodings_found": self._found}
        return counts if self._made + self._found else {}


def fingerprint(weights: Path) -> str:
    """A hash that changes with a model file, or with the files of a model folder, without reading gigabytes.

    The hub's cache names a file's content in the target of its link; elsewhere size and time have to do.
    """
    return hashlib.sha256(json.dumps(sorted(_facts(weights))).encode()).hexdigest()


def _facts(weights: Path) -> Iterator[tuple[str, str]]:
    found = (Path(place, name) for place, _, names in os.walk(weights) for name in names)
    for path in [weights] if weights.is_file() else found:
        facts = path.stat()
        content = path.readlink().name if path.is_symlink() else str(facts.st_mtime_ns)
        yield path.name if path == weights else str(path.relative_to(weights)), f"{content} {facts.st_size}"
