"""The simulator as a process: who ends it, what stays, and what it says about mistakes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import REPOSITORY
from tests.wire import ask
from vmevalkit_core.testing import FAULTS, BadSetting, Look, PlainVendor, Reply, Simulator
from vmevalkit_core.testing.simulator.dialect import Desk

JOB = {"prompt": "Solve it.", "image": "x"}
CLIENT = """
import json, os, sys, urllib.request
body = json.dumps({"prompt": "p", "image": "i", "token": str(os.getpid())}).encode()
while True:
    request = urllib.request.Request(sys.argv[1] + "/v1/jobs", body, {"Authorization": "Bearer k"})
    job = json.load(urllib.request.urlopen(request))
    print(job["id"], flush=True)
"""


class Broken(PlainVendor):
    """A dialect with a bug in it."""

    def shown(self, look: Look, desk: Desk) -> Reply:
        """Never works."""
        raise KeyError("status")


def by_hand(tmp_path: Path, *args: str) -> subprocess.Popen[bytes]:
    """The command as a person starts it."""
    line = [sys.executable, "-m", "vmevalkit_core.testing.simulator", "--ledger", str(tmp_path), *args]
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def submitted(url: str) -> str:
    """The id of a new job."""
    job: str = ask(f"{url}/v1/jobs", "POST", JOB).json()["id"]
    return job


@pytest.mark.parametrize("end", ["stdin", "term", "int"])
def test_simulator_ends_when_it_is_told_to(tmp_path: Path, end: str) -> None:
    """With its stdin, so that it never outlives its test; and on the usual signals."""
    with by_hand(tmp_path) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        submitted(json.loads(process.stdout.readline())["url"])
        if end == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM if end == "term" else signal.SIGINT)
        assert process.wait(10) == 0
        assert (process.stdout.read(), process.stderr.read()) == (b"", b"")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--dialect", "no.such.module:Vendor"], "no.such.module"),
        (["--dialect", "vmevalkit_core:VmevalError"], "is no subclass of vmevalkit_core.testing.Dialect"),
        (["--script", "{file}"], "no fault is called 'nonsense'"),
        (["--settings", "{file}"], "settings are an object"),
        (["--port", "{port}"], "address already in use"),
    ],
    ids=["module", "class", "script", "settings", "port"],
)
def test_mistake_is_one_line(tmp_path: Path, args: list[str], says: str) -> None:
    """Exit 2 and no traceback."""
    (tmp_path / "file.json").write_text('[{"fault": "nonsense"}]')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        known = {"{file}": str(tmp_path / "file.json"), "{port}": str(taken.getsockname()[1])}
        process = by_hand(tmp_path, *(known.get(arg, arg) for arg in args))
        _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert says in error.decode()
    assert error.count(b"\n") == 1


def test_mistake_reaches_the_test() -> None:
    """Starting raises, with the sentence."""
    with pytest.raises(BadSetting, match="no fault is called 'nonsense'"):
        Simulator(script=[{"fault": "nonsense"}]).start()


def test_vendor_outlives_its_clients(tmp_path: Path) -> None:
    """Each id that a killed client has seen is in the ledger, with its mark."""
    with Simulator() as vendor:
        for _ in range(5):
            line = [sys.executable, "-c", CLIENT, vendor.url]
            client = subprocess.Popen(line, stdout=subprocess.PIPE)
            assert client.stdout
            seen = [client.stdout.readline().strip().decode() for _ in range(4)]
            client.kill()
            seen += client.stdout.read().decode().splitlines()
            client.wait()
            client.stdout.close()
            tokens = {entry["id"]: entry["token"] for entry in vendor.accepted()}
            # A line that the kill has cut is no id.
            assert {tokens[job] for job in seen if len(job) == 36} == {str(client.pid)}


def test_second_simulator_goes_on_with_the_ledger(tmp_path: Path) -> None:
    """Jobs live on, with the times that they got; what was given back stays given back."""
    with Simulator(
        ledger=tmp_path, running_seconds=500, script=[{"phase": "submit", "fault": "fails", "after": 1}]
    ) as vendor:
        first, second = submitted(vendor.url), submitted(vendor.url)
        vendor.advance(100)
        assert ask(f"{vendor.url}/v1/jobs/{second}").json()["status"] == "failed"
        billed = vendor.billed()
    with Simulator(ledger=tmp_path, running_seconds=5) as vendor:
        assert ask(f"{vendor.url}/v1/jobs/{first}").json()["status"] == "running"
        vendor.advance(501)
        link = ask(f"{vendor.url}/v1/jobs/{first}").json()["video_url"]
        assert ask(link).status == 200
        assert vendor.billed() == billed
        assert [job["number"] for job in vendor.jobs()] == [1, 2]


def test_time_does_not_run_back_in_a_second_simulator(tmp_path: Path) -> None:
    """What was pushed ahead stays so, as far as the ledger knows; what was cancelled stays cancelled."""
    with Simulator(ledger=tmp_path, running_seconds=500) as vendor:
        vendor.advance(10_000)
        job, other = submitted(vendor.url), submitted(vendor.url)
        ask(f"{vendor.url}/v1/jobs/{other}", "DELETE")
    with Simulator(ledger=tmp_path) as vendor:
        assert ask(f"{vendor.url}/v1/jobs/{other}").json()["status"] == "cancelled"
        vendor.advance(501)
        assert ask(f"{vendor.url}/v1/jobs/{job}").json()["status"] == "succeeded"


def test_ledger_can_be_read_after_the_end(tmp_path: Path) -> None:
    """In the folder that was given."""
    with Simulator(ledger=tmp_path) as vendor:
        job = submitted(vendor.url)
    assert [line["id"] for line in vendor.accepted()] == [job]
    assert str(vendor.billed()) == "0.50"


def test_dialect_is_a_class_of_the_test() -> None:
    """And a bug in it is told at the end, not taken for a fault of the vendor."""
    vendor = Simulator(Broken)
    with pytest.raises(BadSetting, match=r"the dialect failed 1 times(?s:.*)KeyError: 'status'"), vendor:
        assert ask(f"{vendor.url}/v1/jobs/{submitted(vendor.url)}").status == 500


def test_reset_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither jobs, nor requests, nor changes; what was given at the start holds again."""
    first = {"phase": "find", "fault": "broken"}
    with Simulator(ledger=tmp_path, running_seconds=0.0, script=[first]) as vendor:
        vendor.set(latency=0.01, jobs_per_day=1)
        vendor.script()
        job = submitted(vendor.url)
        link = ask(f"{vendor.url}/v1/jobs/{job}").json()["video_url"]
        ask(vendor.elsewhere)
        vendor.reset()
        assert (vendor.accepted(), vendor.requests(), vendor.connections, vendor.state()["opened"]) == ([], [], 0, 0)
        assert vendor.state()["settings"]["latency"] == 0
        assert ask(f"{vendor.url}/v1/jobs").status == 500
        assert ask(link).status == 403
        assert ask(ask(f"{vendor.url}/v1/jobs/{submitted(vendor.url)}").json()["video_url"]).status == 200
        assert len(vendor.accepted()) == 1


