"""What a shell offers at Tab: names only, and never a word about what is wrong."""

from __future__ import annotations

import os
from contextlib import redirect_stderr, redirect_stdout


def model_names(incomplete: str, *, gone: bool) -> list[str]:
    """The installed models whose names begin like that; with `gone`, also those that no provider serves any more."""
    from vmevalkit_core.registry import Registry

    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        models = Registry.load().models()
    return [one.name for one in models if one.name.startswith(incomplete) and (gone or one.state.life != "gone")]
