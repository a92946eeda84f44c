"""Calls and downloads over real sockets: their fate is known, their size and time are bounded, nothing leaks."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from tests.models.plain import Plain
from tests.vendors import env_of, vendor
from vmevalkit_core import Context, Done
from vmevalkit_core.errors import ConfigError, LostAnswer, NoConnection, UnsafeLink
from vmevalkit_core.generator.reading import read
from vmevalkit_core.limits import Limiter
from vmevalkit_core.testing import Simulator
from vmevalkit_core.transport import Answer, Http, Refusal
from vmevalkit_core.transport.addresses import is_inward, origin_of
from vmevalkit_core.transport.clients import Clients
from vmevalkit_core.transport.links import approaches

JOB = {"prompt": "p", "image": "aGVsbG8="}
KEYS = {"Authorization": "Bearer planted-one", "X-Api-Key": "planted-two", "x-goog-api-key": "planted-three"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with vendor() as one:
        yield one


@pytest.fixture(autouse=True)
def _no_faults(simulator: Simulator) -> Iterator[None]:
    yield
    simulator.script()
    simulator.forget()


def call(simulator: Simulator, method: str = "POST", path: str = "/v1/jobs", **parts: Any) -> Answer:
    """One call with three credentials."""

    async def main() -> Answer:
        http = Http()
        try:
            return await http.call(method, simulator.url + path, headers=KEYS, **{"json": JOB, "within": 1.0} | parts)
        finally:
            await http.close()

    return asyncio.run(main())


def download(simulator: Simulator, path: Path, *, url: str = "", **parts: Any) -> None:
    """One finished video."""
    there, settings = url or link(simulator), {"trusted": [simulator.url], "within": 1.0} | parts

    async def main() -> None:
        http = Http()
        try:
            await http.download(there, path, headers=KEYS, **settings)
        finally:
            await http.close()

    asyncio.run(main())


def link(simulator: Simulator) -> str:
    """A signed link to the video of a new job."""
    job = call(simulator).json()["id"]
    found: str = call(simulator, "GET", f"/v1/jobs/{job}", json=None).json()["video_url"]
    return found


def test_call_gives_the_whole_answer(simulator: Simulator) -> None:
    """Whatever its status; the address is without its query."""
    answer = call(simulator, query={"secret": "x"})
    assert (answer.status, answer.url) == (201, f"{simulator.url}/v1/jobs")
    assert call(simulator, json={}).text == "prompt is required"


def test_call_asks_for_no_compression(simulator: Simulator) -> None:
    """Length and size stay what they are."""
    call(simulator)
    assert simulator.requests("submit")[0]["headers"]["accept-encoding"] == "identity"


@pytest.mark.parametrize("fault", ["redirect-elsewhere", "redirect", "redirect-inward"])
def test_call_follows_no_redirect(simulator: Simulator, fault: str) -> None:
    """A key goes to the base address and nowhere else."""
    simulator.script({"phase": "submit", "fault": fault})
    assert call(simulator).status in (301, 302, 303, 307, 308)
    assert (simulator.connections, len(simulator.requests("submit"))) == (0, 1)


@pytest.mark.parametrize(
    "fault", ["lost-closed", "lost-reset", "cut", "cut-chunked", "drip", "drip-head", "endless-head"]
)
def test_call_that_has_left_is_known_to_have_left(simulator: Simulator, fault: str) -> None:
    """Time-outs of single reads would never end a drip; the deadline of the whole call does."""
    simulator.script({"phase": "submit", "fault": fault})
    with pytest.raises(LostAnswer):
        call(simulator, within=0.6)


def test_call_to_a_closed_port_has_not_left() -> None:
    """So it can be made again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NoConnection, match=f"127.0.0.1:{port}"):
        asyncio.run(Http().call("POST", f"http://127.0.0.1:{port}/x?secret=1"))