def test_vendor_goes_away_and_comes_back() -> None:
    """Connections are refused meanwhile; the address and the jobs stay."""
    with Simulator() as vendor:
        job = submitted(vendor.url)
        vendor.away(0.4)
        with pytest.raises(ConnectionRefusedError):
            ask(vendor.url)
        assert [entry["id"] for entry in vendor.jobs()] == [job]
        assert ask(f"{vendor.url}/v1/jobs/{job}").status == 200


def test_faults_are_listed(tmp_path: Path) -> None:
    """As a table for the documentation."""
    with by_hand(tmp_path, "--faults") as process:
        out, _ = process.communicate(timeout=60)
    assert [line.split("`")[1] for line in out.decode().splitlines()[2:]] == list(FAULTS)


def test_core_does_not_import_the_simulator() -> None:
    """Nor does the simulator import a library of HTTP, of pictures or of data."""
    code = (
        "import sys, vmevalkit_core.api, vmevalkit_core.cli.app; core = set(sys.modules);"
        "assert not [name for name in core if name.startswith('vmevalkit_core.testing')], 'core'"
    )
    light = (
        "import sys, vmevalkit_core.testing;"
        "heavy = {'httpx', 'httpx2', 'aiohttp', 'requests', 'PIL', 'av', 'numpy', 'pydantic', 'asyncio', 'pluggy'};"
        "assert heavy.isdisjoint(sys.modules), heavy & set(sys.modules)"
    )
    for program in (code, light):
        subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)
