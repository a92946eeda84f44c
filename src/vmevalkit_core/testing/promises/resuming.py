"""What an earlier process left, of this version or an old one, is taken up and not paid for again."""

from __future__ import annotations

from typing import Any

import pytest

from vmevalkit_core.testing.aged import FORMATS, STATES, age
from vmevalkit_core.testing.bench import Bench
from vmevalkit_core.testing.commands import Session
from vmevalkit_core.testing.promises.stage import Stage

OLD = [(form, state) for form in FORMATS for state in STATES]


class Resuming(Stage):
    """What is promised to whoever starts the same command again."""

    def test_killed_command_is_resumed(self, session: Session) -> None:
        """`kill -9` once the job was on disk, and the same command: one POST, and a clip."""
        by_task = {one["input"]["question_id"]: one["inference"]["status"] for one in session.records}
        assert by_task == {"maze_0001": "success", "maze_0002": "failed"}, session.shown
        assert (session.posts, session.taken) == (2, 1), session.shown

    def test_another_process_needs_the_record_only(self, bench: Bench) -> None:
        """No object of the first one, none of its inputs, no file of the plugin's own."""
        bench.vendor.set(running_seconds=3600.0)
        bench.run(stop_when=lambda: bench.taken > 0)
        bench.vendor.advance(3600.0)
        for path in bench.question().rglob("*.png"):
            path.unlink()
        ended = bench.run()
        assert (ended.end, bench.posts) == ("success", 1), ended

    @pytest.mark.parametrize(("form", "state"), OLD, ids=[f"format {form}, {state}" for form, state in OLD])
    def test_old_record_is_taken_up(self, bench: Bench, form: int, state: str) -> None:
        """Each state that a released version left on disk goes on, or stays and says why; nothing is sent twice."""
        assert bench.run().end == "success"
        found = age(bench.out, form, state)
        ended, known = bench.run(), self._is_found(bench)
        assert ended.end in self._wanted(state, known=known), ended
        assert bench.posts == (2 if state == "unsent" else 1)
        after: Any = bench.record
        assert after["provenance"]["format"] == form
        assert found["inference"]["run_id"] == after["inference"]["run_id"]

    def _is_found(self, bench: Bench) -> bool:
        tokens = [job["token"] or "" for job in bench.vendor.accepted()]
        return bench.subject.finds and any(bench.record["provenance"]["token"] in token for token in tokens)

    def _wanted(self, state: str, *, known: bool) -> tuple[str, ...]:
        if state in ("submitting", "uncertain"):
            return ("success",) if known else ("uncertain",)
        return ("success",) if state in ("submitted", "unsent") else ("done",)
