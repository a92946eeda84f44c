"""Runway's dialect: shapes, headers and statuses as the vendor's documents and client have them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from runway_dialect import RunwayVendor
from runway_models import MODELS

from tests.wire import KEY, Heard, ask
from vmevalkit_core.testing import Simulator

PICTURE = "data:image/png;base64," + base64.b64encode(b"\x89PNG a picture").decode()
TURBO = {
    "model": "gen4_turbo",
    "promptImage": PICTURE,
    "promptText": "Solve it.",
    "ratio": "1280:720",
    "duration": 5,
    "seed": 7,
}
HEADERS = {"X-Runway-Version": "2024-11-06"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    """One vendor for all tests here."""
    with Simulator(RunwayVendor, queued_seconds=10, running_seconds=100) as vendor:
        yield vendor


@pytest.fixture
def runway(shared: Simulator) -> Simulator:
    """The vendor without faults and limits."""
    shared.script()
    shared.set(jobs_at_once=None, jobs_per_day=None, balance=None)
    shared.advance(100_000)
    return shared


def call(runway: Simulator, method: str, path: str, data: Any = None) -> Heard:
    """One call with the headers that the vendor wants."""
    return ask(runway.url + path, method, data, headers=HEADERS)


def create(runway: Simulator, **fields: Any) -> Heard:
    """The answer to a create request; None takes a field away."""
    body = {name: value for name, value in (TURBO | fields).items() if value is not None}
    return call(runway, "POST", "/v1/image_to_video", body)


def task(runway: Simulator, job: str) -> dict[str, Any]:
    """The task."""
    found: dict[str, Any] = call(runway, "GET", f"/v1/tasks/{job}").json()
    return found


def test_create_answers_id_and_estimate(runway: Simulator) -> None:
    """With status 200."""
    heard = create(runway)
    assert heard.status == 200
    assert set(heard.json()) == {"id", "estimatedCost"}
    assert heard.json()["estimatedCost"] == {"credits": 25}
    assert runway.accepted()[-1]["price"] == "0.25"


@pytest.mark.parametrize("version", ["", "2024-09-13"])
def test_version_header_is_wanted_on_every_call(runway: Simulator, version: str) -> None:
    """Else 400."""
    for method, path in (("POST", "/v1/image_to_video"), ("GET", "/v1/tasks/x"), ("GET", "/v1/organization")):
        assert ask(runway.url + path, method, TURBO, headers={"X-Runway-Version": version}).status == 400


def test_task_goes_through_its_states(runway: Simulator) -> None:
    """With the fields that each of them has."""
    job = create(runway).json()["id"]
    shapes = []
    for seconds in (0, 50, 100):
        runway.advance(seconds)
        shapes.append(task(runway, job))
    assert [shape["status"] for shape in shapes] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert set(shapes[0]) == {"id", "status", "createdAt", "estimatedCost"}
    assert set(shapes[1]) == {"id", "status", "createdAt", "estimatedCost", "progress"}
    assert set(shapes[2]) == {"id", "status", "createdAt", "output", "cost"}
    assert shapes[2]["cost"] == {"credits": 25}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"ratio": "16:9"}, "ratio"),
        ({"ratio": None}, "ratio"),
        ({"duration": "5"}, "duration"),
        ({"duration": 11}, "duration"),
        ({"duration": True}, "duration"),
        ({"seed": -1}, "seed"),
        ({"promptText": ""}, "promptText"),
        ({"promptText": "\U0001f600" * 501}, "promptText"),
        ({"promptImage": None}, "promptImage"),
        ({"promptImage": "data:image/gif;base64,AAAA"}, "promptImage"),
        ({"promptImage": "data:image/png;base64,A"}, "promptImage"),
        ({"promptImage": "https://10.0.0.1/a.png"}, "promptImage"),
        ({"promptImage": "http://example.org/a.png"}, "promptImage"),
        ({"promptImage": "runway://unknown"}, "promptImage"),
        ({"promptImage": [{"position": "last", "uri": PICTURE}]}, "promptImage"),
        ({"promptImage": "data:image/png;base64," + "A" * 5_000_000}, "promptImage"),
        ({"prompt_text": "snake"}, "prompt_text"),
        ({"negativePrompt": "not for this model"}, "negativePrompt"),
        ({"model": "gen3a_turbo"}, "model"),
        ({"model": "gen4.5", "promptText": None}, "promptText"),
        ({"model": "gen4.5", "duration": None}, "duration"),
        ({"model": "veo3.1", "duration": 5, "seed": None}, "duration"),
    ],
)
def test_wrong_body_is_refused_with_its_issue(runway: Simulator, fields: dict[str, Any], path: str) -> None:
    """400, and nothing is billed."""
    before = len(runway.accepted())
    heard = create(runway, **fields)
    assert heard.status == 400
    assert heard.json()["error"] == "Validation of body failed"
    assert path in [issue["path"][0] for issue in heard.json()["issues"]]
    assert len(runway.accepted()) == before


def test_emoji_count_twice(runway: Simulator) -> None:
    """500 of them are just allowed."""
    assert create(runway, promptText="\U0001f600" * 500).status == 200


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_takes_a_body_of_its_own(runway: Simulator, name: str) -> None:
    """The smallest that the table allows."""
    samples: dict[str, list[Any]] = {
        "ratio": ["1280:720", "1920:1080", "3840:2160", "16:9", "auto_720p"],
        "duration": [5, 6],
        "promptText": ["x"],
    }
    body: dict[str, Any] = {"model": name, "promptImage": [{"position": "first", "uri": PICTURE}]}
    for field in MODELS[name].required:
        body[field] = next(value for value in samples[field] if MODELS[name].all_checks[field](value) is None)
    assert call(runway, "POST", "/v1/image_to_video", body).status == 200


@pytest.mark.parametrize(
    ("fields", "charge"),
    [
        ({"model": "veo3.1", "duration": 4, "seed": None}, 160),
        ({"model": "veo3.1", "duration": 4, "audio": False, "seed": None}, 80),
        ({"model": "seedance2", "ratio": "3840:2160", "duration": 5}, 750),
        ({"model": "seedance2", "ratio": "1280:720", "duration": "auto"}, 360),
        ({"model": "grok_imagine_1_5", "resolution": "480p", "ratio": None, "seed": None}, 50),
        ({"model": "gen4.5", "duration": 10}, 120),
    ],
)
def test_credits_are_those_of_the_price_list(runway: Simulator, fields: dict[str, Any], charge: int) -> None:
    """By model, sound and resolution."""
    assert create(runway, **fields).json()["estimatedCost"] == {"credits": charge}


def test_no_money_is_400_without_issues(runway: Simulator) -> None:
    """To be told from bad input by its words."""
    runway.set(balance="0")
    heard = create(runway)
    assert heard.status == 400
    assert "credits" in heard.json()["error"]
    assert "issues" not in heard.json()


def test_quota_of_the_day_is_429(runway: Simulator) -> None:
    """Each model has its own."""
    runway.set(jobs_per_day=1)
    assert [create(runway).status for _ in range(2)] == [200, 429]
    assert create(runway, model="gen4.5").status == 200


def test_jobs_over_the_limit_are_throttled(runway: Simulator) -> None:
    """They are accepted, and start when another one ends."""
    runway.set(jobs_at_once=1)
    first, second = (create(runway).json()["id"] for _ in range(2))
    assert task(runway, second)["status"] == "THROTTLED"
    assert "estimatedCost" not in task(runway, second)
    runway.advance(120)
    assert task(runway, first)["status"] == "SUCCEEDED"
    assert task(runway, second)["status"] in ("PENDING", "RUNNING")


@pytest.mark.parametrize(
    ("rule", "code", "charged"),
    [
        ({"fault": "fails", "code": "SAFETY.INPUT.TEXT"}, "SAFETY.INPUT.TEXT", 25),
        ({"fault": "moderated"}, "SAFETY.OUTPUT.VIDEO", 0),
        ({"fault": "fails", "code": "INPUT_PREPROCESSING.SAFETY.TEXT"}, "INPUT_PREPROCESSING.SAFETY.TEXT", 0),
        ({"fault": "fails"}, "INTERNAL.BAD_OUTPUT.CODE01", 0),
        ({"fault": "fails-late", "code": "ASSET.INVALID"}, "ASSET.INVALID", 0),
        ({"fault": "fails", "code": "absent"}, None, 0),
    ],
)
def test_failed_task_has_code_and_cost(runway: Simulator, rule: dict[str, Any], code: str | None, charged: int) -> None:
    """The credits say what was given back; a code may be absent."""
    runway.script(rule | {"phase": "submit"})
    job = create(runway).json()["id"]
    runway.advance(200)
    failed = task(runway, job)
    assert (failed["status"], failed.get("failureCode"), failed["cost"]) == ("FAILED", code, {"credits": charged})
    assert failed["failure"]


def test_success_may_have_no_output(runway: Simulator) -> None:
    """An empty list."""
    runway.script({"phase": "submit", "fault": "moderated-empty"})
    job = create(runway).json()["id"]
    runway.advance(200)
    assert task(runway, job)["output"] == []


@pytest.mark.parametrize(("seconds", "charged"), [(0, 0), (50, 25)])
def test_delete_cancels_and_then_deletes(runway: Simulator, seconds: int, charged: int) -> None:
    """204 both times; what ran is paid; then the task is unknown."""
    job = create(runway).json()["id"]
    runway.advance(seconds)
    assert call(runway, "DELETE", f"/v1/tasks/{job}").status == 204
    assert task(runway, job)["status"] == "CANCELLED"
    assert task(runway, job)["cost"] == {"credits": charged}
    assert call(runway, "DELETE", f"/v1/tasks/{job}").status == 204
    assert call(runway, "GET", f"/v1/tasks/{job}").status == 404


def test_deleted_task_takes_its_output_along(runway: Simulator) -> None:
    """The link leads nowhere."""
    job = create(runway).json()["id"]
    runway.advance(200)
    link = task(runway, job)["output"][0]
    assert ask(link).status == 200
    call(runway, "DELETE", f"/v1/tasks/{job}")
    assert ask(link).status == 404


def test_tasks_cannot_be_listed(runway: Simulator) -> None:
    """An id that is lost stays lost."""
    assert call(runway, "GET", "/v1/tasks").status == 404


def test_expired_link_is_refused_as_storage_does(runway: Simulator) -> None:
    """403 with XML."""
    job = create(runway).json()["id"]
    runway.advance(200)
    link = task(runway, job)["output"][0]
    runway.advance(4000)
    heard = ask(link)
    assert (heard.status, heard.headers["content-type"]) == (403, "application/xml")


def form(fields: dict[str, str], content: bytes, *, file_last: bool = True) -> bytes:
    """A multipart body with the boundary B."""
    plain = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    file = b'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n' + content
    parts = [*plain, file] if file_last else [file, *plain]
    return b"".join(b"--B\r\n" + part + b"\r\n" for part in parts) + b"--B--\r\n"


def store(session: dict[str, Any], content: bytes, *, file_last: bool = True, key: str = "") -> Heard:
    """The second half of an upload, without the headers of the API."""
    body = form(session["fields"], content, file_last=file_last)
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    return ask(session["uploadUrl"], "POST", body, headers=headers, key=key)


def session_of(runway: Simulator) -> dict[str, Any]:
    """A new upload session."""
    found: dict[str, Any] = call(runway, "POST", "/v1/uploads", {"filename": "a.png", "type": "ephemeral"}).json()
    assert set(found) == {"uploadUrl", "fields", "runwayUri"}
    return found


def test_upload_becomes_a_picture(runway: Simulator) -> None:
    """After the file is stored, and not before."""
    session = session_of(runway)
    assert create(runway, promptImage=session["runwayUri"]).status == 400
    assert store(session, b"x" * 1000).status == 204
    assert create(runway, promptImage=[{"position": "first", "uri": session["runwayUri"]}]).status == 200


def test_failed_upload_needs_a_new_session(runway: Simulator) -> None:
    """File not last, too small, or with the key of the API: refused, and the session is burnt."""
    for wrong in ({"file_last": False}, {"content": b"x"}, {"key": KEY}):
        session = session_of(runway)
        assert store(session, **({"content": b"x" * 1000} | wrong)).status == 400
        assert store(session, b"x" * 1000).status == 403


def test_organization_tells_the_balance(runway: Simulator) -> None:
    """In credits, with the limits and today's jobs of each model."""
    runway.set(balance=str(runway.billed() + Decimal("10.00")), jobs_at_once=3)
    create(runway)
    told = call(runway, "GET", "/v1/organization").json()
    assert told["creditBalance"] == 975
    assert told["tier"]["models"]["gen4_turbo"]["maxConcurrentGenerations"] == 3
    assert told["usage"]["models"]["gen4_turbo"]["dailyGenerations"] == 1
