"""The exclusive right of one process to a run key, kept by the kernel and gone with the process.

A claim is one byte of `{experiment}/.vmeval/lock`, at an offset given by the key's hash. `lockf` locks
belong to the process, so the file is opened once in a process (closing any descriptor of it would drop
all of them), and the claims of this process among its own coroutines are kept in a set.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vmevalkit_core import durable
from vmevalkit_core.errors import ClaimsUnavailable
from vmevalkit_core.records import RunKey

_HELD_ELSEWHERE = (errno.EAGAIN, errno.EACCES)
_opened: dict[Path, Claims] = {}
_opening = threading.Lock()


class Claims:
    """The claims of this process in one experiment; get it with `claims_of`."""

    def __init__(self, lock_file: Path) -> None:
        self._path = lock_file
        self._file = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._held: set[int] = set()
        self._mutex = threading.Lock()
        self._counting = threading.Lock()

    @property
    def path(self) -> Path:
        """The lock file."""
        return self._path

    def close(self) -> None:
        """Give every claim back; the object is of no use any more."""
        os.close(self._file)

    def is_current(self) -> bool:
        """Whether the lock file is still the one on disk: a user may delete an experiment and start anew."""
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def take(self, key: RunKey, *, required: bool = True) -> bool:
        """Claim a run; False while anyone holds it.

        ClaimsUnavailable where the disk cannot lock; a run that costs nothing, not `required`, goes on there.
        """
        offset = offset_of(key)
        with self._mutex:
            if offset in self._held or not self._lock(offset, required):
                return False
            self._held.add(offset)
            return True

    def release(self, key: RunKey) -> None:
        """Give a claim back."""
        offset = offset_of(key)
        with self._mutex:
            self._held.discard(offset)
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, offset)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Byte 0, held for as short as possible: what is spent is read and changed by one process at a time."""
        with self._counting:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX, 1, 0)
            except OSError as error:
                raise self._unavailable(error) from error
            try:
                yield
            finally:
                with suppress(OSError):  # what was done under the lock is done
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 0)

    def _lock(self, offset: int, required: bool) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except OSError as error:
            if error.errno in _HELD_ELSEWHERE:
                return False
            if not required:
                return True
            raise self._unavailable(error) from error
        return True

    def _unavailable(self, error: OSError) -> ClaimsUnavailable:
        return ClaimsUnavailable(
            f"the disk of {self._path} cannot lock files: {error.strerror}",
            hint="put the output on a local disk with -o, so that two commands cannot pay for one run",
        )


def claims_of(experiment: Path) -> Claims:
    """The claims of this process in an experiment folder; the same object each time."""
    folder = experiment / ".vmeval"
    durable.make_folders(folder)
    real = folder.resolve() / "lock"
    with _opening:
        if real not in _opened or not _opened[real].is_current():
            _opened[real] = Claims(real)
        return _opened[real]


def offset_of(key: RunKey) -> int:
    """The byte that stands for a key."""
    # Byte 0 is the ceiling's. Case-folded, because the folder of a key is the same on such disks.
    digest = hashlib.sha256(str(key).casefold().encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (2**62)
