"""`python -m vmevalkit_core.worker --parent PID`: answers on stdout, ends when stdin closes."""

from __future__ import annotations

import sys

from vmevalkit_core.worker.lifeline import Lifeline


def main(args: list[str]) -> int:
    """Serve one model until the command lets go; 2 when a person started it by hand."""
    if len(args) != 2 or args[0] != "--parent" or not args[1].isdecimal():
        print("this is started by `vmeval run` for models that run in a process of their own", file=sys.stderr)  # noqa: T201
        return 2
    # Before anything that could print is imported: stdout belongs to the protocol.
    line = Lifeline(int(args[1]))
    from vmevalkit_core.worker.serve import serve

    serve(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
