"""The simulator as a process: it listens, says where, and ends with its parent."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vmevalkit_core.errors import UsageError
from vmevalkit_core.targets import load_target
from vmevalkit_core.testing.simulator.control import Control
from vmevalkit_core.testing.simulator.dialect import Dialect
from vmevalkit_core.testing.simulator.house import Elsewhere, House
from vmevalkit_core.testing.simulator.ledger import Ledger
from vmevalkit_core.testing.simulator.script import Script
from vmevalkit_core.testing.simulator.server import Connection, Crowd, Handler
from vmevalkit_core.testing.simulator.settings import BadSetting, Settings
from vmevalkit_core.testing.simulator.vendor import Vendor

HOST = "127.0.0.1"
MOST_FILES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a simulator is to be."""

    dialect: str
    """`FILE.py:Class` or `module:Class`."""
    ledger: Path
    port: int = 0
    script: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def serve(plan: Plan) -> None:
    """Listen until stdin closes or SIGTERM comes; one line of JSON on stdout says where."""
    _allow_many_files()
    elsewhere, crowds = Elsewhere(), (Crowd(), Crowd())
    control = Control(lambda: _build(plan), elsewhere, crowds)
    with asyncio.Runner() as runner:
        runner.run(_listen(plan, control, elsewhere, crowds))


def _build(plan: Plan) -> House:
    vendor = Vendor(_dialect(plan.dialect), Settings().changed(plan.settings), Ledger(plan.ledger))
    house = House(vendor, Script(plan.script, seed=vendor.settings.seed))
    house.record.lean = vendor.settings.lean
    # The clip is made before anybody waits for it, and one that cannot be read is said at once.
    vendor.change({})
    return house


async def _listen(plan: Plan, control: Control, elsewhere: Elsewhere, crowds: tuple[Crowd, Crowd]) -> None:
    loop, (crowd, others) = asyncio.get_running_loop(), crowds
    door = Door(control.answer, crowd, plan.port)
    control.away = door.leave
    await door.open()
    other = Door(elsewhere.answer, others, 0)
    await other.open()
    control.listens_at(door.url, other.url)
    sys.stdout.write(json.dumps({"url": door.url, "elsewhere": other.url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    await _the_end(loop)
    crowd.reset_all()
    others.reset_all()
    control.settle()


class Door:
    """A listener that can go away and come back at the same port."""

    def __init__(self, handler: Handler, crowd: Crowd, port: int) -> None:
        self._handler, self._crowd, self._port = handler, crowd, port
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    async def open(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._handler, self._crowd), HOST, self._port, backlog=4096
        )
        self._port = self._server.sockets[0].getsockname()[1]

    def leave(self, seconds: float) -> None:
        """Refuse connections for a while, and reset those that are open."""
        loop = asyncio.get_running_loop()
        # The answer to the one who asked for this goes out first.
        loop.call_later(0.02, self._close)
        loop.call_later(0.02 + seconds, self._reopen)

    def _reopen(self) -> None:
        self._opening = asyncio.get_running_loop().create_task(self.open())

    def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        self._crowd.reset_all()


async def _the_end(loop: asyncio.AbstractEventLoop) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)

    def watch() -> None:
        # os.read holds no lock of Python's that would be in the way at the end, unlike sys.stdin.
        with suppress(OSError):
            while os.read(0, 4096):
                pass
        with suppress(RuntimeError):  # the loop has ended for another reason
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()


def _dialect(target: str) -> Dialect:
    try:
        made = load_target(target)
    except UsageError as error:
        raise BadSetting(f"dialect {target}: {error}") from error
    if not isinstance(made, type) or Dialect not in made.__mro__:
        raise BadSetting(f"dialect {target} is no subclass of vmevalkit_core.testing.Dialect")
    dialect: Dialect = made()
    return dialect


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):  # macOS has a lower limit that it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
