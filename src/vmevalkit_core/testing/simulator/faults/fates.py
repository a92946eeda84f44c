"""Faults of the job rather than of the answer: it fails, is moderated, never ends, or its link leads astray."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmevalkit_core.testing.simulator.faults.scene import Fault, Scene
from vmevalkit_core.testing.simulator.life import End, Ending
from vmevalkit_core.testing.simulator.vendor import EXPIRED


def _ends(kind: End) -> Callable[[Scene], Ending]:
    def ending(scene: Scene) -> Ending:
        given = scene.arguments
        return Ending(
            kind=kind, at=float(given.get("at", 1.0)), code=given.get("code", ""), message=given.get("message", "")
        )

    return ending


def _fate(sentence: str, kind: End, **arguments: Any) -> Fault:
    return Fault(sentence=sentence, accepted=True, phases=("submit",), ending=_ends(kind), arguments=arguments)


def _link(sentence: str, link: Callable[[Scene], str], **arguments: Any) -> Fault:
    return Fault(sentence=sentence, accepted=True, phases=("poll",), link=link, arguments=arguments)


FATES: dict[str, Fault] = {
    "fails": _fate("the job fails soon, with the vendor's `code` and `message`", "failed", at=0.1, code="", message=""),
    "fails-late": _fate("the job fails when it is all but done", "failed", at=0.99, code="", message=""),
    "moderated": _fate("the job fails because of its content", "moderated", at=0.5, code="", message=""),
    "moderated-empty": _fate("the job is done, and there is no video: so some vendors say no", "empty"),
    "never-ends": _fate("the job runs for ever", "never"),
    "never-starts": _fate("the job stays in the queue for ever", "stuck"),
}
"""How the job ends that a submit creates, by name."""
ASTRAY: dict[str, Fault] = {
    "link-elsewhere": _link("the link of a done job leads to another origin", lambda s: f"{s.elsewhere}/elsewhere"),
    "link-inward": _link(
        "the link of a done job leads to `to`, inside the user's network",
        lambda scene: str(scene.arguments["to"]),
        to="http://10.0.0.1/video.mp4",
    ),
    "link-file": _link("the link of a done job is a file of the user's machine", lambda scene: "file:///etc/passwd"),
    "link-expired": _link("the link of a done job has expired already", lambda scene: EXPIRED),
    "link-relative": _link("the link of a done job is a path only", lambda scene: "/files/clip.mp4"),
    "odd-state": Fault(
        sentence="the job is in a state that no client has heard of", accepted=True, phases=("poll",), odd=True
    ),
}
"""What a poll shows beside the truth, by name."""
