"""What the vendor simulator can bear: requests a second, and thousands of open jobs polled at a steady pace.

Beside it stands a server of a few lines that answers everything with the same bytes: the floor of this machine.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.common import table
from vmevalkit_core.testing import Simulator

FLOOR = """
import asyncio, sys
BYTES = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
class Same(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(BYTES * data.count(b"\\r\\n\\r\\n"))
async def main():
    server = await asyncio.get_running_loop().create_server(Same, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
BODY = json.dumps({"prompt": "Solve it.", "image": "data:image/png;base64," + "A" * 4000}).encode()


class Client:
    """Some connections, over which requests go out and answers are counted."""

    def __init__(self, url: str, connections: int) -> None:
        address = urlsplit(url)
        self.free = [socket.create_connection((str(address.hostname), address.port)) for _ in range(connections)]
        self._selector = selectors.DefaultSelector()
        self._since: dict[socket.socket, float] = {}
        self.delays: list[float] = []
        self.answers: list[bytes] = []

    def send(self, request: bytes) -> None:
        """One request over a connection that is free."""
        connection = self.free.pop()
        self._since[connection] = time.perf_counter()
        self._selector.register(connection, selectors.EVENT_READ)
        connection.sendall(request)

    def hear(self, wait: float | None) -> None:
        """Take the answers that came; each is small enough to come in one piece."""
        for key, _ in self._selector.select(wait):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            self.answers.append(connection.recv(65536))
            self.delays.append(time.perf_counter() - self._since.pop(connection))
            self._selector.unregister(connection)
            self.free.append(connection)

    def all(self, requests: Iterator[bytes], pace: float = float("inf")) -> float:
        """Send them, no more than `pace` a second, and give the seconds until the last answer."""
        begun = time.perf_counter()
        for sent, request in enumerate(requests):
            while not self.free or sent >= 1 + pace * (time.perf_counter() - begun):
                self.hear(0.0005 if self.free else None)
            self.send(request)
        while self._since:
            self.hear(None)
        return time.perf_counter() - begun

    def close(self) -> None:
        """Hang up."""
        for connection in self.free:
            connection.close()


def message(method: str, path: str, body: bytes = b"") -> bytes:
    """A request as a usual client writes it."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
    head += f"User-Agent: benchmark/1\r\nAuthorization: Bearer key\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory(pid: int) -> int:
    """MB that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


@contextmanager
def floor() -> Iterator[tuple[str, int]]:
    """The address and the process of the smallest server."""
    with subprocess.Popen([sys.executable, "-c", FLOOR], stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid
        process.terminate()


def at_full_speed(url: str, pid: int, requests: int, path: str) -> tuple[str, str]:
    """Requests a second over 16 connections, and CPU for each."""
    client, used = Client(url, 16), cpu(pid)
    seconds = client.all(message("GET", path) for _ in range(requests))
    client.close()
    return f"{requests / seconds:,.0f}", f"{1e6 * (cpu(pid) - used) / requests:.0f}"


def open_jobs(simulator: Simulator, pid: int, jobs: int, pace: float, seconds: float) -> tuple[str, ...]:
    """That many jobs created, then polled at a pace: what they cost and how long an answer takes."""
    client = Client(simulator.url, 500)
    client.all((message("POST", "/v1/jobs", BODY) for _ in range(jobs)), pace)
    ids = [job["id"] for job in simulator.accepted()]
    client.delays.clear()
    used, begun = cpu(pid), time.perf_counter()
    polls = int(pace * seconds)
    client.all((message("GET", f"/v1/jobs/{ids[n % jobs]}") for n in range(polls)), pace)
    took = time.perf_counter() - begun
    client.close()
    delays = sorted(client.delays)
    share = (cpu(pid) - used) / took
    late = (f"{1000 * delays[int(len(delays) * part)]:.1f}" for part in (0.5, 0.99))
    return f"{jobs:,}", f"{polls / took:,.0f}", f"{100 * share:.0f} %", *late, str(memory(pid))


def main() -> None:
    """20,000 requests at full speed; 5,000 jobs polled 1,000 times a second for 15 s."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--pace", type=float, default=1_000)
    parser.add_argument("--seconds", type=float, default=15)
    args = parser.parse_args()
    rows = []
    with floor() as (url, pid):
        rows.append(("the same bytes to everybody", *at_full_speed(url, pid, args.requests, "/")))
    with Simulator(running_seconds=3600, lean=True) as simulator:
        pid = simulator.pid
        client = Client(simulator.url, 1)
        client.all(iter([message("POST", "/v1/jobs", BODY)]))
        client.close()
        path = f"/v1/jobs/{simulator.accepted()[0]['id']}"
        rows.append(("polls of a job", *at_full_speed(simulator.url, pid, args.requests, path)))
    table(("16 connections", "requests a second", "CPU us each"), rows)
    print()
    with Simulator(running_seconds=3600, lean=True) as simulator:
        head = ("open jobs", "polls a second", "CPU of a core", "median ms", "p99 ms", "MB")
        table(head, [open_jobs(simulator, simulator.pid, args.jobs, args.pace, args.seconds)])


if __name__ == "__main__":
    main()
