"""How a worker died, in words: the signal, what it was doing, the last it said."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from vmevalkit_core.errors import WorkerLost
from vmevalkit_core.workers.messages import Elsewhere

_OFTEN = {
    signal.SIGKILL: "often that is the system, because the machine ran out of memory",
    signal.SIGSEGV: "a library crashed",
    signal.SIGABRT: "a library gave up",
    signal.SIGBUS: "a file that was mapped into memory is gone, or the disk is full",
}


def obituary(model: str, code: int, verdict: str, lines: Sequence[str]) -> WorkerLost:
    """The error for a worker that ended with that code; `verdict` is why it was killed, where we did it."""
    last = f'; its last words: "{lines[-1].strip()[:200]}"' if lines else ""
    error = WorkerLost(f"the worker of {model} {verdict or _ended(code)}{last}", hint=_hint(code))
    error.__cause__ = Elsewhere("\n" + "\n".join(lines)) if lines else None
    return error


def doing(lost: WorkerLost, stage: str) -> WorkerLost:
    """The same error for one of several runs, with what that run was doing."""
    error = WorkerLost(f"{lost.message} (while {stage})" if stage else lost.message, hint=lost.hint)
    error.__cause__ = lost.__cause__
    return error


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _hint(code: int) -> str:
    why = _OFTEN.get(signal.Signals(-code)) if -code in set(signal.Signals) else None
    lines = "its last lines are in the run's metadata.json, under provenance.failure"
    return f"{why}; {lines}" if why else lines
