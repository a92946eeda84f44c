"""Faults that strike after the vendor did its work: the answer is lost, cut, slow, or another one."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from vmevalkit_core.testing.simulator.faults.refused import page
from vmevalkit_core.testing.simulator.faults.scene import Fault, Scene
from vmevalkit_core.testing.simulator.messages import Manner, Reply

MEGABYTE = 1_000_000


def _sent(**manner: Any) -> Callable[[Reply, Scene], Reply]:
    """The right answer in another manner; the rule's arguments of the same names count for more."""

    def damage(reply: Reply, scene: Scene) -> Reply:
        chosen = {name: scene.arguments[name] for name in ("share", "rate") if name in scene.arguments}
        return replace(reply, manner=Manner(**(manner | chosen)))

    return damage


def _late(reply: Reply, scene: Scene) -> Reply:
    return replace(reply, manner=Manner(delay=float(scene.arguments["seconds"])))


def _drip(*, head: bool) -> Callable[[Reply, Scene], Reply]:
    def damage(reply: Reply, scene: Scene) -> Reply:
        return replace(reply, manner=Manner(drip=float(scene.arguments["seconds"]), drip_head=head))

    return damage


def _other_status(reply: Reply, scene: Scene) -> Reply:
    refused = scene.vendor.refuse("broken", scene.arguments["message"])
    return replace(refused, status=int(scene.arguments["status"]))


def _page(status: int) -> Callable[[Reply, Scene], Reply]:
    return lambda reply, scene: page(status)


def _with_body(make: Callable[[Reply, Scene], bytes]) -> Callable[[Reply, Scene], Reply]:
    return lambda reply, scene: replace(reply, body=make(reply, scene))


def _json(reply: Reply, data: Any) -> Reply:
    return replace(Reply.of(data), status=200)


def _bomb(reply: Reply, scene: Scene) -> Reply:
    body = gzip_bomb(int(scene.arguments["megabytes"]))
    return replace(reply, body=body, headers={**reply.headers, "Content-Encoding": "gzip"})


def _zipped(reply: Reply, scene: Scene) -> Reply:
    return replace(reply, body=gzip.compress(reply.body), headers={**reply.headers, "Content-Encoding": "gzip"})


def _overlong(reply: Reply, scene: Scene) -> Reply:
    return replace(reply, manner=Manner(surplus=b"\0" * int(scene.arguments["bytes"])))


def _overstated(reply: Reply, scene: Scene) -> Reply:
    return replace(reply, manner=Manner(claims=int(scene.arguments["bytes"]), stop="after", how="close"))


def _huge(reply: Reply, scene: Scene) -> Reply:
    # A length of its own in place of ours: the true one does not matter to a client that looks first.
    return replace(reply, manner=Manner(claims=int(scene.arguments["megabytes"]) * MEGABYTE, stop="after", how="hang"))


