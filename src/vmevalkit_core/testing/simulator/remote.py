"""Calls from a test to the simulator's own door."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from vmevalkit_core.testing.simulator.settings import BadSetting

PATIENCE = 30.0
"""Seconds to start, to answer and to end."""


def call(url: str, method: str, what: str, data: Any = None) -> Any:
    """The answer of a door below `/_simulator/`; BadSetting with the simulator's words where it refuses."""
    status, answer = _ask(url, method, what, None if data is None else json.dumps(data))
    found = json.loads(answer)
    if status != 200:
        raise BadSetting(found["error"])
    return found


def listens(url: str) -> bool:
    """Whether anybody takes connections at an address."""
    import socket

    address = urlsplit(url)
    with suppress(OSError), socket.create_connection((str(address.hostname), address.port), timeout=1):
        return True
    return False


def _ask(url: str, method: str, what: str, body: str | None) -> tuple[int, bytes]:
    from http.client import HTTPConnection

    address = urlsplit(url)
    deadline = time.monotonic() + PATIENCE
    while True:
        connection = HTTPConnection(str(address.hostname), address.port, timeout=PATIENCE)
        try:
            connection.request(method, f"/_simulator/{what}", body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ConnectionRefusedError:  # it is away, as it was told to be
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        finally:
            connection.close()
