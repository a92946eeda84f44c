"""What a user sees while runs are in flight: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from vmevalkit_core.records import Event
from vmevalkit_core.runner import Outcome
from vmevalkit_core.terminal import out

if TYPE_CHECKING:
    from rich.progress import Progress


class Tally:
    """Counts what ended and what is in flight; says nothing."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.good = 0
        self.bad = 0
        self.in_flight = 0
        self.charged = Decimal(0)
        self._hints: set[str] = set()

    def new_hint(self, outcome: Outcome) -> str:
        """The hint of an outcome on a line of its own, the first time that it is given."""
        hint = hint_of(outcome)
        if outcome.good or not hint or hint in self._hints:
            return ""
        self._hints.add(hint)
        return f"\n  {hint}"

    def event(self, event: Event) -> None:
        """Take in an event about a run."""
        if event.kind == "started":
            self.in_flight += 1
        elif event.kind in ("done", "failed"):
            self.in_flight -= 1

    def ended(self, outcome: Outcome) -> None:
        """Take in the end of a run."""
        self.good += outcome.good
        self.bad += not outcome.good
        self.charged += outcome.charged or 0


class Lines(Tally):
    """One line on stderr for each run that ended."""

    def ended(self, outcome: Outcome) -> None:
        """Count and tell."""
        super().ended(outcome)
        number = f"{self.good + self.bad:>{len(str(self.total))}}"
        out.note(f"[{number}/{self.total}] {line_of(outcome)}{self.new_hint(outcome)}")


class Bar(Tally):
    """A bar with done, failed, in flight, money and time left; failures stay readable above it."""

    def __init__(self, total: int, progress: Progress) -> None:
        super().__init__(total)
        self._progress = progress
        self._task = progress.add_task("", total=total, facts="")

    def event(self, event: Event) -> None:
        """Count and show."""
        super().event(event)
        self._show()

    def ended(self, outcome: Outcome) -> None:
        """Count, show, and keep the line of a run that did not succeed."""
        super().ended(outcome)
        if not outcome.good:
            line = out.clean(line_of(outcome) + self.new_hint(outcome))
            self._progress.console.print(line, markup=False, highlight=False)
        self._show()

    def _show(self) -> None:
        facts = [f"{self.good} done", f"{self.bad} failed", f"{self.in_flight} in flight"]
        facts += [out.money(self.charged)] if self.charged else []
        self._progress.update(self._task, completed=self.good + self.bad, facts=", ".join(facts))


def hint_of(outcome: Outcome) -> str:
    """What mends the end of a run, with the id of that run in an order that names it."""
    run_id = os.path.basename(outcome.folder or "")
    return outcome.hint.replace("RUN_ID=", f"{run_id}=") if run_id else outcome.hint


def line_of(outcome: Outcome) -> str:
    """How a run ended, in one line."""
    key = outcome.key
    sample = f" sample {key.sample}" if key.sample else ""
    seconds = f"  {out.duration(outcome.seconds)}" if outcome.seconds is not None and outcome.good else ""
    error = f"  {out.short(outcome.error)}" if outcome.error and not outcome.good else ""
    end = "success" if outcome.good else outcome.end
    return f"{end:<9} {key.model}  {key.domain}/{key.task_id}{sample}{seconds}{error}"


def progress_for(total: int, *, quiet: bool) -> AbstractContextManager[Tally]:
    """The display that fits: none for programs, a bar on a terminal, lines when piped."""
    if quiet:
        return _plain(Tally(total))
    moving = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return _bar(total) if moving else _plain(Lines(total))


@contextmanager
def _plain(tally: Tally) -> Iterator[Tally]:
    yield tally


@contextmanager
def _bar(total: int) -> Iterator[Tally]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[facts]}"),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bar(total, progress)
