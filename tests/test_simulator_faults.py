"""Every fault of the simulator does what its sentence says, seen from a bare socket."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.wire import Heard, ask
from vmevalkit_core.testing import FAULTS, PHASES, BadSetting, Simulator
from vmevalkit_core.testing.simulator.clip import small_clip

JOB = {"prompt": "Solve it.", "image": "data:image/png;base64,AAAA"}
CLIP = small_clip()
Says = Callable[[Heard], bool]


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    """One vendor for all tests here, each of which sets its own script."""
    with Simulator(running_seconds=0.0) as vendor:
        yield vendor


@pytest.fixture
def vendor(shared: Simulator) -> Simulator:
    """The vendor without faults, and without requests so far."""
    shared.script()
    shared.forget()
    return shared


def submitted(vendor: Simulator) -> str:
    """The id of a new job."""
    job: str = ask(f"{vendor.url}/v1/jobs", "POST", JOB).json()["id"]
    return job


def link(vendor: Simulator) -> str:
    """The link to the video of a new job."""
    found: str = ask(f"{vendor.url}/v1/jobs/{submitted(vendor)}").json()["video_url"]
    return found


def status(expected: int) -> Says:
    """A status."""
    return lambda heard: heard.status == expected


def html(expected: int) -> Says:
    """A web page."""
    return lambda heard: heard.status == expected and heard.headers["content-type"].startswith("text/html")


def error(expected: int, code: str) -> Says:
    """An error in the vendor's words."""
    return lambda heard: heard.status == expected and heard.json()["error"]["code"] == code


def nothing(ended: str) -> Says:
    """Not a byte."""
    return lambda heard: heard.raw == b"" and heard.ended == ended


def to(start: str) -> Says:
    """A redirect."""
    return lambda heard: heard.status == 307 and heard.headers["location"].startswith(start)


def good(heard: Heard) -> bool:
    """The head of a video."""
    return heard.status == 200 and heard.headers["content-type"] == "video/mp4"


def whole(heard: Heard) -> bool:
    """The whole video."""
    return good(heard) and heard.body == CLIP and heard.length == len(CLIP)


def part(heard: Heard) -> bool:
    """The start of the video."""
    return good(heard) and 0 < len(heard.body) < len(CLIP) and CLIP.startswith(heard.body)


def says_when(expected: int) -> Says:
    """One second to wait."""
    return lambda heard: heard.status == expected and heard.headers["retry-after"] == "1"


def says_no_time(expected: int) -> Says:
    """No word about when."""
    return lambda heard: heard.status == expected and "retry-after" not in heard.headers


def cut_chunks(heard: Heard) -> bool:
    """Chunks without the last one."""
    with pytest.raises(ValueError, match="missing"):
        heard.unchunked()
    return good(heard) and heard.ended == "closed"


def is_date(heard: Heard) -> bool:
    """A date of HTTP."""
    return heard.status == 429 and parsedate_to_datetime(heard.headers["retry-after"]) is not None


def swells(heard: Heard) -> bool:
    """A small body that becomes a large one."""
    unpacked = zlib.decompressobj(wbits=31).decompress(heard.body, 3_000_000)
    return heard.headers["content-encoding"] == "gzip" and len(unpacked) == 3_000_000 and len(heard.body) < 10_000


