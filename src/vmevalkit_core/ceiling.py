"""What an experiment may cost: counted before each request, under one byte of the lock that all its processes share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path

from vmevalkit_core.attempts import Attempt
from vmevalkit_core.claims import Claims
from vmevalkit_core.errors import CeilingReached

NAME = "spent"


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
        """US dollars that all attempts cost, at most, by their records; the count of every process begins anew."""
        with self._claims.counting():
            spent = sum((one.spent for one in attempts), Decimal(0))
            self._write(spent)
        return spent

    @contextmanager
    def spending(self, price: Decimal | None) -> Iterator[None]:
        """While the intent of a request goes to disk; CeilingReached when its price does not fit any more."""
        with self._claims.counting():
            spent, more = self._read(), price or Decimal(0)
            if self._most is not None and spent is not None and spent + more > self._most:
                raise CeilingReached(
                    f"the next request costs {_usd(more)} at most, and {_usd(spent)} of {_usd(self._most)} are spent",
                    hint="a higher --max-cost lets the rest be sent",
                )
            if spent is not None:
                self._write(spent + more)  # first: a kill in between must not leave the count too low
            yield

    def correct(self, by: Decimal) -> None:
        """What the vendor charged differs from the price that was counted."""
        if by:
            with self._claims.counting():
                if (spent := self._read()) is not None:
                    self._write(spent + by)

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
        part.write_text(str(spent))
        os.replace(part, self._file)


def _usd(amount: Decimal) -> str:
    return f"${amount.quantize(Decimal('0.01')) if amount == amount.quantize(Decimal('0.01')) else amount}"
