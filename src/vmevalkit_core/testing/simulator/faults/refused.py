"""Faults that strike before the vendor takes the request: nothing is accepted, nothing is billed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vmevalkit_core.testing.simulator.dialect import Why
from vmevalkit_core.testing.simulator.faults.scene import Fault, Scene
from vmevalkit_core.testing.simulator.messages import Manner, Reply

MOVED = "/_moved"
"""Put before a path, it leads to the same answer."""
LOOP = "/_loop"
"""A path that redirects to itself."""


def page(status: int) -> Reply:
    """What a proxy in front of the vendor shows."""
    text = f"<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{status}</h1>nginx</body></html>"
    return Reply(status=status, body=text.encode(), type="text/html; charset=utf-8")


def _broken_page(status: int) -> Callable[[Scene], Reply]:
    return lambda scene: page(status)


def _refusal(why: Why) -> Callable[[Scene], Reply]:
    return lambda scene: scene.vendor.refuse(why, scene.arguments.get("message", ""))


def _come_again(why: Why) -> Callable[[Scene], Reply]:
    def answer(scene: Scene) -> Reply:
        arguments = scene.arguments
        return scene.vendor.come_again(scene.vendor.refuse(why), float(arguments["seconds"]), arguments["form"])

    return answer


def _dropped(how: str) -> Callable[[Scene], Reply]:
    manners = {
        "close": Manner(stop="before", how="close"),
        "reset": Manner(stop="before", how="reset"),
        "hang": Manner(stop="before", how="hang"),
    }
    return lambda scene: Reply(manner=manners[how])


def redirect(location: str, status: int) -> Reply:
    """A redirect."""
    return Reply(status=status, type="", headers={"Location": location})


def _redirect(to: Callable[[Scene], str]) -> Callable[[Scene], Reply]:
    return lambda scene: redirect(to(scene), int(scene.arguments["status"]))


def _status(scene: Scene) -> Reply:
    found = scene.vendor.refuse("broken", scene.arguments["message"])
    return replace(found, status=int(scene.arguments["status"]))


def _fault(sentence: str, instead: Callable[[Scene], Reply], **arguments: object) -> Fault:
    return Fault(sentence=sentence, accepted=False, instead=instead, arguments=arguments)


REFUSED: dict[str, Fault] = {
    "closed": _fault("the connection is closed before an answer, and the request is not taken", _dropped("close")),
    "reset": _fault("the connection is reset before an answer, and the request is not taken", _dropped("reset")),
    "silent": _fault("nothing is answered for as long as the client waits, and nothing is taken", _dropped("hang")),
    "status": _fault("the vendor answers with `status` in place of taking it", _status, status=418, message=""),
    "bad-input": _fault("the vendor calls the request invalid", _refusal("input"), message=""),
    "no-key": _fault("the vendor does not know the key", _refusal("key"), message=""),
    "no-money": _fault("the account has no money left", _refusal("money"), message=""),
    "moderated-at-once": _fault("the content is refused at once", _refusal("moderated"), message=""),
    "missing": _fault("the vendor knows nothing of it: 404", _refusal("missing"), message=""),
    "forgotten": Fault(
        sentence="the vendor does not know the job, as if it had forgotten it: 404",
        accepted=False,
        phases=("poll", "cancel", "download"),
        instead=_refusal("missing"),
        arguments={"message": ""},
    ),
    "quota": _fault("the quota of the day is used up", _refusal("quota"), message=""),
    "crowded": _fault("too many jobs run at once", _refusal("crowded"), message=""),
    "expired": _fault("the link has expired, or so the vendor says", _refusal("expired"), message=""),
    "rate": _fault("429 without a word about when to come again", _refusal("rate"), message=""),
    "rate-seconds": _fault("429 with a Retry-After of `seconds`", _come_again("rate"), seconds=1, form="seconds"),
    "rate-date": _fault("429 with a Retry-After as a date in `seconds`", _come_again("rate"), seconds=1, form="date"),
    "unavailable": _fault("503 without a word about when to come again", _refusal("unavailable"), message=""),
    "unavailable-seconds": _fault(
        "503 with a Retry-After of `seconds`", _come_again("unavailable"), seconds=1, form="seconds"
    ),
    "broken": _fault("500 in the vendor's own words, and the request is not taken", _refusal("broken"), message=""),
    "page-404": _fault("404 with an HTML page of the proxy, and the request is not taken", _broken_page(404)),
    "page-500": _fault("500 with an HTML page, and the request is not taken", _broken_page(500)),
    "page-502": _fault("502 with an HTML page of the proxy, and the request is not taken", _broken_page(502)),
    "page-503": _fault("503 with an HTML page of the proxy, and the request is not taken", _broken_page(503)),
    "page-504": _fault("504 with an HTML page of the proxy, and the request is not taken", _broken_page(504)),
    "redirect": _fault(
        "a redirect to another path of the vendor, where the right answer is",
        _redirect(lambda scene: MOVED + scene.request.target),
        status=307,
    ),
    "redirect-elsewhere": _fault(
        "a redirect to another origin, where a video waits",
        _redirect(lambda scene: f"{scene.elsewhere}/elsewhere"),
        status=307,
    ),
    "redirect-inward": _fault(
        "a redirect to an address inside the user's network",
        _redirect(lambda scene: str(scene.arguments["to"])),
        status=307,
        to="http://169.254.169.254/latest/meta-data/",
    ),
    "redirect-file": _fault(
        "a redirect to a file of the user's machine", _redirect(lambda scene: "file:///etc/passwd"), status=307
    ),
    "redirect-loop": _fault("a redirect that leads to itself", _redirect(lambda scene: LOOP), status=307),
    "redirect-nowhere": _fault("a redirect that does not say where to", lambda scene: Reply(status=307, type="")),
}
"""By name."""