def _malformed(reply: Reply, scene: Scene) -> bytes:
    return reply.body[: max(1, len(reply.body) // 2)] + b"\xff,}"


def _part_of_file(reply: Reply, scene: Scene) -> bytes:
    return reply.body[: int(len(reply.body) * float(scene.arguments["share"]))]


def _fault(sentence: str, damage: Callable[[Reply, Scene], Reply], **arguments: object) -> Fault:
    return Fault(sentence=sentence, accepted=True, damage=damage, arguments=arguments)


def _lost(sentence: str, damage: Callable[[Reply, Scene], Reply], **arguments: object) -> Fault:
    return _fault(f"the request is carried out, and {sentence}", damage, **arguments)


@cache
def gzip_bomb(megabytes: int) -> bytes:
    """So many million zeros as gzip: about a thousandth of that."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(megabytes)) + packer.flush()


LOST: dict[str, Fault] = {
    "lost-closed": _lost("the connection is closed without an answer", _sent(stop="before", how="close")),
    "lost-reset": _lost("the connection is reset without an answer", _sent(stop="before", how="reset")),
    "lost-silent": _lost("nothing is answered for as long as the client waits", _sent(stop="before", how="hang")),
    "lost-late": _lost("the right answer comes after `seconds`, too late for most clients", _late, seconds=30.0),
    "lost-500": _lost("the answer is 500 with an HTML page", _page(500)),
    "lost-502": _lost("the answer is 502 with an HTML page of the proxy", _page(502)),
    "lost-503": _lost("the answer is 503 with an HTML page of the proxy", _page(503)),
    "lost-504": _lost("the answer is 504 with an HTML page of the proxy", _page(504)),
    "lost-status": _lost("the answer is `status` in the vendor's own words", _other_status, status=409, message=""),
}
"""The request was carried out, and its answer is lost, by name."""
CUT: dict[str, Fault] = {
    "cut": _fault("a part of the body, then an orderly end, against Content-Length", _sent(stop="body"), share=0.5),
    "cut-no-length": _fault(
        "a part of the body without any length, then an orderly end", _sent(framing="none", stop="body"), share=0.5
    ),
    "cut-chunked": _fault("chunks that end before the last one", _sent(framing="chunked", stop="body"), share=0.5),
    "cut-stalled": _fault("a part of the body, then nothing", _sent(stop="body", how="hang"), share=0.5),
    "cut-head": _fault("a part of the head, then an orderly end", _sent(stop="head"), share=0.5),
    "reset-head": _fault("a part of the head, then a reset", _sent(stop="head", how="reset"), share=0.5),
    "reset-body": _fault("a part of the body, then a reset", _sent(stop="body", how="reset"), share=0.5),
    "reset-after": _fault("the whole right answer, then a reset", _sent(stop="after", how="reset")),
    "closed-after": _fault("the whole right answer, then an end that was not announced", _sent(stop="after")),
    "overstated": _fault("Content-Length announces `bytes` more than come", _overstated, bytes=1000),
    "overlong": _fault("`bytes` more come than Content-Length announces", _overlong, bytes=1000),
    "huge": _fault("Content-Length announces `megabytes` more, and they never come", _huge, megabytes=100_000),
    "no-length": _fault("the right answer, whole, without a length", _sent(framing="none")),
    "chunked": _fault("the right answer, whole, in chunks", _sent(framing="chunked")),
    "drip": _fault("the body comes byte by byte, one each `seconds`", _drip(head=False), seconds=0.2),
    "drip-head": _fault("head and body come byte by byte, one each `seconds`", _drip(head=True), seconds=0.2),
    "endless": _fault(
        "the right body, and then zeros without end, `rate` bytes a second",
        _sent(framing="none", endless="body"),
        rate=8e6,
    ),
    "endless-head": _fault("headers without end, `rate` bytes a second", _sent(endless="head"), rate=1e6),
}
"""The right answer, sent in a wrong or a rare manner, by name."""
WRONG: dict[str, Fault] = {
    "gzip-bomb": _fault("a small gzip body that swells to `megabytes`", _bomb, megabytes=200),
    "gzip": _fault("the right body as gzip, which the client may not have asked for", _zipped),
    "wrong-type": _fault(
        "the right body under the media type of a web page", lambda reply, _: replace(reply, type="text/html")
    ),
    "html": _fault("a web page with 200", _page(200)),
    "error-200": _fault(
        "an error as JSON with 200", lambda reply, _: _json(reply, {"error": {"code": "internal", "message": "no"}})
    ),
    "empty": _fault("200 with an empty body", _with_body(lambda reply, _: b"")),
    "no-content": _fault("204 and no body", lambda reply, _: Reply(status=204, type="")),
    "malformed": _fault("JSON that breaks off and goes wrong", _with_body(_malformed)),
    "wrong-envelope": _fault(
        "JSON of quite another shape: `data`",
        lambda reply, scene: _json(reply, scene.arguments["data"]),
        data=[{"result": "ok"}],
    ),
    "null": _fault("null in place of an object", lambda reply, _: _json(reply, None)),
    "deep": _fault("JSON so deep that readers fall over", _with_body(lambda reply, _: b"[" * 100_000 + b"]" * 100_000)),
    "half-file": _fault("`share` of the body, with the length of just that", _with_body(_part_of_file), share=0.5),
    "other-case": _fault("the keys of the JSON in capitals", _with_body(lambda reply, _: _shouted(reply.body))),
}
"""Another answer than the right one, by name."""


def _shouted(body: bytes) -> bytes:
    try:
        data = json.loads(body)
    except ValueError:
        return body.upper()
    return json.dumps({key.upper(): data[key] for key in data} if isinstance(data, dict) else data).encode()
