"""Drives the lanes of a plan to their end, or to an orderly stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from vmevalkit_core.runner.execute import Executor
from vmevalkit_core.runner.lanes import Lane
from vmevalkit_core.runner.report import Outcome, Report

T = TypeVar("T")
LOG = logging.getLogger("vmevalkit_core.runner")
GRACE = 1.5
"""Seconds that runs have to end once they are cancelled."""
ANSWERS = 30.0
"""Seconds after a stop in which an answer that is on its way may still bring its id; most take less than one.
A lost id can cost dollars, waiting costs seconds, and a second Ctrl-C ends it at once."""


async def drive(lanes: Sequence[Lane], executor: Executor, ended: Callable[[Outcome], None]) -> Report:
    """The report of every lane's runs. When `executor.stop` is set, or this is cancelled, no lane works on."""
    report = Report()
    tell = contained(ended)

    def count(outcome: Outcome) -> None:
        report.add(outcome)
        tell(outcome)

    work = [asyncio.create_task(lane.drain(executor.run, count, executor.stop)) for lane in lanes]
    stopped = asyncio.create_task(executor.stop.wait())
    try:
        await _first_of(work, stopped)
        if executor.stop.is_set():
            await _let_ids_arrive(executor)
    finally:
        report.interrupted = executor.stop.is_set()
        executor.stop.set()  # no lane takes another run, whatever ends this
        await _end(work, stopped)
    for task in work:
        if task.done():
            with suppress(asyncio.CancelledError):
                task.result()
    return report


def contained(call: Callable[[T], None]) -> Callable[[T], None]:
    """The same call, silent after its first failure: a display that breaks must not end paid runs."""
    broken = False

    def guarded(value: T) -> None:
        nonlocal broken
        if broken:
            return
        try:
            call(value)
        except Exception:
            broken = True
            LOG.debug("the display broke", exc_info=True)

    return guarded


async def _first_of(work: Sequence[asyncio.Task[Any]], stopped: asyncio.Task[Any]) -> None:
    waiting = {*work, stopped}
    while waiting - {stopped} and not stopped.done():
        _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)


async def _let_ids_arrive(executor: Executor) -> None:
    until = executor.clock.monotonic() + ANSWERS
    while any(handle.sending for handle in executor.in_flight) and executor.clock.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def _end(work: Sequence[asyncio.Task[Any]], stopped: asyncio.Task[Any]) -> None:
    """Cancel what is left; each run waits until what it began to write is on disk."""
    for task in (*work, stopped):
        task.cancel()
    await asyncio.wait([*work, stopped], timeout=GRACE)