def test_answer_has_a_limit(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small body that swells to 200 MB is cut off on the way."""
    monkeypatch.setattr("vmevalkit_core.transport.http.CALL_BYTES", 10_000)
    simulator.script({"phase": "submit", "fault": "gzip-bomb"})
    with pytest.raises(LostAnswer, match="more than"):
        call(simulator, within=20.0)


def test_paid_calls_share_no_connection(simulator: Simulator) -> None:
    """One that the server is about to close would lose an answer; questions keep theirs."""

    async def main() -> None:
        http = Http()
        for _ in range(2):
            await http.call("POST", f"{simulator.url}/v1/jobs", json=JOB, headers=KEYS)
        for _ in range(2):
            await http.call("GET", f"{simulator.url}/v1/jobs", headers=KEYS)
        await http.close()

    asyncio.run(main())
    posts, gets = ({one["connection"] for one in simulator.requests(phase)} for phase in ("submit", "find"))
    assert (len(posts), len(gets)) == (2, 1)


def test_client_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many runs begin in the same moment: reading the certificates takes longer than a call."""
    opened, really = list[Clients](), Clients.open

    def slowly(clients: Clients) -> None:
        opened.append(clients)
        sleep(0.05)
        really(clients)

    monkeypatch.setattr(Clients, "open", slowly)

    async def main() -> None:
        http = Http()
        await asyncio.gather(*(http.open() for _ in range(20)))
        await http.close()

    asyncio.run(main())
    assert len(opened) == 1


def test_question_that_failed_leaves_its_connection_behind(simulator: Simulator) -> None:
    """Questions one after another share a connection; whatever is left of a broken answer meets none of them."""

    async def main() -> None:
        http = Http()
        for fault in (None, "cut", None, None):
            simulator.script(*([{"phase": "find", "fault": fault}] if fault else []))
            with pytest.raises(LostAnswer) if fault else nullcontext():
                await http.call("GET", f"{simulator.url}/v1/jobs", headers=KEYS, within=5.0)
        await http.close()

    asyncio.run(main())
    first, broken, third, last = [one["connection"] for one in simulator.requests("find")]
    assert first == broken != third == last


def test_calls_queue_before_the_pool(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than so many are on their way at once."""
    monkeypatch.setattr("vmevalkit_core.transport.http.CALLS", 4)
    simulator.set(latency=0.05)

    async def main() -> None:
        http = Http()
        await asyncio.gather(*(http.call("GET", f"{simulator.url}/v1/jobs", headers=KEYS) for _ in range(20)))
        await http.close()

    asyncio.run(main())
    simulator.set(latency=0.0)
    times = [(one["at"], one["finished"]) for one in simulator.requests("find")]
    assert max(sum(begun <= at < end for begun, end in times) for at, _ in times) <= 4


def test_download_writes_the_file(simulator: Simulator, tmp_path: Path) -> None:
    """Its credentials go to its own origin only when they are given for it."""
    download(simulator, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes()[4:8] == b"ftyp"


def test_credentials_of_a_download_stay_at_its_origin(simulator: Simulator, tmp_path: Path) -> None:
    """Clients drop `Authorization` on a redirect, and hand over `X-Api-Key`."""
    simulator.script({"phase": "download", "fault": "redirect-elsewhere"})
    with suppress(LostAnswer, Refusal):
        download(simulator, tmp_path / "a.mp4", trusted=[simulator.url, simulator.elsewhere])
    heard = str(simulator.requests_elsewhere())
    assert simulator.requests_elsewhere()
    assert not any(f"planted-{number}" in heard for number in ("one", "two", "three"))


@pytest.mark.parametrize(
    "fault", ["html", "error-200", "empty", "gzip", "gzip-bomb", "cut", "reset-body", "huge", "drip"]
)
def test_download_that_is_not_whole_is_known(simulator: Simulator, tmp_path: Path, fault: str) -> None:
    """What cannot be seen here, a body cut without a length, is seen when the video is decoded."""
    url = link(simulator)
    simulator.script({"phase": "download", "fault": fault})
    with pytest.raises(LostAnswer):
        download(simulator, tmp_path / "a.mp4", url=url, within=0.6)


def test_wait_for_a_place_is_no_part_of_a_download(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A video that waits behind others is not given up, to be asked for anew."""
    monkeypatch.setattr("vmevalkit_core.transport.http.DOWNLOADS", 1)
    done = Done(video_url=link(simulator))

    async def main() -> None:
        plain = Plain(Plain.spec, Context(env=env_of(simulator), limiter=Limiter(1)))
        plain.polling = replace(plain.polling, attempts=1)
        other = asyncio.create_task(hold_place(plain.context.http, 1.5))
        await asyncio.sleep(0)
        await read(plain, lambda: plain.fetch(done, tmp_path / "a.mp4"), 1.0, of_api=False)
        assert other.done()

    asyncio.run(main())
    assert (tmp_path / "a.mp4").stat().st_size


async def hold_place(http: Http, seconds: float) -> None:
    """As another download does."""
    async with http.place():
        await asyncio.sleep(seconds)


def test_log_of_the_client_holds_no_signature(
    simulator: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A program may log every step on the wire, a redirect without a host among them, and is told their names."""
    url = link(simulator)
    simulator.script({"phase": "download", "fault": "redirect"})
    with caplog.at_level(logging.DEBUG):
        download(simulator, tmp_path / "a.mp4", url=url)
    seen = {one.name for one in caplog.records if one.message.startswith("receive_response_headers.complete")}
    assert (seen, "/_moved" in str(simulator.requests("download"))) == ({"httpcore2.http11"}, True)
    assert url.partition("?")[2] not in caplog.text


def test_download_has_a_limit(simulator: Simulator, tmp_path: Path) -> None:
    """Announced or not."""
    with pytest.raises(LostAnswer, match="more than 100"):
        download(simulator, tmp_path / "a.mp4", limit=100)
    simulator.script({"phase": "download", "fault": "no-length"})
    with pytest.raises(LostAnswer, match="more than 100"):
        download(simulator, tmp_path / "a.mp4", limit=100)


INWARD = {
    "loopback": "http://127.0.0.1:9/a.mp4",
    "another-loopback": "http://127.8.9.1/a.mp4",
    "ipv6-loopback": "http://[::1]/a.mp4",
    "private": "http://10.1.2.3/a.mp4",
    "link-local": "http://169.254.169.254/latest/meta-data",
    "mapped": "http://[::ffff:127.0.0.1]/a.mp4",
    "unique-local": "http://[fd00::1]/a.mp4",
    "decimal": "http://2130706433/a.mp4",
    "octal": "http://0177.0.0.1/a.mp4",
    "short": "http://127.1/a.mp4",
    "unspecified": "http://0.0.0.0/a.mp4",
    "nat64": "http://[64:ff9b::7f00:1]/a.mp4",
    "name": "http://localhost/a.mp4",
    "compatible": "http://[::7f00:1]/a.mp4",
    "site-local": "http://[fec0::1]/a.mp4",
    "translated": "http://[::ffff:0:127.0.0.1]/a.mp4",
}


@pytest.mark.parametrize("url", INWARD.values(), ids=INWARD.keys())
def test_inward_addresses_are_refused(tmp_path: Path, url: str) -> None:
    """In every form that a system understands."""
    with pytest.raises(UnsafeLink):
        asyncio.run(Http().download(url, tmp_path / "a.mp4"))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/x", "/etc/passwd", "", "http://u:p@a.example/x"]
)
def test_links_that_are_no_links_are_refused(tmp_path: Path, url: str) -> None:
    """Only plain http and https, without a password."""
    with pytest.raises(UnsafeLink):
        asyncio.run(Http().download(url, tmp_path / "a.mp4"))


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name has these addresses from now on."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kw: found)


def test_name_that_leads_inward_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where only one of its addresses does."""
    resolving(monkeypatch, "93.184.215.14", "127.0.0.1")
    with pytest.raises(UnsafeLink, match=r"cdn\.example \(127\.0\.0\.1\)"):
        asyncio.run(approaches("https://cdn.example/a.mp4", {}))


def test_connection_goes_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers otherwise the second time gains nothing; the certificate is the name's all the same."""
    resolving(monkeypatch, "93.184.215.14")
    (way,) = asyncio.run(approaches("https://cdn.example/a.mp4?sig=1", {}))
    assert way.url == "https://93.184.215.14:443/a.mp4?sig=1"
    assert (way.headers["Host"], way.extensions) == ("cdn.example", {"sni_hostname": "cdn.example"})


def test_name_that_no_proxy_serves_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever decides about the proxy decides for the client too: nothing slips between the two."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    with pytest.raises(UnsafeLink):
        asyncio.run(approaches("http://localhost/a.mp4", {}))
    (way,) = asyncio.run(approaches("http://cdn.example/a.mp4", {}))
    assert way.proxy == "http://proxy.example:3128"


def behind_proxy(monkeypatch: pytest.MonkeyPatch, url: str, *trusted: str) -> str | None:
    """The proxy by which a link is approached."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    (way,) = asyncio.run(approaches(url, {}, trusted))
    return way.proxy


@pytest.mark.parametrize("host", ["localhost", "LocalHost.", "shop.localhost", "127.1", "[::1]"])
def test_own_machine_is_refused_behind_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """The proxy may run on it, and resolve such a name as we would; a user's own base address is his word for it."""
    assert behind_proxy(monkeypatch, f"http://{host}:9/x", f"http://{host}:9") == "http://proxy.example:3128"
    with pytest.raises(UnsafeLink):
        behind_proxy(monkeypatch, f"http://{host}:9/x")


def test_name_that_leads_inward_is_refused_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be seen from here is looked at."""
    resolving(monkeypatch, "93.184.215.14", "127.0.0.1")
    with pytest.raises(UnsafeLink, match=r"inward\.example \(127\.0\.0\.1\)"):
        behind_proxy(monkeypatch, "http://inward.example/a.mp4")


def test_name_that_only_the_proxy_knows_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where asking for it here gets no answer, which is tried once for each name."""
    asked: list[object] = []

    def resolver(host: object, *_args: object, flags: int = 0, **_kw: object) -> list[object]:
        if not flags & socket.AI_NUMERICHOST:
            asked.append(host)
            sleep(0.2 if host == "silent.example" else 0.0)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr("vmevalkit_core.transport.addresses.LOOKUP_SECONDS", 0.05)
    for host in ("unknown.example", "silent.example", "silent.example"):
        assert behind_proxy(monkeypatch, f"http://{host}/a.mp4") == "http://proxy.example:3128"
    assert asked == ["unknown.example", "silent.example"]


def test_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken route to one address of a host does not lose a video."""
    resolving(monkeypatch, "93.184.215.14", "93.184.215.15")
    ways = asyncio.run(approaches("https://cdn.example/a.mp4", {}))
    assert [way.url for way in ways] == ["https://93.184.215.14:443/a.mp4", "https://93.184.215.15:443/a.mp4"]


def leading(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every host has these addresses, whatever they are, from now on."""

    async def found(_: object) -> list[str]:
        return list(addresses)

    monkeypatch.setattr("vmevalkit_core.transport.links.public_addresses", found)


def at_store(simulator: Simulator) -> str:
    """The vendor's address under a name of somebody else's."""
    return simulator.url.replace("127.0.0.1", "store.example")


def test_call_of_a_link_tries_the_next_address(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload is as little lost by a broken route as a video is."""
    leading(monkeypatch, "::1", "127.0.0.1")
    http = Http()
    answer = asyncio.run(http.call("POST", f"{at_store(simulator)}/v1/jobs", headers=KEYS, json=JOB, foreign=True))
    assert (answer.status, len(simulator.requests("submit"))) == (201, 1)


def test_call_of_a_link_that_has_left_is_not_repeated(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another address is for what could not be connected to, and for nothing else."""
    leading(monkeypatch, "127.0.0.1", "127.0.0.1")
    simulator.script({"phase": "submit", "fault": "lost-closed"})
    with pytest.raises(LostAnswer):
        asyncio.run(Http().call("POST", f"{at_store(simulator)}/v1/jobs", headers=KEYS, json=JOB, foreign=True))
    assert len(simulator.requests("submit")) == 1


@pytest.mark.parametrize("header", ["a\nb", "schl\u00fcssel"])
def test_header_that_cannot_be_one_has_not_left(simulator: Simulator, header: str) -> None:
    """And its words, which may be the key, are not repeated."""
    with pytest.raises(ConfigError) as refused:
        asyncio.run(Http().call("POST", simulator.url, headers={"X-Key": header}))
    assert header not in str(refused.value)


def test_public_addresses_are_not_inward() -> None:
    """In both families, and mapped."""
    assert not any(map(is_inward, ("93.184.215.14", "2606:2800:21f::1", "::ffff:8.8.8.8")))
    assert origin_of("https://A.example/x") == ("https", "a.example", 443)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:09 GMT", "date": "Fri, 01 Jan 2100 00:00:00 GMT"}, 9.0),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    """A date counts from the server's own clock."""
    assert Answer(429, headers, b"", "").retry_after == seconds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"code": 3, "message": "no money"}}', "no money"),
        (b'{"detail": [{"msg": "too long"}]}', "too long"),
        (b'{"errors": ["first", "second"]}', "first"),
        (b"<html><h1>502</h1> Bad\n Gateway</html>", "502 Bad Gateway"),
        (b'{"code": 3}', '{"code": 3}'),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_words_of_a_vendor_are_found(body: bytes, said: str) -> None:
    """Wherever its body has them, on one line."""
    assert Answer(400, {}, body, "").text == said
