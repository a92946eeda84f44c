"""The question before an order that costs money or gives up what it paid for."""

from __future__ import annotations

import sys

from vmevalkit_core.errors import UsageError
from vmevalkit_core.terminal import out


def ask_consent(would: str, question: str, nothing: str) -> None:
    """Return when the user says yes; UsageError else, and where nobody can be asked. `nothing` is what has happened."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{would}; {nothing}", hint="add --yes to allow it")
    try:
        out.note(f"{question} Go on? [y/N]")
        answer = sys.stdin.readline().strip().lower()
    except KeyboardInterrupt:  # the door would tell of the interrupt alone
        error = UsageError(f"interrupted; {nothing}")
        error.exit_code = 130
        raise error from None
    if answer not in ("y", "yes"):
        raise UsageError(f"not allowed; {nothing}")