DOWNLOADS: dict[str, Says] = {
    "closed": nothing("closed"),
    "reset": nothing("reset"),
    "silent": nothing("open"),
    "status": status(418),
    "bad-input": error(400, "input"),
    "no-key": error(401, "key"),
    "no-money": error(402, "money"),
    "moderated-at-once": error(422, "moderated"),
    "missing": error(404, "missing"),
    "forgotten": error(404, "missing"),
    "quota": error(429, "quota"),
    "crowded": error(429, "crowded"),
    "expired": error(403, "expired"),
    "rate": says_no_time(429),
    "rate-seconds": says_when(429),
    "rate-date": is_date,
    "unavailable": says_no_time(503),
    "unavailable-seconds": says_when(503),
    "broken": error(500, "broken"),
    "page-404": html(404),
    "page-500": html(500),
    "page-502": html(502),
    "page-503": html(503),
    "page-504": html(504),
    "redirect": to("/_moved/files/"),
    "redirect-elsewhere": to("http://127.0.0.1:"),
    "redirect-inward": to("http://169.254.169.254/"),
    "redirect-file": to("file:///etc/passwd"),
    "redirect-loop": to("/_loop"),
    "redirect-nowhere": lambda heard: heard.status == 307 and "location" not in heard.headers,
    "lost-closed": nothing("closed"),
    "lost-reset": nothing("reset"),
    "lost-silent": nothing("open"),
    "lost-late": nothing("open"),
    "lost-500": html(500),
    "lost-502": html(502),
    "lost-503": html(503),
    "lost-504": html(504),
    "lost-status": error(409, "broken"),
    "cut": lambda heard: part(heard) and heard.length == len(CLIP) and heard.ended == "closed",
    "cut-no-length": lambda heard: part(heard) and "content-length" not in heard.headers and heard.ended == "closed",
    "cut-chunked": cut_chunks,
    "cut-stalled": lambda heard: part(heard) and heard.length == len(CLIP) and heard.ended == "open",
    "cut-head": lambda heard: 0 < len(heard.raw) < 60 and b"\r\n\r\n" not in heard.raw and heard.ended == "closed",
    "reset-head": lambda heard: 0 < len(heard.raw) < 60 and heard.ended == "reset",
    "reset-body": lambda heard: part(heard) and heard.ended == "reset",
    "reset-after": lambda heard: whole(heard) and heard.ended == "reset",
    "closed-after": lambda heard: whole(heard) and heard.ended == "closed",
    "overstated": lambda heard: heard.body == CLIP and heard.length == len(CLIP) + 1000 and heard.ended == "closed",
    "overlong": lambda heard: heard.body == CLIP + bytes(1000) and heard.length == len(CLIP),
    "huge": lambda heard: heard.body == CLIP and heard.length > 10**11 and heard.ended == "open",
    "no-length": lambda heard: heard.body == CLIP and "content-length" not in heard.headers,
    "chunked": lambda heard: heard.unchunked() == CLIP and "content-length" not in heard.headers,
    "drip": lambda heard: good(heard) and 0 < len(heard.body) < 20 and heard.ended == "open",
    "drip-head": lambda heard: 0 < len(heard.raw) < 20 and heard.ended == "open",
    "endless": lambda heard: good(heard) and len(heard.body) > 10 * len(CLIP) and heard.ended == "open",
    "endless-head": lambda heard: b"\r\n\r\n" not in heard.raw and len(heard.raw) > 10_000 and heard.ended == "open",
    "gzip-bomb": swells,
    "gzip": lambda heard: gzip.decompress(heard.body) == CLIP and heard.headers["content-encoding"] == "gzip",
    "wrong-type": lambda heard: heard.body == CLIP and heard.headers["content-type"] == "text/html",
    "html": html(200),
    "error-200": error(200, "internal"),
    "empty": lambda heard: good(heard) and heard.length == 0 and heard.body == b"",
    "no-content": lambda heard: heard.status == 204 and heard.body == b"",
    "malformed": lambda heard: heard.body.endswith(b"\xff,}"),
    "wrong-envelope": lambda heard: heard.json() == [{"result": "ok"}],
    "null": lambda heard: heard.body == b"null",
    "deep": lambda heard: heard.status == 200 and heard.body.startswith(b"[[[[["),
    "half-file": lambda heard: part(heard) and len(heard.body) == heard.length == len(CLIP) // 2,
    "other-case": lambda heard: heard.body == CLIP.upper(),
}
"""What is heard of a download, by the fault that strikes it."""
SHORT: dict[str, dict[str, Any]] = {
    "gzip-bomb": {"megabytes": 5},
    "drip": {"seconds": 0.1},
    "drip-head": {"seconds": 0.1},
}
"""Arguments that make a fault quick to see."""
NEVER = ("silent", "lost-silent", "lost-late")
OPEN = ("cut-stalled", "huge", "drip", "drip-head")


@pytest.mark.parametrize("fault", sorted(name for name in FAULTS if "download" in FAULTS[name].phases))
def test_fault_does_what_it_says(vendor: Simulator, fault: str) -> None:
    """On a download, byte for byte."""
    url = link(vendor)
    vendor.script({"phase": "download", "fault": fault} | SHORT.get(fault, {}))
    # The answers to most faults end by themselves; for the others nothing more is to come, or too much.
    wait = 0.3 if fault in NEVER else 1.0 if fault in OPEN else 10.0
    assert DOWNLOADS[fault](ask(url, wait=wait, most=100_000))


