"""What a wrong address, a stumbling plugin or a call that hangs may cost: one sentence, and no money."""

from __future__ import annotations

import asyncio
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import REPOSITORY, make_task, records, runner_in
from tests.test_runner import planned, run
from tests.vendors import KEY, PLAIN, books, run_all, vendor
from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import AccountError, ConfigError
from vmevalkit_core.runner import Report
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.clocks import QuickClock

STUMBLING = f"{REPOSITORY}/tests/models/stumbling.py"
TASKS = 6


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with vendor() as one:
        yield one


@pytest.fixture(autouse=True)
def _no_faults(simulator: Simulator) -> Iterator[None]:
    yield
    simulator.script()


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """More task pairs than are sent at once."""
    for number in range(TASKS):
        make_task(tmp_path / "six", "maze", f"maze_{number}")
    return tmp_path / "six"


def at(tmp_path: Path, address: str, questions: Path, model: str = "Patient", **settings: Any) -> Report:
    """A command whose base address is this one."""
    env = {"PLAIN_KEY": KEY, "PLAIN_BASE_URL": address}
    clock: Clock = QuickClock(1000.0)
    return run(runner_in(tmp_path, env=env, clock=clock, **settings), questions, f"{STUMBLING}:{model}")


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


_RESOLVED = socket.getaddrinfo


def resolved(host: Any, *more: Any, **settings: Any) -> Any:
    """What a resolver says, of a name that is none too."""
    if host == "no.such.name":
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _RESOLVED(host, *more, **settings)


class Plaintext(socketserver.BaseRequestHandler):
    """A server that was never told of TLS."""

    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture(scope="module")
def plaintext() -> Iterator[str]:
    """The address of one, as https."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Plaintext) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("wrong", "model"),
    [*((one, "Patient") for one in ("port", "tls", "name", "label")), ("port", "PatientUploader")],
)
def test_address_that_leads_nowhere_ends_the_sending(
    tmp_path: Path,
    six: Path,
    simulator: Simulator,
    plaintext: str,
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
    model: str,
) -> None:
    """A port, a protocol or a name that is wrong is the user's to mend: no run fails, and none is in doubt."""
    address = {
        "port": f"http://127.0.0.1:{closed_port()}",
        "tls": plaintext,
        "name": "http://no.such.name",
        "label": f"http://{'x' * 64}.example",
    }[wrong]
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    with books(simulator) as added:
        report = at(tmp_path, address, six, model, concurrency=2)
    assert (report.ends, added.posts) == ({"blocked": TASKS}, 0)
    assert all(isinstance(one.cause, AccountError) for one in report.troubles)
    assert "base address" in report.troubles[0].hint
    assert at(tmp_path, simulator.url, six, model).good == TASKS


@pytest.mark.parametrize(
    "address", ["http://user:hunter-2@127.0.0.1:9", "http://:hunter-2@127.0.0.1:9"], ids=["user", "none"]
)
def test_password_in_a_base_address_is_refused_and_not_repeated(tmp_path: Path, six: Path, address: str) -> None:
    """It would be on record with each job."""
    with pytest.raises(ConfigError, match="PLAIN_BASE_URL holds a password") as refused:
        at(tmp_path, address, six)
    assert "hunter" not in f"{refused.value!r} {refused.value.hint}"
    assert records(tmp_path / "out") == []


def test_command_does_not_show_a_password_in_an_address(vmeval: Any, six: Path) -> None:
    """Nor with --debug, nor where models are described."""
    env = {"PLAIN_KEY": KEY, "PLAIN_BASE_URL": "http://user:hunter-2@127.0.0.1:9"}
    for words in (["run", str(six), "-m", PLAIN, "--yes", "--debug"], ["models", "show", PLAIN], ["doctor"]):
        done = vmeval(*words, **env)
        assert "hunter" not in done.stdout + done.stderr
        assert done.returncode == 2 or words[0] != "run"


@pytest.mark.parametrize(
    "address", ["https://api.example?key=1", "https://api.example/v1#a"], ids=["query", "fragment"]
)
def test_base_address_with_a_query_is_refused(tmp_path: Path, six: Path, address: str) -> None:
    """What follows it would not be a path."""
    with pytest.raises(ConfigError, match="PLAIN_BASE_URL"):
        at(tmp_path, address, six)


@pytest.mark.parametrize("model", ["Pathless", "Astray"])
def test_path_without_a_slash_goes_nowhere(tmp_path: Path, six: Path, simulator: Simulator, model: str) -> None:
    """Behind an address it may be another host, which would be sent the key; surely nothing was taken."""
    with books(simulator) as added:
        report = run_all(tmp_path, simulator, six, f"{STUMBLING}:{model}")
    assert (report.ends, added.posts) == ({"failed": TASKS}, 0)
    assert "is no path" in report.troubles[0].error
    assert {one["provenance"]["cost"]["charged"] for one in records(tmp_path / "out")} == {"0"}


@pytest.mark.parametrize(
    ("fault", "end", "kind"),
    [("no-money", "blocked", "NoCredit"), ("bad-input", "failed", None), ("lost-500", "uncertain", None)],
)
def test_plugin_that_cannot_explain_loses_no_refusal(
    tmp_path: Path, simulator: Simulator, fault: str, end: str, kind: str | None
) -> None:
    """The status tells what the plugin stumbled over."""
    simulator.script({"phase": "submit", "fault": fault}, {"phase": "find", "fault": "page-500"})
    make_task(tmp_path / "one", "maze", "maze_0")
    report = run_all(tmp_path, simulator, tmp_path / "one", f"{STUMBLING}:Speechless")
    assert report.ends == {end: 1}
    assert kind in (None, type(report.troubles[0].cause).__name__)


def test_plugin_that_cannot_explain_a_poll_ends_no_job(tmp_path: Path, six: Path, simulator: Simulator) -> None:
    """The question is asked again."""
    simulator.script({"phase": "poll", "fault": "page-502", "times": 2})
    assert run_all(tmp_path, simulator, six, f"{STUMBLING}:Speechless").good == TASKS


@pytest.mark.parametrize(
    ("model", "end"), [("Hanging", "uncertain"), ("HangingLater", "submitted"), ("HangingFree", "failed")]
)
def test_plain_generator_that_hangs_is_given_up(tmp_path: Path, six: Path, model: str, end: str) -> None:
    """With no more certainty than there is: it may have been billed, its job is known, or it was free."""
    runner = runner_in(tmp_path, env={"PLAIN_KEY": KEY})
    report = asyncio.run(asyncio.wait_for(runner.execute(planned(runner, six, f"{STUMBLING}:{model}")), 60.0))
    assert report.ends == {end: TASKS}
    assert "was not finished after 0.2 s" in report.troubles[0].error
