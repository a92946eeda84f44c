"""What a vendor's wire looks like: the part that the author of a plugin writes.

The engine knows what every vendor does (accept, bill, queue, run, fail, moderate, sign links, limit rates). A
`Dialect` says how this vendor words it: which paths there are, what a create request asks for and costs, and the
JSON of each state and each refusal. Subclass `Dialect`, fill in `routes`, `order`, `accepted`, `shown` and `refusal`,
and override of the rest what the vendor does otherwise than the default. `PlainVendor` is a whole example.

    class Acme(Dialect):
        routes = (
            Route("POST", "/v2/videos", "submit"),
            Route("GET", "/v2/videos/{id}", "poll"),
            Route("GET", "/cdn/{id}.mp4", "download", signed=True),
        )
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from vmevalkit_core.testing.simulator.life import Look, Order
from vmevalkit_core.testing.simulator.messages import Reply, Request
from vmevalkit_core.testing.simulator.settings import Settings

Phase = Literal["submit", "poll", "download", "upload", "find", "cancel", "account"]
"""What a request is about; faults are aimed at phases."""
PHASES: tuple[Phase, ...] = ("submit", "poll", "download", "upload", "find", "cancel", "account")
Why = Literal[
    "key",
    "input",
    "money",
    "moderated",
    "rate",
    "quota",
    "crowded",
    "missing",
    "method",
    "ended",
    "expired",
    "unavailable",
    "broken",
]
"""Why a request is refused: a wrong or missing key; a bad request; no money; content that is moderated at once; too
many requests; the quota of the day; too many jobs at once; no such job or path; a method that the path does not have;
a job that ended before it could be cancelled; a link that is no longer valid; out of service; a fault of the vendor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request gets no, and what the vendor says about it."""

    why: Why
    """One of `Why`, from `key` to `broken`."""
    message: str = ""
    """The vendor's words; "" for the dialect's usual ones."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Whatever `order` or `check` wants the answer to name, such as the field at fault."""


class Desk(Protocol):
    """What a dialect may ask of the engine that it speaks for."""

    settings: Settings
    """Those that hold now."""
    origin: str
    """The scheme, host and port of the vendor, without a slash at the end."""
    uploads: dict[str, dict[str, Any]]
    """For the dialect's own use: what was uploaded, by id."""

    @property
    def clip(self) -> bytes:
        """The video that is served, for vendors that put it into the answer."""

    @property
    def billed(self) -> Decimal:
        """What was billed so far, less what was given back."""

    def mint(self, look: Look) -> str:
        """A new signed link to a job's video."""

    def jobs_today(self, lane: str) -> int:
        """How many jobs were accepted in the last 24 hours in one lane of `Dialect.lane_of`."""


Handler = Callable[[Request, Desk], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the vendor."""

    method: str
    """Such as `POST`."""
    pattern: str
    """Such as `/v1/jobs/{id}`; `{name}` takes one part of the path and `{name...}` all that is left."""
    phase: Phase
    """What the path is for."""
    handler: Handler | None = None
    """Answers in place of the engine: for uploads, the account, and whatever else a vendor has."""
    keyed: bool | None = None
    """Whether the vendor wants a key; None stands for all but downloads."""
    signed: bool = False
    """Whether the path is only valid with a signature that `Desk.mint` made, until that expires."""

    @property
    def wants_key(self) -> bool:
        """Whether `Dialect.check` is asked."""
        return self.phase != "download" if self.keyed is None else self.keyed

    def match(self, path: str) -> dict[str, str] | None:
        """What the pattern catches in a path; None where the path is another one."""
        found = _regex(self.pattern).fullmatch(path)
        return found and found.groupdict()


class Dialect(Protocol):
    """How a vendor puts things; an instance serves one simulator from one thread."""

    name: str = "vendor"
    """What the vendor is called."""
    routes: Sequence[Route] = ()
    """The paths of the vendor; the first one that fits a request counts."""
    holds: bool = False
    """Whether jobs over `jobs_at_once` are accepted and held in line, instead of refused as `crowded`."""
    deletes: bool = False
    """Whether the cancelling of an ended job deletes it; else it is refused as `ended`."""

    def order(self, request: Request, desk: Desk) -> Order | Refusal:
        """What a create request asks for and costs, or why it is refused; checks everything that the vendor checks."""

    def accepted(self, look: Look, desk: Desk) -> Reply:
        """The answer to a create request that was taken."""

    def shown(self, look: Look, desk: Desk) -> Reply:
        """The answer to a poll, in each of the states of `Look.state`.

        A job that is done gets its link from `desk.mint(look)`, anew with each poll; `look.empty` and
        `look.moderated` tell the special ends. For `odd` say a word that no client has heard of.
        """

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """The answer to a request that is refused, for each `why`; the engine adds Retry-After where it is due."""

    def check(self, request: Request, desk: Desk) -> Refusal | None:
        """Why a request cannot be let in; the default wants `Authorization: Bearer` with a known key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return None if scheme == "Bearer" and knows(desk, key) else Refusal(why="key")

    def job_of(self, request: Request) -> str:
        """The id of the job that a poll, download or cancel is about; the default takes `{id}` of the pattern."""
        return request.params.get("id", "")

    def new_id(self, number: int) -> str:
        """The id of the next job; the default is a UUID."""
        return str(uuid.uuid4())

    def listed(self, looks: Sequence[Look], request: Request, desk: Desk) -> Reply:
        """The answer to a request for the jobs of the account; `looks` holds all that may be listed, oldest first."""
        return self.refusal(Refusal(why="missing"), desk)

    def cancelled(self, look: Look, desk: Desk) -> Reply:
        """The answer to a cancel that worked; `look` is the job before it where it was deleted, else after it."""
        return Reply(status=204, type="")

    def lane_of(self, order: Order) -> str:
        """What `jobs_at_once` and `jobs_per_day` are counted for; the default has one lane, others one a model."""
        return ""

    def refund(self, look: Look) -> Decimal:
        """What is given back at the end of a job; the default is all for failures that are not the content's fault."""
        nothing = look.state == "done" or look.moderated or look.before == "running"
        return Decimal(0) if nothing else look.order.price

    def result_path(self, look: Look) -> str:
        """The path of a job's video, without the signature; one of `routes`, with phase `download`."""
        return f"/files/{look.id}.mp4"


def knows(desk: Desk, key: str) -> bool:
    """Whether a key is one of the account's; any key is where the settings name none."""
    return bool(key) and (desk.settings.keys is None or key in desk.settings.keys)


def _regex(pattern: str) -> re.Pattern[str]:
    found = _PATTERNS.get(pattern)
    if found is None:
        pieces = re.split(r"(\{\w+(?:\.\.\.)?\})", pattern)
        found = _PATTERNS[pattern] = re.compile("".join(map(_piece, pieces)))
    return found


def _piece(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    name = piece[1:-1]
    return f"(?P<{name[:-3]}>.+)" if name.endswith("...") else f"(?P<{name}>[^/]+)"


_PATTERNS: dict[str, re.Pattern[str]] = {}