@pytest.mark.parametrize("fault", sorted(name for name in FAULTS if "submit" in FAULTS[name].phases))
def test_ledger_holds_what_the_table_says(vendor: Simulator, fault: str) -> None:
    """A submit that meets a fault leaves one billed job, or none."""
    before = len(vendor.accepted()), vendor.state()["billed"]
    vendor.script({"phase": "submit", "fault": fault, "times": 1} | SHORT.get(fault, {}))
    ask(f"{vendor.url}/v1/jobs", "POST", JOB, wait=0.1)
    assert vendor.struck() == [1]
    assert len(vendor.accepted()) - before[0] == FAULTS[fault].accepted
    assert vendor.requests("submit")[0]["fault"] == fault


@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "download"])
def test_every_fault_strikes_in_every_phase_it_names(vendor: Simulator, phase: str) -> None:
    """Also where its answer has another shape, no body or no JSON; nothing breaks in the simulator itself."""
    job = submitted(vendor)
    for name, fault in FAULTS.items():
        if phase not in fault.phases or fault.stage not in ("instead", "damage"):
            continue
        vendor.script({"phase": phase, "fault": name} | SHORT.get(name, {}))
        ask(*request_of(vendor, phase, job), wait=0.03)
        assert vendor.struck() == [1], name
    assert vendor.state()["problems"] == []


def request_of(vendor: Simulator, phase: str, job: str) -> tuple[str, str, Any]:
    """A good request of a phase."""
    requests: dict[str, tuple[str, str, Any]] = {
        "submit": ("/v1/jobs", "POST", JOB),
        "poll": (f"/v1/jobs/{job}", "GET", None),
        "find": ("/v1/jobs", "GET", None),
        "cancel": (f"/v1/jobs/{job}", "DELETE", None),
        "upload": ("/v1/files", "POST", b"a picture"),
        "account": ("/v1/account", "GET", None),
    }
    path, method, data = requests[phase]
    return f"{vendor.url}{path}", method, data


@pytest.mark.parametrize(
    ("fault", "state", "code"),
    [
        ("fails", "failed", "internal"),
        ("fails-late", "failed", "internal"),
        ("moderated", "failed", "moderated"),
        ("moderated-empty", "succeeded", None),
        ("never-ends", "running", None),
        ("never-starts", "queued", None),
    ],
)
def test_job_meets_its_fate(vendor: Simulator, fault: str, state: str, code: str | None) -> None:
    """In the vendor's words, and with a link only where there is a video."""
    vendor.script({"phase": "submit", "fault": fault})
    job = ask(f"{vendor.url}/v1/jobs/{submitted(vendor)}").json()
    assert (job["status"], job.get("error", {}).get("code")) == (state, code)
    assert not job.get("video_url")


def test_failure_has_the_words_of_the_rule(vendor: Simulator) -> None:
    """A plugin's author goes through the vendor's codes."""
    vendor.script({"phase": "submit", "fault": "fails", "code": "GPU_ON_FIRE", "message": "It burns."})
    job = ask(f"{vendor.url}/v1/jobs/{submitted(vendor)}").json()
    assert job["error"] == {"code": "GPU_ON_FIRE", "message": "It burns."}
    assert job["charged"] == "0.00"


@pytest.mark.parametrize(
    ("fault", "start"),
    [
        ("link-elsewhere", "http://127.0.0.1:"),
        ("link-inward", "http://10.0.0.1/"),
        ("link-file", "file:///etc/passwd"),
        ("link-relative", "/files/"),
    ],
)
def test_link_leads_astray(vendor: Simulator, fault: str, start: str) -> None:
    """Never to the vendor's own address, and rightly again with the next poll."""
    vendor.script({"phase": "poll", "fault": fault, "times": 1})
    job = submitted(vendor)
    shown = ask(f"{vendor.url}/v1/jobs/{job}").json()["video_url"]
    assert shown.startswith(start)
    assert not shown.startswith(vendor.url)
    assert whole(ask(ask(f"{vendor.url}/v1/jobs/{job}").json()["video_url"]))


def test_expired_link_is_minted_anew_by_the_next_poll(vendor: Simulator) -> None:
    """The first one is refused, the second one works."""
    vendor.script({"phase": "poll", "fault": "link-expired", "times": 1})
    job = submitted(vendor)
    first, second = (ask(f"{vendor.url}/v1/jobs/{job}").json()["video_url"] for _ in range(2))
    assert ask(first).status == 403
    assert whole(ask(second))


def test_unheard_of_state_is_shown_until_the_end(vendor: Simulator) -> None:
    """A client has to take it for not over."""
    vendor.script({"phase": "submit", "fault": "never-ends"}, {"phase": "poll", "fault": "odd-state", "times": 1})
    job = submitted(vendor)
    shown = [ask(f"{vendor.url}/v1/jobs/{job}").json()["status"] for _ in range(2)]
    assert shown == ["contemplating", "running"]


