"""A vendor made of example answers: what stands in his documentation, pasted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from vmevalkit_core.testing.simulator import Desk, Dialect, Look, Order, Refusal, Reply, Request, Why


class ExampleVendor(Dialect):
    """Answers with the examples of its class attributes, in which words in braces are filled in.

    `{id}` and `{token}` of the job, `{link}` to its video, `{progress}` from 0 to 1, `{created}` in seconds since
    1970, `{charged}` in US dollars as a text, `{cents}` as a number; `{code}` and `{message}` of a failure or a
    refusal. A text that is one of them and nothing else becomes its value: "{progress}" is a number.

    Where an example does not say enough, override a method of `Dialect`.
    """

    accepted_as: ClassVar[Any]
    """The answer to a create request."""
    shown_as: ClassVar[Mapping[str, Any]]
    """The answer to a poll by state: `queued`, `running`, `done`, `failed`, `moderated`, `empty` (done without a
    video), `cancelled`, `held` (waits because too many run; as `queued` where left out), `odd` (an unknown state)."""
    refused_as: ClassVar[Mapping[str, tuple[int, Any]]]
    """Status and body by `Why`; `input` stands for those that are left out."""
    listed_as: ClassVar[tuple[Any, Any] | None] = None
    """The answer to a request for all jobs, with "{jobs}" in it, and one job of it; None where there is no list."""
    required: ClassVar[Sequence[str]] = ()
    """Fields that a create request has to have."""
    token_field: ClassVar[str] = ""
    """The field that the vendor keeps and lists, where there is one."""
    price: ClassVar[Decimal] = Decimal("0.50")
    """US dollars for a job."""

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """The job, unless a field is missing."""
        body = _fields(request)
        missing = [name for name in self.required if body.get(name) in (None, "")]
        if missing:
            return Refusal(why="input", message=f"{missing[0]} is required")
        token = body.get(self.token_field)
        return Order(price=self.price_of(body), token=token if isinstance(token, str) else None)

    def price_of(self, body: Mapping[str, Any]) -> Decimal:
        """US dollars for what a create request asks for."""
        return self.price

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The example."""
        return Reply.of(self._filled(self.accepted_as, look, desk))

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The example of the state."""
        name = "empty" if look.empty else "moderated" if look.moderated else look.state
        example = self.shown_as.get(name, self.shown_as["queued"] if name == "held" else None)
        return Reply.of(self._filled(example, look, desk))

    def listed(self, looks: Sequence[Look], request: Request, desk: Desk) -> Reply:
        """Every job."""
        if self.listed_as is None:
            return self.refusal(Refusal(why="missing"), desk)
        whole, one = self.listed_as
        return Reply.of(filled(whole, {"jobs": [self._filled(one, look, desk) for look in looks]}))

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """The example of the reason."""
        status, example = self.refused_as.get(refusal.why, self.refused_as["input"])
        words = {"code": refusal.why, "message": refusal.message or REASONS[refusal.why]}
        return Reply.of(filled(example, words), status=status)

    def result_path(self, look: Look) -> str:
        """The path of the route for downloads."""
        (route,) = (one for one in self.routes if one.phase == "download")
        return route.pattern.replace("{id}", look.id)

    def _filled(self, example: Any, look: Look, desk: Desk) -> Any:
        charged = look.order.price - (self.refund(look) if look.state in ("failed", "cancelled") else 0)
        values = {
            "id": look.id,
            "token": look.order.token,
            "progress": look.progress,
            "created": look.created,
            "charged": str(charged),
            "cents": float(charged * 100),
            "code": look.ending.code or ("moderated" if look.moderated else "internal"),
            "message": look.ending.message or "it did not work out",
        }
        if look.state == "done" and not look.empty and "{link}" in json.dumps(example):
            values["link"] = desk.mint(look)
        return filled(example, values)


def filled(example: Any, values: Mapping[str, Any]) -> Any:
    """The example with the words in braces replaced; those that have no value stay."""
    if isinstance(example, Mapping):
        return {name: filled(value, values) for name, value in example.items()}
    if isinstance(example, list):
        return [filled(value, values) for value in example]
    if not isinstance(example, str):
        return example
    for name, value in values.items():
        if example == f"{{{name}}}":
            return value
        example = example.replace(f"{{{name}}}", str(value))
    return example


def _fields(request: Request) -> dict[str, Any]:
    """The fields of a JSON or a multipart body; a file counts as its name."""
    parts = request.parts()
    if not parts:
        return request.fields()
    return {part.name: part.filename or part.content.decode(errors="replace") for part in parts}


REASONS: Mapping[Why, str] = {
    "key": "the key is not valid",
    "input": "the request is not valid",
    "money": "there is no credit left",
    "moderated": "the content is not allowed",
    "rate": "too many requests",
    "quota": "the quota of the day is used up",
    "crowded": "too many jobs at once",
    "missing": "there is no such thing",
    "method": "the method is not allowed here",
    "ended": "the job has ended",
    "expired": "the link has expired",
    "unavailable": "out of service",
    "broken": "something broke",
}
