"""The engine of every vendor: it accepts and bills, lets jobs live, signs links and keeps limits."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from email.utils import formatdate
from typing import Any

from vmevalkit_core.testing.simulator.caps import Caps
from vmevalkit_core.testing.simulator.clip import Clip
from vmevalkit_core.testing.simulator.clock import Clock
from vmevalkit_core.testing.simulator.dialect import Dialect, Refusal, Route, Why
from vmevalkit_core.testing.simulator.entries import entry_of, job_from
from vmevalkit_core.testing.simulator.ledger import Ledger
from vmevalkit_core.testing.simulator.life import ENDED, Ending, Job, Look, Order
from vmevalkit_core.testing.simulator.links import Links
from vmevalkit_core.testing.simulator.messages import Reply, Request
from vmevalkit_core.testing.simulator.settings import Settings

EXPIRED = "expired"
"""Shown as a link that was valid until a second ago."""


class Vendor:
    """One account at the simulated vendor; a `Desk` to its dialect."""

    def __init__(self, dialect: Dialect, settings: Settings, ledger: Ledger) -> None:
        self.dialect, self.settings, self.ledger = dialect, settings, ledger
        self.clock = Clock()
        self.origin = ""
        self.uploads: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, Job] = {}
        self._clip = Clip()
        self._caps, self._links = Caps(), Links()
        self._astray = ""
        self._random = random.Random(settings.seed)
        for line in ledger.lines:
            self._remember(line)

    @property
    def clip(self) -> bytes:
        """The video that is served."""
        return self._clip.content(self.settings.clip)

    @property
    def billed(self) -> Decimal:
        """What was billed, less what was given back."""
        return self.ledger.billed

    @property
    def wall(self) -> float:
        """Seconds since 1970 by the vendor's clock, which `advance` leaves alone: clients compare it with theirs."""
        return time.time() + self.settings.skew_seconds

    def change(self, values: Mapping[str, Any]) -> None:
        """Change settings, all or none; BadSetting for one that cannot be."""
        changed = self.settings.changed(values)
        self._clip.content(changed.clip)
        self.settings = changed
        if "seed" in values:
            self._random = random.Random(changed.seed)

    def refuse(self, why: Why, message: str = "", **facts: Any) -> Reply:
        """A refusal in the dialect's words."""
        return self.dialect.refusal(Refusal(why=why, message=message, facts=facts), self)

    def guard(self, route: Route, request: Request) -> Reply | None:
        """The refusal of a request that is not let in: no key, or too many requests."""
        if route.wants_key and (refusal := self.dialect.check(request, self)):
            return self.dialect.refusal(refusal, self)
        if route.phase not in self.settings.rate_phases:
            return None
        wait = self._caps.let_in(self.settings, self.clock.now())
        return self.come_again(self.refuse("rate"), wait, self.settings.retry_after) if wait else None

    def come_again(self, reply: Reply, wait: float, form: str) -> Reply:
        """The reply with a Retry-After of so many seconds, in the form `seconds` or `date`; as it is for `none`."""
        if form == "none":
            return reply
        told = {"Retry-After": self.clock.in_words(wait, form, self.wall)}
        if form == "date":  # which means nothing without the clock that it is of
            told["Date"] = formatdate(self.wall, usegmt=True)
        return replace(reply, headers={**reply.headers, **told})

    def submit(self, request: Request, ending: Ending) -> tuple[Reply, Job | None]:
        """Take a job and bill it, or refuse it."""
        order = self.dialect.order(request, self)
        if isinstance(order, Refusal):
            return self.dialect.refusal(order, self), None
        if self.settings.repeats_tokens and order.token and (job := self._by_token(order.token)):
            return self.dialect.accepted(job.look(self.clock.now()), self), job
        now = self.clock.now()
        if refused := self._afford(order, now):
            return refused, None
        job = self._accept(order, ending, request)
        return self.dialect.accepted(job.look(now), self), job

    def poll(self, request: Request, *, odd: bool = False, astray: str = "") -> Reply:
        """What the vendor says about a job; `astray` is shown in place of a link, or is "expired"."""
        job = self.find_job(request)
        if job is None:
            return self.refuse("missing")
        look = self.look(job)
        if odd and look.state not in ENDED:
            look = replace(look, state="odd")
        self._astray = astray
        try:
            return self.dialect.shown(look, self)
        finally:
            self._astray = ""

    def download(self, route: Route, request: Request) -> Reply:
        """A job's video."""
        if route.signed and not self._links.hold(request, self.clock.now()):
            return self.refuse("expired")
        job = self.find_job(request)
        look = job and self.look(job)
        if look is None or look.state != "done" or look.empty:
            return self.refuse("missing")
        return Reply(body=self.clip, type="video/mp4")

    def find(self, request: Request) -> Reply:
        """The jobs of the account."""
        now = self.clock.now()
        self._caps.settle(self.settings, now)
        settled = [job for job in self.jobs.values() if job.accepted + self.settings.listed_after <= now]
        return self.dialect.listed([job.look(now) for job in settled if not job.deleted], request, self)

    def cancel(self, request: Request) -> Reply:
        """End a job that is not over yet; delete it where it is and the vendor does so."""
        job = self.find_job(request)
        if job is None:
            return self.refuse("missing")
        look = self.look(job)
        if look.state not in ENDED:
            job.cancelled = self.clock.now()
            return self.dialect.cancelled(self.look(job), self)
        if not self.dialect.deletes:
            return self.refuse("ended")
        job.deleted = True
        self.ledger.write("deleted", job.id, monotonic=self.clock.now())
        return self.dialect.cancelled(look, self)

    def find_job(self, request: Request) -> Job | None:
        """The job that a request is about, unless it was deleted."""
        job = self.jobs.get(self.dialect.job_of(request))
        return None if job is None or job.deleted else job

    def look(self, job: Job) -> Look:
        """A job as it is now; its end is written into the ledger when it is first seen."""
        now = self.clock.now()
        self._caps.settle(self.settings, now)
        look = job.look(now)
        if look.state in ENDED and not job.closed:
            job.closed = True
            self.ledger.write("ended", job.id, end=look.state, refund=str(self.dialect.refund(look)), monotonic=now)
        return look

    def settle(self) -> None:
        """Write down every end up to now, polled or not."""
        for job in self.jobs.values():
            self.look(job)

    def jobs_today(self, lane: str) -> int:
        """How many jobs were accepted in the last 24 hours."""
        return self._caps.today(lane, self.clock.now())

    def mint(self, look: Look) -> str:
        """A new signed link to a job's video."""
        if self._astray not in ("", EXPIRED):
            return self._astray
        lives = -1.0 if self._astray else self.settings.link_seconds
        return self._links.make(self.origin, self.dialect.result_path(look), self.clock.now() + lives)

    def _afford(self, order: Order, now: float) -> Reply | None:
        settings, lane = self.settings, self.dialect.lane_of(order)
        if settings.balance is not None and self.billed + order.price > Decimal(settings.balance):
            return self.refuse("money")
        if wait := self._caps.until_tomorrow(lane, settings, now):
            return self.come_again(self.refuse("quota"), wait, settings.retry_after)
        crowded = not self.dialect.holds and self._caps.crowded(lane, settings, now)
        return self.refuse("crowded") if crowded else None

    def _accept(self, order: Order, ending: Ending, request: Request) -> Job:
        now, number = self.clock.now(), len(self.jobs) + 1
        job = Job(
            id=self.dialect.new_id(number),
            number=number,
            order=order,
            ending=ending,
            accepted=now,
            created=self.wall,
            queued=self.settings.queued_seconds,
            running=self._running_time(),
        )
        self.ledger.write("accepted", job.id, **entry_of(job, hashlib.sha256(request.body).hexdigest()))
        self._enter(job)
        return job

    def _enter(self, job: Job) -> None:
        self.jobs[job.id] = job
        self._caps.enter(job, self.dialect.lane_of(job.order), self.settings)

    def _remember(self, line: Mapping[str, Any]) -> None:
        """Take up what an earlier process did over the same folder; time does not run back behind it."""
        self.clock.reach(line["monotonic"])
        if line["event"] == "accepted":
            self._enter(job_from(line))
            return
        job = self.jobs[line["id"]]
        job.closed = True
        job.deleted = line["event"] == "deleted"
        if line["event"] == "ended" and line["end"] == "cancelled":
            job.cancelled = line["monotonic"]

    def _running_time(self) -> float:
        settings, chance = self.settings, self._random
        spread = chance.lognormvariate(0.0, settings.spread) if settings.spread else 1.0
        return settings.running_seconds * spread * (5.0 if chance.random() < settings.stragglers else 1.0)

    def _by_token(self, token: str) -> Job | None:
        return next((job for job in self.jobs.values() if job.order.token == token), None)
