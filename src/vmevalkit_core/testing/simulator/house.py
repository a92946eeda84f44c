"""Where a request goes: to the script of faults first, then to the vendor; everything is written down."""

from __future__ import annotations

import sys
import traceback
from dataclasses import replace
from urllib.parse import unquote

from vmevalkit_core.testing.simulator.dialect import Phase, Route
from vmevalkit_core.testing.simulator.faults import Fault, Scene
from vmevalkit_core.testing.simulator.faults.refused import LOOP, MOVED, redirect
from vmevalkit_core.testing.simulator.life import Ending
from vmevalkit_core.testing.simulator.messages import Reply, Request
from vmevalkit_core.testing.simulator.record import Record, Seen
from vmevalkit_core.testing.simulator.script import Rule, Script
from vmevalkit_core.testing.simulator.vendor import Vendor

GOOD = Ending()


class House:
    """The vendor's front door."""

    def __init__(self, vendor: Vendor, script: Script) -> None:
        self.vendor, self.script = vendor, script
        self.record = Record()
        self.problems: list[str] = []
        """What went wrong in the dialect itself: bugs of the test, not faults of the script."""
        self.elsewhere = ""
        """The address of the other origin."""

    def answer(self, request: Request) -> tuple[Reply, Seen]:
        """The answer to any request, and the note of it."""
        seen = self.record.add(request, "other")
        try:
            reply = self._routed(request, seen)
            if self.vendor.settings.latency:
                manner = replace(reply.manner, delay=reply.manner.delay + self.vendor.settings.latency)
                reply = replace(reply, manner=manner)
            seen.status = None if reply.manner.stop == "before" else reply.status
            return reply, seen
        except Exception:  # one bad answer of a dialect must not end the vendor for every other client
            self.problems.append(f"{request.method} {request.target}: {traceback.format_exc()}")
            sys.stderr.write(self.problems[-1])
            seen.status = 500
            return Reply.of({"error": "the dialect of the simulator failed; see its problems"}, status=500), seen
        finally:
            self.record.settle(seen)

    def _routed(self, request: Request, seen: Seen) -> Reply:
        if request.path == LOOP:
            return redirect(LOOP, 307)
        moved = request.target.startswith(f"{MOVED}/")
        asked = replace(request, target=request.target.removeprefix(MOVED)) if moved else request
        route = self._route(asked)
        if isinstance(route, Reply):
            return route
        seen.phase = route.phase
        if route.phase in ("poll", "download", "cancel"):
            seen.job = self.vendor.dialect.job_of(asked) or None
        rule = None if moved else self.script.choose(asked, route.phase, self.vendor)
        return self._struck(rule, route, asked, seen) if rule else self._right(route, asked, seen)

    def _route(self, request: Request) -> Route | Reply:
        path, other = request.path, False
        for route in self.vendor.dialect.routes:
            found = route.match(path)
            if found is None:
                continue
            if route.method == request.method or (request.method, route.method) == ("HEAD", "GET"):
                request.params = {name: unquote(value) for name, value in found.items()}
                return route
            other = True
        return self.vendor.refuse("method" if other else "missing")

    def _struck(self, rule: Rule, route: Route, request: Request, seen: Seen) -> Reply:
        fault, seen.fault = rule.fault, rule.name
        scene = Scene(
            request=request,
            phase=route.phase,
            vendor=self.vendor,
            elsewhere=self.elsewhere,
            arguments=rule.arguments,
        )
        if fault.instead is not None:
            return fault.instead(scene)
        reply = self._right(route, request, seen, fault, scene)
        return reply if fault.damage is None else fault.damage(reply, scene)

    def _right(
        self, route: Route, request: Request, seen: Seen, fault: Fault | None = None, scene: Scene | None = None
    ) -> Reply:
        if refused := self.vendor.guard(route, request):
            return refused
        if route.handler is not None:
            return route.handler(request, self.vendor)
        if route.phase == "submit":
            reply, job = self.vendor.submit(request, fault.ending(scene) if fault and fault.ending and scene else GOOD)
            seen.job = job.id if job else None
            return reply
        if route.phase == "poll" and fault and scene:
            return self.vendor.poll(request, odd=fault.odd, astray=fault.link(scene) if fault.link else "")
        return self._read(route.phase, route, request)

    def _read(self, phase: Phase, route: Route, request: Request) -> Reply:
        if phase == "download":
            return self.vendor.download(route, request)
        if phase == "find":
            return self.vendor.find(request)
        if phase == "cancel":
            return self.vendor.cancel(request)
        return self.vendor.poll(request)


class Elsewhere:
    """Another origin: it has a video for everybody, and writes down who came."""

    def __init__(self) -> None:
        self.record = Record()
        self.vendor: Vendor | None = None

    def answer(self, request: Request) -> tuple[Reply, Seen]:
        """A video, or an id to fall for."""
        seen = self.record.add(request, "elsewhere")
        self.record.settle(seen)
        if self.vendor is not None and request.method in ("GET", "HEAD"):
            return Reply(body=self.vendor.clip, type="video/mp4"), seen
        return Reply.of({"id": "elsewhere", "status": "queued"}), seen
