"""Why nothing more is sent: what a vendor refused for a model, or what the disk refused for all."""

from __future__ import annotations

from pathlib import Path

from vmevalkit_core.durable import Unwritable, is_of_disk, remedy
from vmevalkit_core.errors import AccountError, ClaimsUnavailable, OutputUnwritable


class Refusals:
    """The refusals of one experiment, in one command."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_model: dict[str, AccountError] = {}
        self._by_disk: OutputUnwritable | None = None

    def of(self, model: str) -> AccountError | None:
        """The reason why nothing more is sent for a model."""
        return self._by_disk or self._by_model.get(model)

    def add(self, model: str, error: AccountError) -> None:
        """The vendor would refuse the next request of a model like this one."""
        self._by_model.setdefault(model, error)

    def by_disk(self, error: OSError, *, lost: bool = False) -> OutputUnwritable | None:
        """The refusal that an error means, for all models from now on; None where it is about one file only.

        `lost`: it kept something off the disk that was paid for, so that no more is risked, whatever it is about.
        """
        if not (lost or is_of_disk(error)):
            return None
        if self._by_disk is None:
            where = self._root if is_of_disk(error) else error.filename or self._root
            self._by_disk = OutputUnwritable(
                f"{where} cannot be written: {error.strerror or error}; nothing more is sent", hint=way_on(error)
            )
        return self._by_disk

    def by_locks(self, error: ClaimsUnavailable) -> OutputUnwritable:
        """The same for a disk whose locks have begun to fail: what is spent cannot be counted any more."""
        self._by_disk = self._by_disk or OutputUnwritable(f"{error.message}; nothing more is sent", hint=error.hint)
        return self._by_disk


def way_on(error: OSError | ClaimsUnavailable) -> str:
    """What the user does about a disk that refuses."""
    return error.hint if isinstance(error, ClaimsUnavailable) else f"{remedy(error)}, then run the same command again"


def sentence(error: OSError) -> str:
    """An error of the operating system, in the words of the user's files."""
    what = "written" if isinstance(error, Unwritable) else "read or written"
    return f"{error.filename or 'the output folder'} cannot be {what}: {error.strerror or error}"
