"""The environment of a command: the process's own, then what a file .env adds."""

from __future__ import annotations

import os
from pathlib import Path

ENV_FILE = Path(".env")


def environment() -> dict[str, str]:
    """Names and values; a .env never enters the process's environment, so children do not inherit its keys.

    A variable that is set but empty counts as not set.
    """
    if not ENV_FILE.is_file():
        return dict(os.environ)
    from dotenv import dotenv_values

    added = {name: value for name, value in dotenv_values(ENV_FILE).items() if value is not None}
    return added | {name: value for name, value in os.environ.items() if value or name not in added}
