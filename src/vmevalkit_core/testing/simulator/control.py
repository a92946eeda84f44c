"""The tests' own door, below `/_simulator/`: no fault strikes there and no request is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from vmevalkit_core.testing.simulator.house import Elsewhere, House
from vmevalkit_core.testing.simulator.messages import Reply, Request
from vmevalkit_core.testing.simulator.record import Seen
from vmevalkit_core.testing.simulator.script import Script
from vmevalkit_core.testing.simulator.server import Crowd
from vmevalkit_core.testing.simulator.settings import BadSetting

DOOR = "/_simulator/"


class Control:
    """Changes the script and the settings, and tells what happened."""

    def __init__(self, build: Callable[[], House], elsewhere: Elsewhere, crowds: tuple[Crowd, Crowd]) -> None:
        self._build, self._elsewhere, self._crowds = build, elsewhere, crowds
        self._house = build()
        elsewhere.vendor = self._house.vendor
        self.away: Callable[[float], None] = lambda seconds: None
        """Stops listening for so many seconds."""
        self._answers: dict[str, Callable[[Request], Any]] = {
            "GET state": self._state,
            "GET requests": self._requests,
            "GET elsewhere": lambda request: list(elsewhere.record.as_json(None, 0)),
            "GET jobs": self._jobs,
            "GET ledger": self._ledger,
            "POST script": self._script,
            "POST settings": self._settings,
            "POST advance": self._advance,
            "POST away": self._away,
            "POST forget": self._forget,
            "POST reset": self._reset,
        }

    def listens_at(self, origin: str, elsewhere: str) -> None:
        """Tell the vendor his addresses."""
        self._house.vendor.origin, self._house.elsewhere = origin, elsewhere

    def settle(self) -> None:
        """Write down every end up to now."""
        self._house.vendor.settle()

    def answer(self, request: Request) -> tuple[Reply, Seen | None]:
        """The answer to any request that comes to the vendor's address."""
        if not request.path.startswith(DOOR):
            return self._house.answer(request)
        found = self._answers.get(f"{request.method} {request.path.removeprefix(DOOR)}")
        if found is None:
            return Reply.of({"error": f"there is no {request.method} {request.path}"}, status=404), None
        try:
            return Reply.of(found(request)), None
        except BadSetting as error:
            return Reply.of({"error": str(error)}, status=400), None
        except Exception as error:  # a mistake of a test is told to the test
            return Reply.of({"error": f"{type(error).__name__}: {error}"}, status=400), None

    def _state(self, request: Request) -> dict[str, Any]:
        vendor, (crowd, others) = self._house.vendor, self._crowds
        vendor.settle()
        return {
            "requests": self._house.record.counts(),
            "jobs": len(vendor.jobs),
            "billed": str(vendor.billed),
            "script": self._house.script.counts(),
            "open": len(crowd.open),
            "opened": crowd.clients,
            "elsewhere": others.opened,
            "problems": self._house.problems,
            "settings": asdict(vendor.settings),
        }

    def _requests(self, request: Request) -> list[dict[str, Any]]:
        query = request.query
        return list(self._house.record.as_json(query.get("phase"), int(query.get("since", 0))))

    def _jobs(self, request: Request) -> list[dict[str, Any]]:
        vendor = self._house.vendor
        looks = [vendor.look(job) for job in vendor.jobs.values()]
        return [
            {"id": look.id, "number": look.number, "state": look.state, "progress": look.progress}
            | {"token": look.order.token, "price": str(look.order.price), "ending": look.ending.kind}
            for look in looks
        ]

    def _ledger(self, request: Request) -> list[dict[str, Any]]:
        self._house.vendor.settle()
        return self._house.vendor.ledger.lines

    def _script(self, request: Request) -> dict[str, Any]:
        self._house.script = Script(request.json(), seed=self._house.vendor.settings.seed)
        return {}

    def _settings(self, request: Request) -> dict[str, Any]:
        vendor = self._house.vendor
        vendor.change(request.json())
        self._house.record.lean = vendor.settings.lean
        return {}

    def _advance(self, request: Request) -> dict[str, Any]:
        self._house.vendor.clock.ahead += float(request.json()["seconds"])
        return {}

    def _away(self, request: Request) -> dict[str, Any]:
        self.away(float(request.json()["seconds"]))
        return {}

    def _reset(self, request: Request) -> dict[str, Any]:
        old = self._house
        old.vendor.ledger.remove()
        self._house = self._build()
        self._elsewhere.vendor = self._house.vendor
        self._elsewhere.record.clear()
        self.listens_at(old.vendor.origin, old.elsewhere)
        for crowd in self._crowds:
            crowd.opened = crowd.clients = 0
        return {}

    def _forget(self, request: Request) -> dict[str, Any]:
        self._house.record.clear()
        self._elsewhere.record.clear()
        return {}
