"""A kill at every durable step and every byte sent (R3): fsync, rename and sendto of one paid run, one after another.

strace kills the command at the n-th call of a kind in a thread, for n = 1 until it is no longer reached. After each
kill: whether the tree is valid, how the run stands, and what the same command makes of it; never a second charge.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import table
from tests.helpers import ledger_lines, statuses
from tests.test_crash_points import run
from vmevalkit_core.audit import validate

KINDS = ("fsync", "rename", "sendto")
MOST = 40


def judge(kind: str, number: int) -> tuple[object, ...] | None:
    """One kill and what came of it; None when the run ended before."""
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder), Path(folder, "out")
        inject = f"inject={kind}:signal=KILL:when={number}"
        if run(root, "strace", "-f", "-o", "/dev/null", "-e", inject) == 0:
            return None
        findings = len(validate(out).findings) if out.exists() else 0
        stood = statuses(out)[0] if out.exists() and statuses(out) else "no folder"
        again = run(root)
        return kind, number, findings, stood, again, statuses(out)[0], len(ledger_lines(root))


def main() -> None:
    """Every kill, and how many of them broke something."""
    rows = []
    for kind in KINDS:
        for number in range(1, MOST):
            row = judge(kind, number)
            if row is None:
                break
            rows.append(row)
    table(("call", "n", "findings", "stood at", "next exit", "then", "charges"), rows)
    bad = [row for row in rows if row[2] or row[4] or row[5] != "success" or row[6] != 1]
    print(f"\n{len(rows)} kills, {len(bad)} with a broken tree, a lost run or a second charge")


if __name__ == "__main__":
    main()
