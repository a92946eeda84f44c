"""A job that is paid for: asked about with care, fetched whole, stopped only by order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vmevalkit_core.attempts import find_attempts
from vmevalkit_core.audit import validate
from vmevalkit_core.generator import Context
from vmevalkit_core.limits import Limiter
from vmevalkit_core.records import Pending, Submission
from vmevalkit_core.runner.cancelling import Canceller
from vmevalkit_core.testing.bench import HASTY, PATIENT, Bench
from vmevalkit_core.testing.promises.stage import Stage

BAD_POLLS = ["page-502", "reset", "malformed", "null", "wrong-envelope", "empty", "rate"]
BROKEN = ["cut", "cut-no-length", "half-file", "html", "error-200", "empty", "no-content", "reset-body"]
ASTRAY = [("poll", "link-inward"), ("poll", "link-file"), ("poll", "link-elsewhere")]
ASTRAY += [("download", "redirect-inward"), ("download", "redirect-elsewhere"), ("download", "redirect-file")]
LONG = 20


class Collecting(Stage):
    """What is promised about a job that the vendor has."""

    @pytest.mark.parametrize("fault", BAD_POLLS)
    def test_bad_answer_to_a_poll_ends_no_job(self, bench: Bench, fault: str) -> None:
        """It says nothing about the job, which is asked about again."""
        bench.vendor.script({"phase": "poll", "fault": fault, "times": 1})
        ended = bench.run()
        assert (ended.end, bench.posts) == ("success", 1), ended

    def test_unknown_state_is_no_end(self, bench: Bench) -> None:
        """A vendor may invent a new one any day; the job is asked about again."""
        bench.vendor.set(running_seconds=3600.0)
        bench.vendor.script({"phase": "poll", "fault": "odd-state", "times": 1})
        bench.run(stop_when=lambda: bench.vendor.counts().get("poll", 0) > 1)
        bench.vendor.advance(3600.0)
        assert bench.run().end == "success", bench.record["inference"]["error"]
        assert bench.posts == 1

    @pytest.mark.parametrize("fault", ["forgotten", "page-404"])
    def test_job_that_the_vendor_forgets_stays_submitted(self, bench: Bench, fault: str) -> None:
        """It is paid for: the next command collects it, once the vendor knows it again."""
        bench.vendor.script({"phase": "poll", "fault": fault})
        ended = bench.run()
        assert (ended.end, bool(ended.hint)) == ("submitted", True), ended
        bench.vendor.script()
        assert bench.run().end == "success", bench.record["inference"]["error"]
        assert bench.posts == 1

    def test_poll_that_hangs_ends_no_job(self, bench: Bench) -> None:
        """Each question has a time-out of its own."""
        bench.vendor.script({"phase": "poll", "fault": "silent", "times": 1})
        assert bench.run(figures={**PATIENT, "poll_timeout": HASTY["poll_timeout"]}).end == "success"
        assert bench.posts == 1

    def test_pause_between_polls_is_kept(self, bench: Bench) -> None:
        """As long as the vendor asks for."""
        bench.vendor.script({"phase": "poll", "fault": "rate-seconds", "seconds": LONG, "times": 1})
        assert bench.run(speed=float(LONG)).end == "success"
        first, second, *_ = bench.vendor.requests("poll")
        assert second["at"] - first["finished"] >= 0.98, "the vendor was asked again before its time"

    def test_poll_asks_once(self, bench: Bench) -> None:
        """It tells how the job is and comes back: waiting is not its business, for only one place may end it."""
        bench.vendor.set(running_seconds=3600.0)
        bench.run(stop_when=lambda: bench.taken > 0)
        bench.vendor.forget()
        state = asyncio.run(self._polled(bench))
        assert isinstance(state, Pending), f"a poll of a running job gave {state!r:.200}"
        assert bench.vendor.counts()["poll"] <= 2

    def test_stuck_job_ends_at_its_deadline(self, bench: Bench) -> None:
        """Nothing is waited for without end."""
        bench.vendor.script({"phase": "submit", "fault": "never-ends"})
        ended = bench.run(figures={**PATIENT, "deadline": 60.0})
        assert ended.end == "failed", ended
        assert ended.error.startswith("deadline: ")

    def test_job_outlasts_our_patience(self, bench: Bench) -> None:
        """It stays submitted, the next command goes on waiting, and nothing is sent again."""
        bench.vendor.set(running_seconds=3600.0)
        assert bench.run(figures={**PATIENT, "patience": 60.0}).end == "submitted"
        bench.vendor.advance(3600.0)
        assert bench.run().end == "success"
        assert bench.posts == 1

    @pytest.mark.usefixtures("downloads")
    @pytest.mark.parametrize(("phase", "fault"), [("poll", "link-expired"), ("download", "expired")])
    def test_expired_link_is_minted_again(self, bench: Bench, phase: str, fault: str) -> None:
        """By another poll; the job is not sent again."""
        bench.vendor.script({"phase": phase, "fault": fault, "times": 1})
        ended = bench.run()
        assert (ended.end, bench.posts) == ("success", 1), ended

    @pytest.mark.usefixtures("downloads")
    @pytest.mark.parametrize("fault", BROKEN)
    def test_broken_download_is_no_success(self, bench: Bench, fault: str) -> None:
        """It is fetched again."""
        bench.vendor.script({"phase": "download", "fault": fault, "times": 1})
        ended = bench.run()
        assert (ended.end, bench.posts) == ("success", 1), ended
        assert validate(bench.out).findings == []

    @pytest.mark.usefixtures("downloads")
    @pytest.mark.parametrize(("phase", "fault"), ASTRAY)
    def test_link_that_leads_astray_is_not_followed(self, bench: Bench, phase: str, fault: str) -> None:
        """Neither into the user's network, nor to his files; the job can be collected once the vendor is sane."""
        bench.vendor.script({"phase": phase, "fault": fault})
        ended = bench.run()
        assert bench.vendor.connections == 0, "another origin heard of us"
        if phase == "poll" and ended.end == "success" and "download" in bench.vendor.counts():
            pytest.skip("this vendor shows no links: the video is at a path that the plugin knows")
        assert ended.end == "submitted", ended

    def test_interrupt_leaves_the_job(self, bench: Bench) -> None:
        """Ctrl-C stops the waiting and nothing else; the next command collects."""
        bench.vendor.set(running_seconds=3600.0)
        bench.run(stop_when=lambda: bench.vendor.counts().get("poll", 0) > 0)
        assert bench.record["inference"]["status"] == "submitted"
        assert "cancel" not in bench.vendor.counts(), "it was cancelled"
        bench.vendor.advance(3600.0)
        assert bench.run().end == "success"
        assert bench.posts == 1

    def test_finished_job_is_left_alone(self, bench: Bench) -> None:
        """Nothing is deleted at the vendor, neither after the download nor when a finished job is to be cancelled."""
        assert bench.run().end == "success"
        assert "cancel" not in bench.vendor.counts(), "it cancels, or deletes, what is finished"

    def test_job_is_cancelled_by_order(self, bench: Bench) -> None:
        """It stops at the vendor, and the record says so."""
        if not bench.subject.cancels:
            pytest.skip("this vendor cannot cancel")
        bench.vendor.set(queued_seconds=3600.0)
        bench.run(stop_when=lambda: bench.taken > 0)
        ended = asyncio.run(self._cancelled(bench))
        assert ended.end == "cancelled", ended
        assert bench.record["inference"]["status"] == "cancelled"
        assert [job["state"] for job in bench.vendor.jobs()] == ["cancelled"]

    @pytest.mark.parametrize("fault", ["forgotten", "page-404"])
    def test_order_that_is_not_taken_cancels_nothing(self, bench: Bench, fault: str) -> None:
        """The job goes on, and the record does not say otherwise."""
        if not bench.subject.cancels:
            pytest.skip("this vendor cannot cancel")
        bench.vendor.set(queued_seconds=3600.0)
        bench.run(stop_when=lambda: bench.taken > 0)
        bench.vendor.script({"phase": "cancel", "fault": fault})
        ended = asyncio.run(self._cancelled(bench))
        assert (ended.end, bool(ended.reason)) == ("kept", True), ended
        assert bench.record["inference"]["status"] == "submitted"

    def test_cancel_of_a_finished_job_leaves_it_to_be_collected(self, bench: Bench) -> None:
        """It is paid for; some vendors would delete its video."""
        if not bench.subject.cancels:
            pytest.skip("this vendor cannot cancel")
        bench.vendor.set(running_seconds=3600.0)
        bench.run(stop_when=lambda: bench.taken > 0)
        bench.vendor.advance(3600.0)
        assert asyncio.run(self._cancelled(bench)).end == "finished"
        assert "cancel" not in bench.vendor.counts(), "it cancels, or deletes, what is finished"
        assert bench.run().end == "success"

    async def _polled(self, bench: Bench) -> Any:
        subject = bench.subject
        facts = bench.record["provenance"]["submission"]
        generator = subject.factory(subject.spec, Context(env=subject.env, limiter=Limiter(1)))
        try:
            async with asyncio.timeout(PATIENT["poll_timeout"]):
                return await generator.poll(Submission(**facts))
        except TimeoutError:
            return "no answer: it waits by itself"
        finally:
            await generator.context.http.close()

    async def _cancelled(self, bench: Bench) -> Any:
        runner = bench.runner()
        (attempt,) = find_attempts(bench.out)
        try:
            return await Canceller(runner.registry, runner.workshop).cancel(attempt)
        finally:
            await runner.workshop.close(1.0)
