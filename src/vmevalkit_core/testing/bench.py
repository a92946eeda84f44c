"""One model before its simulated vendor: questions, runs of it, and what both sides have on record."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from vmevalkit_core.attempts import find_attempts
from vmevalkit_core.checks import Check
from vmevalkit_core.generator import ApiGenerator
from vmevalkit_core.planner import Plan, Policy
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Report, Runner
from vmevalkit_core.scan import scan
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.testing.accounts import asked
from vmevalkit_core.testing.clocks import QuickClock
from vmevalkit_core.testing.simulator import Simulator

PROMPT = "Solve the maze."
SPEED = 200.0
"""Seconds of the model's clock in one of ours."""
PATIENT = {"submit_timeout": 20.0, "poll_timeout": 20.0, "fetch_timeout": 20.0}
"""Real seconds: the machine may be busy."""
HASTY = {"submit_timeout": 4.0, "poll_timeout": 1.0}
"""For a vendor that lets a request hang."""
AT_ONCE = {"running_seconds": 0.0, "queued_seconds": 0.0}
"""Settings of the simulator under which nobody waits for a job."""


class QuickWaits(QuickClock):
    """Waits take a part of their time, and dates are true: a vendor compares them with his own."""

    def now(self) -> datetime:
        """The time of day."""
        return datetime.now(UTC)


class Ended(NamedTuple):
    """How a command's one run ended."""

    end: str
    """A status of the record, or `blocked` and the like; `done`: nothing was left to do; `interrupted`: by the test."""
    kind: str = ""
    """The class of the error."""
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The model under test, and the vendor that it is led to."""

    model: str
    registry: Registry
    spec: ModelSpec
    factory: type[ApiGenerator]
    vendor: Simulator
    env: Mapping[str, str]
    secrets: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def finds(self) -> bool:
        """Whether the plugin lists jobs at the vendor."""
        return self.factory.find is not ApiGenerator.find

    @property
    def cancels(self) -> bool:
        """Whether the plugin cancels jobs."""
        return self.factory.cancel is not ApiGenerator.cancel


class Bench:
    """Runs of one question in a folder of their own; each `run` is a command of its own."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject, self.folder = subject, folder
        self.vendor = subject.vendor
        self.out = folder / "out"

    def run(self, **settings: Any) -> Ended:
        """How the question's run ends; see `arun`."""
        return asyncio.run(self.arun(**settings))

    async def arun(
        self,
        *,
        prompt: str = PROMPT,
        figures: Mapping[str, Any] = PATIENT,
        stop_when: Callable[[], bool] | None = None,
        **settings: Any,
    ) -> Ended:
        """How the question's run ends: `figures` are set on the generator, `settings` go to the Runner."""
        runner = self.runner(**settings)
        plan = self.plan(runner, prompt)
        if not plan.runs:
            return Ended("done")
        worker = runner.workshop.worker
        await worker.prepare(self.subject.spec)
        for name, value in figures.items():
            setattr(worker.generator(self.subject.spec), name, value)
        watch = asyncio.create_task(_stop(runner, stop_when)) if stop_when else None
        try:
            report = await runner.execute(plan)
        finally:
            if watch:
                watch.cancel()
        return self._ended(report)

    def runner(self, *, speed: float = SPEED, env: Mapping[str, str] | None = None, **settings: Any) -> Runner:
        """A runner that keeps its runs in this bench's folder."""
        settings.setdefault("clock", QuickWaits(speed))
        settings.setdefault("policy", Policy())
        given = self.subject.env if env is None else env
        return Runner(self.subject.registry, output=self.out, experiment="contract", env=given, **settings)

    def plan(self, runner: Runner, prompt: str = PROMPT, options: Mapping[str, Any] | None = None) -> Plan:
        """The plan for the question, which is drawn unless it is there."""
        ask = runner.ask(self.subject.spec, self.subject.options if options is None else options)
        return runner.plan(scan(self.question(prompt)), [ask])

    def ask_vendor(self) -> list[Check]:
        """What `vmeval doctor --online` finds about the account."""
        return asked(self.subject.env, self.subject.registry)

    def question(self, prompt: str = PROMPT, size: tuple[int, int] = (640, 640)) -> Path:
        """The folder with the one question."""
        root = self.folder / "questions"
        if not root.exists():
            draw_question(root, prompt, size)
        return root

    @property
    def records(self) -> list[dict[str, Any]]:
        """Every record, oldest first."""
        return [attempt.data for attempt in find_attempts(self.out)] if self.out.exists() else []

    @property
    def record(self) -> dict[str, Any]:
        """The newest record."""
        return self.records[-1]

    @property
    def posts(self) -> int:
        """How often the paid request came in."""
        return self.vendor.counts().get("submit", 0)

    @property
    def taken(self) -> int:
        """How many jobs the vendor took."""
        return len(self.vendor.accepted())

    def _ended(self, report: Report) -> Ended:
        if report.good:
            return Ended("success")
        if report.interrupted and not report.troubles:
            return Ended("interrupted")
        (trouble,) = report.troubles
        kind = type(trouble.cause).__name__ if trouble.cause else ""
        if not kind and self.records:
            kind = (self.record["provenance"].get("failure") or {}).get("type", "")
        return Ended(trouble.end, kind, trouble.error, trouble.hint)


async def _stop(runner: Runner, when: Callable[[], bool]) -> None:
    while not await asyncio.to_thread(when):  # noqa: ASYNC110 (another process is asked, which tells nobody)
        await asyncio.sleep(0.01)
    runner.stop.set()


def draw_question(
    root: Path, prompt: str = PROMPT, size: tuple[int, int] = (640, 640), *, name: str = "maze_0001"
) -> Path:
    """A question as datasets have them: a first frame with something in it, a final frame, a prompt."""
    folder = root / "maze_task" / name
    folder.mkdir(parents=True)
    (folder / "first_frame.png").write_bytes(_picture("navy", size))
    (folder / "final_frame.png").write_bytes(_picture("gold", size))
    (folder / "prompt.txt").write_text(f"{prompt}\n")
    (folder / "question_metadata.json").write_text(json.dumps({"id": name, "task_category": "Maze"}))
    return folder


@cache
def _picture(colour: str, size: tuple[int, int]) -> bytes:
    from PIL import Image, ImageDraw

    picture, content = Image.new("RGB", size, "white"), BytesIO()
    width, height = size
    ImageDraw.Draw(picture).rectangle((width // 4, height // 4, width // 2, height // 2), fill=colour)
    picture.save(content, "PNG")
    return content.getvalue()


def without(env: Mapping[str, str], *names: str) -> dict[str, str]:
    """The same variables but some."""
    return {name: value for name, value in env.items() if name not in names}


def bare_environment() -> dict[str, str]:
    """This process's environment without the settings and the proxies of whoever runs the tests."""
    ours = ("VMEVAL_", "PYTHON")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(ours) and not name.lower().endswith("_proxy")
    }
