"""The paid vendor of the examples, on a loopback socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

KEY = "sk-secret"


class Vendor(NamedTuple):
    """Its address, and the bodies of the requests that it took."""

    url: str
    taken: list[bytes]


@contextmanager
def serving(clip: bytes) -> Iterator[Vendor]:
    """A vendor that needs three polls for a job and answers with that clip."""
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        polls = 0

        def log_message(self, *args: object) -> None:
            pass

        def answer(self, body: bytes) -> None:
            self.send_response(200 if self.headers["authorization"] == f"Bearer {KEY}" else 401)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["content-length"])))
            self.answer(b'{"id": "job-1"}')

        def do_GET(self) -> None:
            type(self).polls += 1
            done = b'{"state": "done", "url": "/clip.mp4"}' if self.polls > 3 else b'{"state": "running"}'
            self.answer(clip if self.path == "/clip.mp4" else done)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Vendor(f"http://127.0.0.1:{server.server_port}", taken)
    finally:
        server.shutdown()
        server.server_close()
