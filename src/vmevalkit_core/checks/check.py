"""What a check finds, and what it looks at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from vmevalkit_core.environment import environment
from vmevalkit_core.registry import Registry

State = Literal["ok", "note", "problem"]
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)


class Check(NamedTuple):
    """One finding."""

    name: str
    """What was looked at, in one word."""
    state: State
    """`note`: worth knowing; `problem`: something cannot work before it is mended."""
    text: str
    hint: str = ""
    """The fix, in one line."""


class Surroundings:
    """Where the command runs; what is costly is looked up once, by the first check that asks for it."""

    def __init__(self, load: Callable[[], Registry], *, output: Path, online: bool = False) -> None:
        self._load = load
        self.output = output
        self.online = online
        """Whether vendors may be asked over the network."""

    @cached_property
    def registry(self) -> Registry:
        """The installed plugins and their models."""
        return self._load()

    @cached_property
    def env(self) -> Mapping[str, str]:
        """The environment, and what a file .env adds."""
        return environment()

    def secrets(self) -> Iterator[str]:
        """Values that nobody may read in a finding: those that models declare, and those whose name says so.

        The name has to do for a plugin that is broken: its models, and so what they declare, are not known.
        """
        for env in (os.environ, self._env_or_nothing()):
            yield from (value for name, value in env.items() if name in self._declared or _SECRET.search(name))

    @cached_property
    def _declared(self) -> frozenset[str]:
        with suppress(Exception):  # what is wrong with the registry, the check of the plugins says
            specs = list(self.registry.models())
            needed = {name for spec in specs for need in spec.needs if need.secret for name in need.names}
            return frozenset(needed.union(*(spec.secrets for spec in specs)))
        return frozenset()

    def _env_or_nothing(self) -> Mapping[str, str]:
        with suppress(Exception):  # the check of .env says why
            return self.env
        return {}
