"""The simulator as tests use it."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from vmevalkit_core.testing.simulator import ledger as books
from vmevalkit_core.testing.simulator import remote
from vmevalkit_core.testing.simulator.dialect import Dialect
from vmevalkit_core.testing.simulator.settings import BadSetting

PLAIN_VENDOR = "vmevalkit_core.testing.simulator.plain:PlainVendor"


class Simulator:
    """A simulated vendor in a process of its own, over a real socket; it outlives the clients that a test kills.

    with Simulator(script=[{"phase": "submit", "fault": "lost-reset", "times": 1}], running_seconds=0.2) as vendor:
        run_something(base_url=vendor.url)
        assert len(vendor.accepted()) == 1

    `dialect` is a class of yours in a file, or `FILE.py:Class`, or `module:Class`; `ledger` a folder, in which a
    second simulator goes on where the first one ended; every other name is one of `Settings`. `script.py` tells what
    a rule is, FAULTS which faults there are.
    """

    def __init__(
        self,
        dialect: str | type[Dialect] = PLAIN_VENDOR,
        *,
        ledger: Path | None = None,
        script: list[Mapping[str, Any]] | None = None,
        port: int = 0,
        **settings: Any,
    ) -> None:
        self._target = dialect if isinstance(dialect, str) else f"{inspect.getfile(dialect)}:{dialect.__qualname__}"
        self.folder = ledger or self._own_folder()
        """Holds the ledger, and `simulator.log` with what the process had to say."""
        self._rules, self._settings, self._port = script or [], settings, port
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        """The address of the vendor, without a slash at the end."""
        self.elsewhere = ""
        """The address of another origin, which should never hear of anything secret."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            problems = self.state()["problems"] if self._process and kind is None else []
        finally:
            self.stop()
        if problems:
            raise BadSetting(f"the dialect failed {len(problems)} times, first at {problems[0]}")

    @property
    def pid(self) -> int:
        """The process; 0 before the start and after the end."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the process and wait until it listens; BadSetting says why it cannot."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = [sys.executable, "-m", "vmevalkit_core.testing.simulator", "--dialect", self._target]
        line += ["--ledger", str(self.folder), "--port", str(self._port)]
        for name, content in (("script", self._rules), ("settings", self._settings)):
            path = self.folder / f"{name}.json"
            path.write_text(json.dumps(content))
            line += [f"--{name}", str(path)]
        with (self.folder / "simulator.log").open("ab") as log:
            # A session of its own: Ctrl-C in a test is not meant for the vendor.
            self._process = subprocess.Popen(
                line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=_env(), start_new_session=True
            )
        self._hear()

    def stop(self) -> None:
        """End the process in an orderly way; the ledger stays readable."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        try:
            process.wait(remote.PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def script(self, *rules: Mapping[str, Any]) -> None:
        """Replace the script by these rules; none at all takes every fault away."""
        self._call("POST", "script", list(rules))

    def set(self, **settings: Any) -> None:
        """Change settings; jobs that were accepted keep the times that they got then."""
        self._call("POST", "settings", settings)

    def advance(self, seconds: float) -> None:
        """Push the vendor's clock ahead: jobs end, links expire and quotas refill without anybody waiting."""
        self._call("POST", "advance", {"seconds": seconds})

    def away(self, seconds: float) -> None:
        """Refuse connections for a while, from now on, and reset those that are open."""
        self._call("POST", "away", {"seconds": seconds})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and remote.listens(self.url):
            time.sleep(0.005)

    def forget(self) -> None:
        """Forget the requests so far; jobs and the ledger stay."""
        self._call("POST", "forget", {})

    def reset(self) -> None:
        """Be as at the start, far quicker than a new process: no jobs, no ledger, the first script and settings."""
        self._call("POST", "reset", {})

    def accepted(self) -> list[dict[str, Any]]:
        """Every job that was accepted: id, number, time, monotonic, token, price, model, facts, digest of the body."""
        return [line for line in self.ledger() if line["event"] == "accepted"]

    def billed(self) -> Decimal:
        """What was billed in USD, less what was given back."""
        return books.billed(self.ledger())

    def ledger(self) -> list[dict[str, Any]]:
        """Every line of the ledger; it can be read after the end too."""
        found: list[dict[str, Any]] = self._call("GET", "ledger") if self._process else books.read(self.folder)
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """Every job: id, number, state, progress, token, price, ending."""
        found: list[dict[str, Any]] = self._call("GET", "jobs")
        return found

    def requests(self, phase: str | None = None) -> list[dict[str, Any]]:
        """Every request, or those of one phase, in the order of arrival.

        Each is {phase, method, target, path, headers, body, connection, at, finished, ended, status, fault, job}: `at`
        and `finished` are `time.monotonic()`, which all processes of a machine share; the names of headers are in lower
        case; `body` is JSON, or a list of multipart parts, or size and sha256; `ended` is "replied", "stopped ...",
        "client left" or "open"; `fault` is what struck it. Requests to no known path have the phase "other".
        """
        found: list[dict[str, Any]] = self._call("GET", "requests?" + urlencode({"phase": phase} if phase else {}))
        return found

    def counts(self) -> dict[str, int]:
        """How many requests of each phase came."""
        found: dict[str, int] = self.state()["requests"]
        return found

    def struck(self) -> list[int]:
        """How often each rule of the script has struck."""
        return [rule["struck"] for rule in self.state()["script"]]

    def state(self) -> dict[str, Any]:
        """Counts of requests by phase, jobs, connections; what is billed, what each rule did, problems."""
        found: dict[str, Any] = self._call("GET", "state")
        return found

    @property
    def connections(self) -> int:
        """How many connections were opened at the other origin."""
        return int(self.state()["elsewhere"])

    def requests_elsewhere(self) -> list[dict[str, Any]]:
        """Every request that came to the other origin, as in `requests`."""
        found: list[dict[str, Any]] = self._call("GET", "elsewhere")
        return found

    def _own_folder(self) -> Path:
        folder = tempfile.mkdtemp(prefix="simulator-")
        # It lives as long as this object, for tests that read the ledger after the end.
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def _hear(self) -> None:
        assert self._process
        assert self._process.stdout
        said = self._process.stdout.readline()
        if not said:
            self.stop()
            words = (self.folder / "simulator.log").read_text().strip().splitlines()
            raise BadSetting(words[-1] if words else "the simulator ended at once")
        told = json.loads(said)
        self.url, self.elsewhere = told["url"], told["elsewhere"]
        self._port = urlsplit(self.url).port or 0

    def _call(self, method: str, what: str, data: Any = None) -> Any:
        return remote.call(self.url, method, what, data)


def _env() -> dict[str, str]:
    # What the test can import, the dialect can.
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
