"""The paid request: sent once, whatever becomes of its answer, and as the vendor wants it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from vmevalkit_core.testing.bench import Bench, Subject
from vmevalkit_core.testing.promises.stage import Stage
from vmevalkit_core.testing.recorded import differences
from vmevalkit_core.testing.simulator import FAULTS
from vmevalkit_core.testing.sweep import BLIND, SWEPT, Sweep

UNSURE = {"closed", "reset", "silent", "broken", "unavailable", "page-500", "page-502", "page-503", "page-504"}
"""The vendor took nothing, and the client cannot know."""
LONG = 20
"""Seconds that the vendor asks to wait; the clock of the run goes just as many times faster than ours."""


class Sending(Stage):
    """What is promised about the one request that costs money."""

    @pytest.mark.parametrize("fault", SWEPT)
    def test_no_fault_is_paid_twice(self, subject: Subject, trials: Sweep, fault: str) -> None:
        """Two commands: one POST where the vendor may have taken it, one job in any case."""
        trial = trials.trials[fault]
        ends = [one.end for one in trial.ends]
        proves = subject.factory.lists_every_job and subject.finds
        once = FAULTS[fault].accepted or "uncertain" in ends or (fault in UNSURE and not proves)
        assert trial.taken <= 1, f"the vendor took {trial.taken} jobs for one run, which ended {ends}"
        assert trial.posts <= (1 if once else 2), f"{trial.posts} POSTs for one run, which ended {ends}"
        assert trial.posts >= 1, f"nothing was sent: {trial.ends[0]}"
        assert trial.taken == 1 or "success" not in ends, "a success without a job at the vendor"

    @pytest.mark.parametrize("fault", BLIND)
    def test_lost_answer_is_uncertain_or_adopted(self, subject: Subject, trials: Sweep, fault: str) -> None:
        """Adopted by itself where the vendor gives our own token back, else left to the user."""
        trial = trials.trials[fault]
        wanted = ["success"] if subject.finds and trial.known_there else ["uncertain"] * 2
        assert [one.end for one in trial.ends] == wanted, trial.ends[0].error

    def test_job_of_another_is_not_adopted(self, bench: Bench, tmp_path: Any) -> None:
        """A lost request that was never taken leaves nothing to find, however alike the jobs in the list are."""
        assert bench.run().end == "success"
        bench.vendor.script({"phase": "submit", "fault": "closed", "times": 1})
        other = Bench(bench.subject, tmp_path / "other")
        ended = other.run()
        ids = [one.records[-1]["output"]["generation_id"] for one in (bench, other) if one.records]
        assert ended.end != "success" or len({*ids}) == 2, "it adopted the job of another run"

    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_pause_that_is_asked_for_is_kept(self, bench: Bench, form: str) -> None:
        """The paid request goes out again, and not before its time."""
        bench.vendor.script({"phase": "submit", "fault": f"rate-{form}", "seconds": LONG, "times": 1})
        ended = bench.run(speed=float(LONG))
        assert ended.end == "success", ended
        first, second = bench.vendor.requests("submit")
        assert second["at"] - first["finished"] >= 0.98, "the vendor was asked again before its time"

    def test_unavailable_vendor_is_waited_for(self, bench: Bench) -> None:
        """A 503 that says when to come again is a refusal: the request was not taken."""
        bench.vendor.script({"phase": "submit", "fault": "unavailable-seconds", "seconds": LONG, "times": 1})
        ended = bench.run(speed=float(LONG))
        assert (ended.end, bench.taken) == ("success", 1), ended

    def test_vendor_that_is_away_is_tried_again(self, bench: Bench) -> None:
        """Nothing has left when no connection is made."""
        bench.vendor.away(0.05)
        assert bench.run(speed=20.0).end == "success"
        assert bench.taken == 1

    def test_request_is_as_recorded(self, bench: Bench, tmp_path: Any) -> None:
        """Field by field, for each body of the vendor's own client."""
        if not self.bodies:
            pytest.skip("no recorded bodies were given")
        for number, one in enumerate(self.bodies):
            subject = dataclasses.replace(bench.subject, options={**self.options, **one.options})
            other = Bench(subject, tmp_path / str(number))
            other.question(one.prompt, one.size)
            ended = other.run(seed=one.seed)
            assert ended.end == "success", ended
            sent = bench.vendor.requests("submit")[-1]["body"]
            assert list(differences(one.body, sent)) == []
