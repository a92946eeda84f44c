"""The environment of a command: the process's own, then what a file .env adds."""

from __future__ import annotations

import os
from pathlib import Path

from vmevalkit_core.errors import ConfigError

ENV_FILE = Path(".env")
_HINT = "it holds lines NAME=VALUE in UTF-8"


def environment() -> dict[str, str]:
    """Names and values; a .env never enters the process's environment, so children do not inherit its keys.

    A variable that is set but empty counts as not set.
    """
    if not ENV_FILE.is_file():
        return dict(os.environ)
    from dotenv import dotenv_values

    try:
        found = dotenv_values(ENV_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file {ENV_FILE} in this folder cannot be read: {error}", hint=_HINT) from error
    added = {name: value for name, value in found.items() if value is not None}
    return added | {name: value for name, value in os.environ.items() if value or name not in added}
