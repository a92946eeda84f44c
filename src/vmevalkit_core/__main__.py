"""`python -m vmevalkit_core` and the command `vmeval`: one place that turns every end into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from vmevalkit_core._version import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 all is well, 1 some runs are not, 2 the user must fix something, 130 interrupted."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args == ["--version"]:
        print(f"vmeval {__version__}")  # noqa: T201
        return 0
    debug = "--debug" in args or bool(os.environ.get("VMEVAL_DEBUG"))
    from vmevalkit_core.cli.door import guarded

    return guarded([arg for arg in args if arg != "--debug"], debug=debug)


if __name__ == "__main__":
    sys.exit(main())
