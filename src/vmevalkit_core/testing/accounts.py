"""What `vmeval doctor --online` finds, in this process and with variables of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vmevalkit_core.checks import Check, Surroundings
from vmevalkit_core.checks.accounts import ask_vendors
from vmevalkit_core.registry import Registry


def asked(env: Mapping[str, str], registry: Registry | None = None) -> list[Check]:
    """One finding for each account that these variables name, of the models installed or of those in `registry`."""
    known = registry or Registry.load()
    around = Surroundings(lambda: known, output=Path("out"), online=True)
    around.env = env
    return ask_vendors(around)
