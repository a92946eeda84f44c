"""What an experiment may cost: counted before each request, under one byte of the lock that all its processes share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path

from vmevalkit_core import durable
from vmevalkit_core.attempts import Attempt
from vmevalkit_core.claims import Claims
from vmevalkit_core.errors import CeilingReached, RecordError

NAME = "spent"
LOG = logging.getLogger("vmevalkit_core.runner")


class Ceiling:
    """The spending of one experiment. The tree is the truth; the file beside the lock only saves reading it again.

    Every process that sends something paid counts here, with a ceiling of its own or without: an intent is written
    under the lock, so whoever reads the tree under it has seen all that was sent.
    """

    def __init__(self, claims: Claims, folder: Path, most: Decimal | None = None) -> None:
        self._claims = claims
        self._file = folder / NAME
        self._most = most

    def recount(self, attempts: Iterable[Attempt]) -> Decimal:
        """US dollars that all attempts cost, at most, by their records; the count of every process begins anew.

        What a damaged record cost stands in the earlier count only; RecordError where there is none.
        """
        with self._claims.counting():
            spent, damaged = Decimal(0), ""
            for one in attempts:
                spent, damaged = spent + one.spent, damaged or one.problem
            if damaged:
                spent = max(spent, self._earlier(damaged))
            self._write(spent)
        return spent

    @contextmanager
    def spending(self, more: Decimal) -> Iterator[None]:
        """While the intent of a request goes to disk; CeilingReached when its price does not fit any more."""
        with self._claims.counting():
            spent = self._read()
            if more and self._most is not None and spent is not None and spent + more > self._most:
                raise CeilingReached(
                    f"the next request costs {_usd(more)} at most, and {_usd(spent)} of {_usd(self._most)} are spent",
                    hint="a higher --max-cost lets the rest be sent",
                )
            if spent is not None:
                self._write(spent + more)  # first: a kill in between must not leave the count too low
            yield

    @contextmanager
    def settling(self, by: Decimal) -> Iterator[None]:
        """While a record is written that says `by` more, or less, than was counted."""
        if not by:
            yield
            return
        with self._claims.counting():
            spent = self._known()
            if spent is not None and by > 0:
                self._write(spent + by)
            yield
            if spent is not None and by < 0:
                self._lower(spent + by)

    def _earlier(self, damaged: str) -> Decimal:
        try:
            return Decimal(self._file.read_text())
        except (OSError, InvalidOperation):
            raise RecordError(f"{damaged}, so nobody knows what the experiment has cost", hint=_DAMAGED) from None

    def _known(self) -> Decimal | None:
        """The count, or None where it is gone: what a run has come to goes on record all the same."""
        try:
            return self._read()
        except CeilingReached:
            return None

    def _lower(self, spent: Decimal) -> None:
        """Say that less is spent; a disk that refuses leaves the count too high, never a record unwritten."""
        try:
            self._write(spent)
        except OSError as error:
            LOG.warning("the count of what is spent stays too high, as it cannot be written: %s", error)

    def _read(self) -> Decimal | None:
        """The count; None where nobody has set a ceiling in this experiment yet."""
        try:
            return Decimal(self._file.read_text())
        except (FileNotFoundError, InvalidOperation):
            if self._most is None:
                return None
            raise CeilingReached("the count of what is spent is gone", hint="run the same command again") from None

    def _write(self, spent: Decimal) -> None:
        part = self._file.with_name(f"{NAME}.{os.getpid()}.part")
        with durable.writing(self._file):
            part.write_text(str(spent))
            os.replace(part, self._file)


_DAMAGED = "leave out --max-cost, or move that folder away: what it cost is not counted then"


def _usd(amount: Decimal) -> str:
    return f"${amount.quantize(Decimal('0.01')) if amount == amount.quantize(Decimal('0.01')) else amount}"
