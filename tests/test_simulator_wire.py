"""The simulator as an HTTP server: keep-alive, chunks, pipelines, thousands of connections, and no request lost."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import selectors
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire import KEY, ask, listen
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.simulator.parser import BadRequest, Parser

BODY = json.dumps({"prompt": "Solve it.", "image": "x"}).encode()
HEAD = f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n".encode()
SUBMIT = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    """One vendor for all tests here."""
    with Simulator(running_seconds=0.0) as vendor:
        yield vendor


@pytest.fixture
def vendor(shared: Simulator) -> Simulator:
    """The vendor without faults, and without requests so far."""
    shared.script()
    shared.forget()
    return shared


def connect(vendor: Simulator) -> socket.socket:
    """A bare connection."""
    address = urlsplit(vendor.url)
    return socket.create_connection((str(address.hostname), address.port), timeout=10)


def test_connection_is_kept_for_the_next_request(vendor: Simulator) -> None:
    """As a client of the standard library has it."""
    address = urlsplit(vendor.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/v1/jobs", BODY, {"Authorization": f"Bearer {KEY}"})
        answer = connection.getresponse()
        assert answer.status == 201
        assert json.loads(answer.read())["status"] in ("queued", "succeeded")
    connection.close()
    assert len({request["connection"] for request in vendor.requests("submit")}) == 1


def test_urllib_gets_its_answer(vendor: Simulator) -> None:
    """It asks for the end of the connection."""
    request = urllib.request.Request(f"{vendor.url}/v1/jobs", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "jobs" in json.loads(answer.read())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_request_may_arrive_in_pieces(vendor: Simulator, size: int) -> None:
    """Cut anywhere."""
    with connect(vendor) as connection:
        for start in range(0, len(SUBMIT), size):
            connection.sendall(SUBMIT[start : start + size])
        assert listen(connection, 10, most=20).status == 201


def test_chunked_body_is_put_together(vendor: Simulator) -> None:
    """With extensions and trailers, as the standard has them."""
    half = len(BODY) // 2
    chunks = b"".join(b"%x;a=b\r\n%b\r\n" % (len(piece), piece) for piece in (BODY[:half], BODY[half:]))
    with connect(vendor) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nX-Trailer: 1\r\n\r\n")
        assert listen(connection, 10, most=20).status == 201
    assert vendor.requests("submit")[0]["body"] == json.loads(BODY)


def test_pipelined_requests_are_answered_in_order(vendor: Simulator) -> None:
    """Also where the first answer is slow."""
    vendor.script({"phase": "submit", "fault": "lost-late", "seconds": 0.1, "times": 1})
    with connect(vendor) as connection:
        connection.sendall(
            SUBMIT + f"GET /nowhere HTTP/1.1\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n".encode()
        )
        heard = listen(connection, 10)
    assert [line.split(b" ")[1] for line in heard.raw.split(b"HTTP/1.1")[1:]] == [b"201", b"404"]
    assert heard.ended == "closed"


@given(data=st.data())
def test_requests_are_the_same_however_they_are_cut(data: st.DataObject) -> None:
    """Three of them, one chunked, in pieces of any length."""
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    stream = SUBMIT + chunked + b"GET / HTTP/1.1\r\n\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    parser, found = Parser(), []
    for start, end in pairwise([0, *cuts, len(stream)]):
        parser.feed(stream[start:end])
        while request := parser.next():
            found.append((request.method, request.body))
    assert found == [("POST", BODY), ("POST", b"abcd"), ("GET", b"")]


@given(rubbish=st.binary(max_size=300), good=st.booleans())
def test_rubbish_is_a_request_or_a_bad_one(rubbish: bytes, good: bool) -> None:
    """Nothing else is ever raised."""
    parser = Parser()
    parser.feed((HEAD if good else b"") + rubbish + b"\r\n\r\n")
    with suppress(BadRequest):
        while parser.next():
            pass


def test_client_that_waits_for_a_go_ahead_gets_it(vendor: Simulator) -> None:
    """`Expect: 100-continue` with the body held back."""
    with connect(vendor) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        assert listen(connection, 10, most=20).status == 100
        connection.sendall(BODY)
        assert listen(connection, 10, most=20).status == 201


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00" + b"\0" * 70_000,
    ],
    ids=["empty", "no-target", "version", "colon", "negative", "words", "chunk", "negative-chunk", "tls"],
)
def test_rubbish_gets_400_and_the_next_client_an_answer(vendor: Simulator, rubbish: bytes) -> None:
    """Nothing that a client sends ends the vendor."""
    with connect(vendor) as connection:
        connection.sendall(rubbish)
        assert listen(connection, 10, most=20).status == 400
    assert ask(f"{vendor.url}/v1/jobs").status == 200


def test_half_a_request_is_not_accepted(vendor: Simulator) -> None:
    """A client that is killed while it sends has bought nothing."""
    before = len(vendor.accepted())
    for cut in range(1, len(SUBMIT), 9):
        with connect(vendor) as connection:
            connection.sendall(SUBMIT[:cut])
    assert len(vendor.accepted()) == before
    assert vendor.requests() == []


def test_whole_request_is_accepted_without_its_client(vendor: Simulator) -> None:
    """A client that is killed right after it has sent has bought it."""
    before = len(vendor.accepted())
    for _ in range(20):
        with connect(vendor) as connection:
            connection.sendall(SUBMIT)
    assert len(vendor.accepted()) == before + 20


def test_head_request_gets_no_body(vendor: Simulator) -> None:
    """But its length."""
    heard = ask(f"{vendor.url}/v1/account", "HEAD")
    assert heard.status == 200
    assert heard.length > 0
    assert heard.body == b""


def test_body_too_deep_for_readers_harms_nothing(vendor: Simulator) -> None:
    """It is no request for a job, and it is written down as bytes."""
    assert ask(f"{vendor.url}/v1/jobs", "POST", b"[" * 200_000).status == 400
    assert vendor.requests("submit")[0]["body"]["size"] == 200_000


@pytest.mark.parametrize(("method", "path", "status"), [("PUT", "/v1/jobs", 405), ("GET", "/v2/jobs", 404)])
def test_unknown_requests_are_written_down(vendor: Simulator, method: str, path: str, status: int) -> None:
    """A client that asks for the wrong path is found out."""
    assert ask(vendor.url + path, method).status == status
    (request,) = vendor.requests()
    assert (request["phase"], request["method"], request["path"]) == ("other", method, path)


def test_multipart_body_is_summed_up(vendor: Simulator) -> None:
    """Fields in their order with their text, files with size and digest."""
    body = (
        b'--B\r\nContent-Disposition: form-data; name="key"\r\n\r\nv1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        b"\x89PNG\r\n--\r\n--B--\r\n"
    )
    ask(f"{vendor.url}/v1/files", "POST", body, headers={"Content-Type": 'multipart/form-data; boundary="B"'})
    first, second = vendor.requests("upload")[0]["body"]
    assert (first["name"], first["text"]) == ("key", "v1")
    assert (second["filename"], second["type"], second["size"]) == ("a.png", "image/png", 8)


def test_record_says_when_and_how_each_answer_ended(vendor: Simulator) -> None:
    """On a clock that all processes share."""
    vendor.script({"phase": "find", "fault": "silent", "times": 1}, {"phase": "find", "fault": "cut-head", "times": 1})
    for wait in (0.2, 5.0, 5.0):
        ask(f"{vendor.url}/v1/jobs", wait=wait)
    requests = vendor.requests("find")
    assert [request["ended"] for request in requests] == ["client left", "stopped head", "replied"]
    assert [request["status"] for request in requests] == [None, 200, 200]
    assert all(request["at"] <= request["finished"] for request in requests)


def test_thousands_of_connections_are_open_at_once(vendor: Simulator) -> None:
    """And each of them is served."""
    count = 2000
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, count + 1000)
    if most not in (resource.RLIM_INFINITY,) and most < wanted:
        pytest.skip(f"this machine allows {most} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    with contextlib.ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, most))
        connections = [opened.enter_context(contextlib.closing(connect(vendor))) for _ in range(count)]
        assert vendor.state()["open"] > count
        assert _answered(connections) == count


def _answered(connections: list[socket.socket]) -> int:
    """On how many of them a request is served."""
    answered = 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.sendall(SUBMIT)
            selector.register(connection, selectors.EVENT_READ)
        while answered < len(connections) and (ready := selector.select(10)):
            for key, _ in ready:
                answered += b" 201 " in key.fileobj.recv(65536)  # type: ignore[union-attr]
                selector.unregister(key.fileobj)
    return answered