def test_redirect_leads_to_the_right_answer(vendor: Simulator) -> None:
    """The moved path is served although the rule holds for ever."""
    url = link(vendor)
    vendor.script({"phase": "download", "fault": "redirect"})
    moved = ask(url).headers["location"]
    assert whole(ask(vendor.url + moved))


def test_other_origin_hears_who_came(vendor: Simulator) -> None:
    """With every header, so that a test can look for a key."""
    before = vendor.connections
    url = link(vendor)
    vendor.script({"phase": "download", "fault": "redirect-elsewhere"})
    assert whole(ask(ask(url).headers["location"], headers={"X-Api-Key": "secret"}))
    assert vendor.connections == before + 1
    assert vendor.requests_elsewhere()[-1]["headers"]["x-api-key"] == "secret"


def test_connection_without_a_request_counts_elsewhere(vendor: Simulator) -> None:
    """Even to knock at an inward address is too much."""
    before = vendor.connections
    ask(vendor.elsewhere, wait=1, data=b"")
    assert vendor.connections == before + 1


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"phase": "poll", "fault": "nonsense"}, "no fault is called 'nonsense'"),
        ({"phase": "nowhere", "fault": "cut"}, "'nowhere' is no phase"),
        ({"phase": "poll", "fault": "cut", "shore": 1}, "'shore' is no argument of cut, which takes share"),
        ({"phase": "poll"}, "no fault is called None"),
    ],
)
def test_bad_rule_is_refused_by_name(vendor: Simulator, rule: dict[str, Any], says: str) -> None:
    """A rule that never strikes would make a test that cannot fail."""
    with pytest.raises(BadSetting, match=says):
        vendor.script(rule)


def test_rules_are_counted_out(vendor: Simulator) -> None:
    """`after` lets pass, `every` strikes each so-manieth, `times` ends."""
    job = submitted(vendor)
    vendor.script({"phase": "poll", "fault": "broken", "after": 2, "every": 2, "times": 2})
    heard = [ask(f"{vendor.url}/v1/jobs/{job}").status for _ in range(8)]
    assert heard == [200, 200, 500, 200, 500, 200, 200, 200]


def test_chance_is_the_same_with_the_same_seed(vendor: Simulator) -> None:
    """A random test that fails can be run again."""
    job, heard = submitted(vendor), []
    for seed in (1, 1, 2):
        vendor.script({"phase": "poll", "fault": "broken", "probability": 0.5, "seed": seed})
        heard.append([ask(f"{vendor.url}/v1/jobs/{job}").status for _ in range(20)])
    assert heard[0] == heard[1] != heard[2]


def test_rule_strikes_one_job_only(vendor: Simulator) -> None:
    """By its id, or by its number in the order of acceptance."""
    first, second = submitted(vendor), submitted(vendor)
    number = next(job["number"] for job in vendor.jobs() if job["id"] == second)
    for name in (second, number):
        vendor.script({"phase": "poll", "fault": "broken", "job": name})
        assert [ask(f"{vendor.url}/v1/jobs/{job}").status for job in (first, second)] == [200, 500]


def test_rule_strikes_a_submit_by_its_body(vendor: Simulator) -> None:
    """A test names the question that is to meet the fault."""
    vendor.script({"phase": "submit", "fault": "broken", "match": "maze_0002"})
    jobs = [JOB | {"prompt": name} for name in ("maze_0001", "maze_0002")]
    assert [ask(f"{vendor.url}/v1/jobs", "POST", job).status for job in jobs] == [201, 500]


def test_first_rule_that_strikes_counts(vendor: Simulator) -> None:
    """The others do not see the request."""
    vendor.script({"phase": "any", "fault": "broken", "times": 1}, {"phase": "submit", "fault": "page-502"})
    heard = [ask(f"{vendor.url}/v1/jobs", "POST", JOB).status for _ in range(2)]
    assert heard == [500, 502]
    assert vendor.struck() == [1, 1]


def test_every_fault_is_told_in_one_sentence() -> None:
    """For the tables in the documentation, and each has exactly one effect."""
    for fault in FAULTS.values():
        effects = [fault.instead, fault.damage, fault.ending, fault.link, fault.odd or None]
        assert len([effect for effect in effects if effect is not None]) == 1
        assert 5 < len(fault.sentence) < 120
        json.dumps(dict(fault.arguments))
