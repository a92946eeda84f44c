"""Six planted secrets, runs that go wrong in every way, and a search of all that they left (R12).

Two headers, a field of the body, signed links, a file .env and the password of a proxy. The real command meets every
fault of the simulated vendor, who quotes the keys, a plugin that breaks with the keys in its error, `kill -9`, Ctrl-C,
a full disk and a proxy that is not there. Then all files of the output, the home, the caches and the temporary folders,
both streams of every command (with --debug) and every command line that was seen are searched, for each secret as it
is, in hex, quoted, reversed and in base64.
"""

from __future__ import annotations

import argparse
import errno
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.common import REPOSITORY, make_questions, table
from tests.faulty_disk import USABLE, Fault
from tests.helpers import statuses
from tests.models.keyring import SECRETS
from tests.vendors import vendor
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.planted import leaks, traces
from vmevalkit_core.testing.simulator.faults import FAULTS

MODELS = f"{REPOSITORY}/tests/models/keyring.py"
PHASES = ("submit", "poll", "download", "find")
BUSY = ("crowded", "rate", "rate-seconds", "rate-date", "unavailable-seconds")
"""Waited for during seconds, and say nothing."""


PATIENCE = 20.0


class Scene:
    """A user's machine: a folder to work in, a home, and everything that was said on it."""

    def __init__(self, root: Path, simulator: Simulator) -> None:
        self.root, self.simulator = root, simulator
        self.keys = {name: f"planted-{secrets.token_hex(16)}" for name in SECRETS}
        self.password = f"pass-{secrets.token_hex(12)}"
        self.work = root / "work"
        (root / "home").mkdir()
        make_questions(self.work / "questions", 1)
        # One of the keys comes from a file, as people keep them; it lies apart from what is searched.
        (self.work / ".env").write_text(f"{SECRETS[0]}={self.keys[SECRETS[0]]}\n")
        self.commands = 0

    def command(self, tasks: Path, *more: str, model: str = "Keyring", env: Mapping[str, str] | None = None) -> Any:
        """`vmeval run --debug` in the background, its streams into a file that is searched."""
        self.commands += 1
        line = [sys.executable, "-m", "vmevalkit_core", "run", str(tasks), "-m", f"{MODELS}:{model}", "-o", "out"]
        line += ["--yes", "--debug", *more]
        homes = {name: str(self.root / "home") for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
        proxy = {"HTTPS_PROXY": f"http://me:{self.password}@127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
        keys = {name: value for name, value in self.keys.items() if name != SECRETS[0]}
        around = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "PLAIN_BASE_URL": self.simulator.url}
        with (self.work / f"said-{self.commands}.log").open("wb") as log:
            full = around | homes | proxy | keys | dict(env or {})
            return subprocess.Popen(line, cwd=self.work, env=full, stdout=log, stderr=log)

    def run(self, *what: Any, **how: Any) -> None:
        """The same to its end, which Ctrl-C brings where the vendor is waited for."""
        process = self.command(*what, **how)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait(60)

    def everything(self) -> dict[str, str]:
        """The six secrets by name."""
        links = [urlsplit(one["target"]).query for one in self.simulator.requests("download")]
        signed = {value for link in links for values in parse_qs(link).values() for value in values if len(value) > 15}
        names = ("header, from .env", "header", "field of the body")
        found = dict(zip(names, self.keys.values(), strict=True)) | {"password of a proxy": self.password}
        return found | {f"signed link {number}": value for number, value in enumerate(sorted(signed))}


def faulty(scene: Scene, each: int) -> None:
    """Every fault in a run of its own; the vendor's refusals quote all keys."""
    quoted = " ".join(scene.keys.values())
    refusal = {"phase": "submit", "fault": "status", "status": 400, "message": f"bad {quoted}"}
    rules: list[dict[str, Any]] = [refusal, {**refusal, "phase": "poll", "times": 2}, {**refusal, "status": 401}]
    rules += [
        {"phase": phase, "fault": name, "times": 1}
        for phase in PHASES
        for name, fault in FAULTS.items()
        if phase in fault.phases and name not in BUSY
    ]
    for number, rule in enumerate(rules[:3] + rules[3::each]):
        scene.simulator.script(rule)
        scene.run(scene.work / "questions", "-e", f"faulty-{number}")
    scene.simulator.script()


def killed(scene: Scene) -> None:
    """`kill -9` and Ctrl-C in the middle, and the command that goes on."""
    tasks = make_questions(scene.root / "killed", 12)
    scene.simulator.set(running_seconds=1.0)
    for how in (signal.SIGKILL, signal.SIGINT):
        process = scene.command(tasks, "-e", "killed")
        time.sleep(2.5)
        process.send_signal(how)
        process.wait(60)
    scene.run(tasks, "-e", "killed")
    scene.simulator.set(running_seconds=0.0)


def broken(scene: Scene) -> None:
    """A plugin that breaks, a disk that is full, a proxy that is not there."""
    tasks = scene.work / "questions"
    scene.run(tasks, "-e", "breaking", model="Breaking")
    if USABLE:
        fault = Fault(calls="write", error=errno.ENOSPC, name="metadata.json.part", first=2, lasting=True)
        scene.run(tasks, "-e", "full", env=fault.env(scene.work / "out"))
    behind = {"HTTP_PROXY": f"http://me:{scene.password}@127.0.0.1:9", "NO_PROXY": ""}
    scene.run(tasks, "-e", "proxy", env=behind)


@contextmanager
def command_lines() -> Iterator[set[str]]:
    """Every command line on this machine, as far as it was seen meanwhile."""
    over, found = threading.Event(), set[str]()

    def watch() -> None:
        while not over.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    found.add(path.read_bytes().decode("latin-1").replace("\0", " "))
                except OSError:
                    continue

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def main() -> None:
    """All of it, and a control: what is planted on purpose has to be found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=1, help="3 tries a third of the faults")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, vendor() as simulator:
        scene = Scene(Path(folder), simulator)
        with command_lines() as lines:
            faulty(scene, args.each)
            killed(scene)
            broken(scene)
        (scene.work / ".env").unlink()
        files = [path for path in scene.root.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        rows, planted = Counter[str](), Counter[str]()
        for name, secret in scene.everything().items():
            found = leaks(secret, scene.root) + [line for line in lines if list(traces(secret, line))]
            rows[name.rstrip(" 0123456789")] += len(found)
            planted[name.rstrip(" 0123456789")] += 1
            for one in found:
                print("FOUND", name, one[:200])
        (scene.root / "control").write_bytes(bytes.fromhex("00") + scene.keys[SECRETS[1]].encode().hex().encode())
        control = leaks(scene.keys[SECRETS[1]], scene.root)
        table(("secret", "planted", "found"), [(name, planted[name], found) for name, found in rows.items()])
        ends = f"{scene.commands} commands, {len(simulator.requests())} requests"
        print(f"\n{ends}; runs: {dict(Counter(statuses(scene.work / 'out')))}")
        print(f"searched {len(files)} files, {size:,} bytes, {len(lines)} command lines")
        print(f"control, planted in hex: {'found' if control else 'NOT FOUND'}")


if __name__ == "__main__":
    main()
