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


def _lost(sentence: str, damage: Callable[[Reply, Scene], Reply], **arguments: object) -> Fault:
    return Fault(sentence=f"{sentence}; the request was carried out", accepted=True, damage=damage, arguments=arguments)


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
    "lost-500": _lost("500 with an HTML page", _page(500)),
    "lost-502": _lost("502 with an HTML page of the proxy", _page(502)),
    "lost-503": _lost("503 with an HTML page of the proxy", _page(503)),
    "lost-504": _lost("504 with an HTML page of the proxy", _page(504)),
}
"""The request was carried out, and its answer is lost, by name."""
CUT: dict[str, Fault] = {
    "cut": _lost("a part of the body, then an orderly end, against Content-Length", _sent(stop="body")),
    "cut-no-length": _lost(
        "a part of the body without any length, then an orderly end", _sent(framing="none", stop="body")
    ),
    "cut-chunked": _lost("chunks that end before the last one", _sent(framing="chunked", stop="body")),
    "cut-stalled": _lost("a part of the body, then nothing", _sent(stop="body", how="hang")),
    "cut-head": _lost("a part of the head, then an orderly end", _sent(stop="head")),
    "reset-head": _lost("a part of the head, then a reset", _sent(stop="head", how="reset")),
    "reset-body": _lost("a part of the body, then a reset", _sent(stop="body", how="reset")),
    "reset-after": _lost("the whole right answer, then a reset", _sent(stop="after", how="reset")),
    "closed-after": _lost("the whole right answer, then an end that was not announced", _sent(stop="after")),
    "overstated": _lost("Content-Length announces `bytes` more than come", _overstated, bytes=1000),
    "overlong": _lost("`bytes` more come than Content-Length announces", _overlong, bytes=1000),
    "huge": _lost("Content-Length announces `megabytes` more, and they never come", _huge, megabytes=100_000),
    "no-length": _lost("the right answer, whole, without a length", _sent(framing="none")),
    "chunked": _lost("the right answer, whole, in chunks", _sent(framing="chunked")),
    "drip": _lost("the body comes byte by byte, one each `seconds`", _drip(head=False), seconds=0.2),
    "drip-head": _lost("head and body come byte by byte, one each `seconds`", _drip(head=True), seconds=0.2),
    "endless": _lost(
        "the right body, and then zeros without end, `rate` bytes a second",
        _sent(framing="none", endless="body"),
        rate=8e6,
    ),
    "endless-head": _lost("headers without end, `rate` bytes a second", _sent(endless="head"), rate=1e6),
}
"""The right answer, sent in a wrong or a rare manner, by name."""
WRONG: dict[str, Fault] = {
    "gzip-bomb": _lost("a small gzip body that swells to `megabytes`", _bomb, megabytes=200),
    "gzip": _lost("the right body as gzip, which the client may not have asked for", _zipped),
    "wrong-type": _lost(
        "the right body under the media type of a web page", lambda reply, _: replace(reply, type="text/html")
    ),
    "html": _lost("a web page with 200", _page(200)),
    "error-200": _lost(
        "an error as JSON with 200", lambda reply, _: _json(reply, {"error": {"code": "internal", "message": "no"}})
    ),
    "empty": _lost("200 with an empty body", _with_body(lambda reply, _: b"")),
    "no-content": _lost("204 and no body", lambda reply, _: Reply(status=204, type="")),
    "malformed": _lost("JSON that breaks off and goes wrong", _with_body(_malformed)),
    "wrong-envelope": _lost(
        "JSON of quite another shape: `data`",
        lambda reply, scene: _json(reply, scene.arguments["data"]),
        data=[{"result": "ok"}],
    ),
    "null": _lost("null", lambda reply, _: _json(reply, None)),
    "deep": _lost("JSON so deep that readers fall over", _with_body(lambda reply, _: b"[" * 100_000 + b"]" * 100_000)),
    "half-file": _lost("`share` of the body, with the length of just that", _with_body(_part_of_file), share=0.5),
    "other-case": _lost("the keys of the JSON in capitals", _with_body(lambda reply, _: _shouted(reply.body))),
}
"""Another answer than the right one, by name."""


def _shouted(body: bytes) -> bytes:
    try:
        data = json.loads(body)
    except ValueError:
        return body.upper()
    return json.dumps({key.upper(): data[key] for key in data} if isinstance(data, dict) else data).encode()
