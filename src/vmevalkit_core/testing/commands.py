"""The model as a user runs it: `vmeval run` in processes of their own, one of them killed, all of them watched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vmevalkit_core.testing.bench import Bench, Subject, bare_environment, draw_question

PATIENCE = 120.0
"""Seconds that a command may take on a busy machine."""
JOB_SECONDS = 3600.0
QUOTED = "(quoted)"
"""In the prompt of the question whose refusal quotes the key."""


@dataclass(slots=True, kw_only=True)
class Session:
    """A command that was killed once its job was on disk, and the one that went on."""

    bench: Bench
    codes: list[int] = field(default_factory=list)
    shown: str = ""
    """All that both of them wrote to stdout and stderr."""
    lines: set[str] = field(default_factory=set)
    """The command lines of the second one and of everything that it started, as far as they were seen."""
    posts: int = 0
    taken: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)


def killed_and_resumed(subject: Subject, folder: Path) -> Session:
    """Two questions: one whose job is taken before the kill, one that the vendor refuses, quoting the key."""
    vendor, bench = subject.vendor, Bench(subject, folder)
    vendor.reset()
    vendor.set(running_seconds=JOB_SECONDS)
    secret = subject.secrets[0] if subject.secrets else "nothing"
    vendor.script({"phase": "submit", "fault": "status", "status": 400, "message": f"bad {secret}", "match": QUOTED})
    draw_question(folder / "questions")
    draw_question(folder / "questions", f"Solve the maze {QUOTED}.", name="maze_0002")
    session = Session(bench=bench)
    with _command(session, "first") as process:
        _wait(lambda: _states(bench) == ["failed", "submitted"], process)
        process.send_signal(signal.SIGKILL)
    vendor.advance(JOB_SECONDS)
    with _command(session, "second") as process, _watched(process, session.lines):
        process.wait(PATIENCE)
    session.posts, session.taken = bench.posts, bench.taken
    session.records = bench.records
    return session


@contextmanager
def _command(session: Session, name: str) -> Iterator[subprocess.Popen[bytes]]:
    bench = session.bench
    line = [sys.executable, "-m", "vmevalkit_core", "run", "questions", "-m", bench.subject.model, "-o", "out"]
    line += ["-e", "contract", "--yes", "--debug", *_options(bench.subject)]
    path = bench.folder / f"{name}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(line, cwd=bench.folder, env=_environment(bench), stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
    session.codes.append(process.returncode)
    session.shown += path.read_text("utf-8", "replace")


def _options(subject: Subject) -> Iterator[str]:
    for name, value in subject.options.items():
        yield from ("-p", f"{name}={value}")


def _environment(bench: Bench) -> dict[str, str]:
    """What a user has, but with every place where a plugin may leave something inside the bench's folder."""
    homes = {name: str(bench.folder / "home") for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    (bench.folder / "home").mkdir(exist_ok=True)
    paths = os.pathsep.join(path for path in sys.path if path)
    return bare_environment() | homes | {"PYTHONPATH": paths} | dict(bench.subject.env)


def _states(bench: Bench) -> list[str]:
    return sorted(record["inference"]["status"] for record in bench.records)


def _wait(ready: Any, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while not ready():
        # A command that ends, or waits for ever, is what the tests will tell about.
        if process.poll() is not None or time.monotonic() > until:
            return
        time.sleep(0.05)


@contextmanager
def _watched(process: subprocess.Popen[bytes], lines: set[str]) -> Iterator[None]:
    """Note every command line of a process and of its descendants, where the system shows them."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            lines.update(_lines([process.pid]))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _lines(pids: Sequence[int]) -> Iterator[str]:
    for pid in pids:
        try:
            yield Path(f"/proc/{pid}/cmdline").read_bytes().decode("latin-1").replace("\0", " ")
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            continue
        yield from _lines([int(child) for child in children])
