"""The engine of every vendor: it accepts and bills, lets jobs live, signs links and keeps limits."""

from __future__ import annotations

import hashlib
import hmac
import random
import secrets
import time
from dataclasses import asdict, replace
from decimal import Decimal
from itertools import count
from math import ceil
from typing import Any
from urllib.parse import urlencode

from vmevalkit_core.testing.simulator.caps import Lanes, Window
from vmevalkit_core.testing.simulator.clip import Clip
from vmevalkit_core.testing.simulator.dialect import Dialect, Refusal, Route, Why
from vmevalkit_core.testing.simulator.ledger import Ledger
from vmevalkit_core.testing.simulator.life import ENDED, Ending, Job, Look, Order
from vmevalkit_core.testing.simulator.messages import Reply, Request
from vmevalkit_core.testing.simulator.settings import Settings

DAY = 86_400.0
EXPIRED = "expired"
"""Shown as a link that was valid until a second ago."""


class Clock:
    """Time that can be pushed ahead, so that nothing has to be waited for."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic() + self.ahead

    def unix(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.ahead


class Vendor:
    """One account at the simulated vendor; a `Desk` to its dialect."""

    def __init__(self, dialect: Dialect, settings: Settings, ledger: Ledger) -> None:
        self.dialect, self.settings, self.ledger = dialect, settings, ledger
        self.clock = Clock()
        self.origin = ""
        self.uploads: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, Job] = {}
        self._clip = Clip()
        self._lanes = Lanes()
        self._second, self._minute, self._day = Window(1.0), Window(60.0), Window(DAY)
        self._secret, self._links = secrets.token_bytes(16), count(1)
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

    def refuse(self, why: Why, message: str = "", **facts: Any) -> Reply:
        """A refusal in the dialect's words."""
        return self.dialect.refusal(Refusal(why=why, message=message, facts=facts), self)

    def guard(self, route: Route, request: Request) -> Reply | None:
        """The refusal of a request that is not let in: no key, or too many requests."""
        if route.wants_key and (refusal := self.dialect.check(request, self)):
            return self.dialect.refusal(refusal, self)
        if route.phase not in self.settings.rate_phases:
            return None
        now, settings = self.clock.now(), self.settings
        wait = max(
            self._second.wait(settings.requests_per_second, now), self._minute.wait(settings.requests_per_minute, now)
        )
        if wait:
            return self.come_again(self.refuse("rate"), wait, settings.retry_after)
        self._second.add(now)
        self._minute.add(now)
        return None

    def come_again(self, reply: Reply, wait: float, form: str) -> Reply:
        """The reply with a Retry-After of so many seconds, as a number or as a date of HTTP."""
        if form == "none":
            return reply
        # A date has whole seconds, so it is rounded up: the vendor means it.
        when = time.gmtime(ceil(self.clock.unix() + wait))
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", when)
        value = date if form == "date" else str(max(1, ceil(wait)))
        return replace(reply, headers={**reply.headers, "Retry-After": value})

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
        if route.signed and not self._signature_holds(request):
            return self.refuse("expired")
        job = self.find_job(request)
        look = job and self.look(job)
        if look is None or look.state != "done" or look.empty:
            return self.refuse("missing")
        return Reply(body=self.clip, type="video/mp4")

    def find(self, request: Request) -> Reply:
        """The jobs of the account."""
        now = self.clock.now()
        self._lanes.settle(self.settings.jobs_at_once, now)
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
        return self.dialect.cancelled(look, self)

    def find_job(self, request: Request) -> Job | None:
        """The job that a request is about, unless it was deleted."""
        job = self.jobs.get(self.dialect.job_of(request))
        return None if job is None or job.deleted else job

    def look(self, job: Job) -> Look:
        """A job as it is now; its end is written into the ledger when it is first seen."""
        now = self.clock.now()
        self._lanes.settle(self.settings.jobs_at_once, now)
        look = job.look(now)
        if look.state in ENDED and not job.closed:
            job.closed = True
            self.ledger.write("ended", job.id, end=look.state, refund=str(self.dialect.refund(look)), monotonic=now)
        return look

    def settle(self) -> None:
        """Write down every end up to now, polled or not."""
        for job in self.jobs.values():
            self.look(job)

    def mint(self, look: Look) -> str:
        """A new signed link to a job's video."""
        if self._astray not in ("", EXPIRED):
            return self._astray
        lives = -1.0 if self._astray else self.settings.link_seconds
        expires = f"{self.clock.now() + lives:.3f}"
        return self._signed(self.dialect.result_path(look), expires)

    def _signed(self, path: str, expires: str) -> str:
        query = {"expires": expires, "n": str(next(self._links))}
        return f"{self.origin}{path}?{urlencode(query | {'signature': self._signature(path, query)})}"

    def _signature(self, path: str, query: dict[str, str]) -> str:
        text = f"{path}\n{query.get('expires')}\n{query.get('n')}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def _signature_holds(self, request: Request) -> bool:
        query = request.query
        if not hmac.compare_digest(query.get("signature", ""), self._signature(request.path, query)):
            return False
        return float(query["expires"]) > self.clock.now()

    def _afford(self, order: Order, now: float) -> Reply | None:
        settings = self.settings
        if settings.balance is not None and self.billed + order.price > Decimal(settings.balance):
            return self.refuse("money")
        if wait := self._day.wait(settings.jobs_per_day, now):
            return self.come_again(self.refuse("quota"), wait, settings.retry_after)
        crowded = settings.jobs_at_once is not None and self._lanes.busy(now) >= settings.jobs_at_once
        return self.refuse("crowded") if crowded and not self.dialect.holds else None

    def _accept(self, order: Order, ending: Ending, request: Request) -> Job:
        now, number = self.clock.now(), len(self.jobs) + 1
        job = Job(
            id=self.dialect.new_id(number),
            number=number,
            order=order,
            ending=ending,
            accepted=now,
            created=self.clock.unix(),
            queued=self.settings.queued_seconds,
            running=self._running_time(),
        )
        self._write(job, hashlib.sha256(request.body).hexdigest())
        self._enter(job)
        return job

    def _write(self, job: Job, digest: str) -> None:
        self.ledger.write(
            "accepted",
            job.id,
            number=job.number,
            time=job.created,
            monotonic=job.accepted,
            token=job.order.token,
            price=str(job.order.price),
            model=job.order.model,
            facts=job.order.facts,
            digest=digest,
            queued=job.queued,
            running=job.running,
            ending=asdict(job.ending),
        )

    def _enter(self, job: Job) -> None:
        self.jobs[job.id] = job
        self._day.add(job.accepted)
        self._lanes.add(job, self.settings.jobs_at_once)

    def _remember(self, line: dict[str, Any]) -> None:
        """Take up a job of an earlier process over the same folder."""
        if line["event"] == "ended":
            job = self.jobs[line["id"]]
            job.closed = True
            job.cancelled = line["monotonic"] if line["end"] == "cancelled" else None
            return
        order = Order(price=Decimal(line["price"]), token=line["token"], model=line["model"], facts=line["facts"])
        self._enter(
            Job(
                id=line["id"],
                number=line["number"],
                order=order,
                ending=Ending(**line["ending"]),
                accepted=line["monotonic"],
                created=line["time"],
                queued=line["queued"],
                running=line["running"],
            )
        )

    def _running_time(self) -> float:
        settings, chance = self.settings, self._random
        spread = chance.lognormvariate(0.0, settings.spread) if settings.spread else 1.0
        return settings.running_seconds * spread * (5.0 if chance.random() < settings.stragglers else 1.0)

    def _by_token(self, token: str) -> Job | None:
        return next((job for job in self.jobs.values() if job.order.token == token), None)
