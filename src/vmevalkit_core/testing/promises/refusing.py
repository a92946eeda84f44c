"""Refusals and failures, sorted by what the user does next."""

from __future__ import annotations

from typing import Any

import pytest

from vmevalkit_core.testing.bench import Bench, Ended
from vmevalkit_core.testing.promises.stage import Stage

WORDS = "unicorns are out of stock"


class Refusing(Stage):
    """What is promised about a vendor who says no."""

    def test_wrong_key_ends_the_sending(self, bench: Bench) -> None:
        """KeyRefused: nothing was taken, and the same command sends it once the key is mended."""
        self._mends(bench, "no-key", "KeyRefused")

    def test_empty_account_ends_the_sending(self, bench: Bench) -> None:
        """NoCredit: likewise."""
        self._mends(bench, "no-money", "NoCredit")

    def test_used_up_quota_ends_the_sending(self, bench: Bench) -> None:
        """QuotaExhausted: likewise; it is no rate limit to wait for, and no failure of the run."""
        self._mends(bench, "quota", "QuotaExhausted")

    @pytest.mark.parametrize("fault", ["rate", "crowded"])
    def test_busy_vendor_fails_no_run(self, bench: Bench, fault: str) -> None:
        """Waited for, or left to the next command where the vendor cannot tell it from a quota."""
        bench.vendor.script({"phase": "submit", "fault": fault, "times": 1})
        first, second = bench.run(), bench.run()
        assert first.end == "success" or first.kind == "QuotaExhausted", first
        assert second.end in ("success", "done")
        assert bench.taken == 1

    def test_bad_input_is_named(self, bench: Bench) -> None:
        """RejectedError, in the vendor's words; it costs nothing and is not sent again."""
        bench.vendor.script({"phase": "submit", "fault": "bad-input", "message": WORDS})
        ended = self._fails(bench, "RejectedError", posts=1)
        assert WORDS in ended.error
        assert bench.record["provenance"]["cost"]["charged"] == "0"

    def test_content_that_is_refused_at_once_is_moderation(self, bench: Bench) -> None:
        """ModeratedError."""
        bench.vendor.script({"phase": "submit", "fault": "moderated-at-once"})
        self._fails(bench, "ModeratedError", posts=1)

    def test_moderated_job_is_moderation(self, bench: Bench) -> None:
        """ModeratedError, with what the vendor kept where he says so."""
        bench.vendor.script({"phase": "submit", "fault": "moderated"})
        self._fails(bench, "ModeratedError", posts=1)
        self._charge_is_true(bench)

    def test_success_without_a_video_is_moderation(self, bench: Bench) -> None:
        """ModeratedError: it is no success, and nothing that a later poll would mend."""
        bench.vendor.script({"phase": "submit", "fault": "moderated-empty"})
        self._fails(bench, "ModeratedError", posts=1)

    def test_failed_job_is_not_sent_again(self, bench: Bench) -> None:
        """JobFailed, with what the vendor kept where he says so."""
        bench.vendor.script({"phase": "submit", "fault": "fails"})
        self._fails(bench, "JobFailed", posts=1)
        self._charge_is_true(bench)

    def _mends(self, bench: Bench, fault: str, kind: str) -> None:
        bench.vendor.script({"phase": "submit", "fault": fault, "times": 1})
        ended = bench.run()
        assert (ended.end, ended.kind, bench.posts) == ("blocked", kind, 1), ended
        assert ended.hint, "it says what is wrong and not what to do"
        assert bench.run().end == "success"
        assert bench.taken == 1

    def _fails(self, bench: Bench, kind: str, *, posts: int) -> Ended:
        ended, again = bench.run(), bench.run()
        assert (ended.end, ended.kind) == ("failed", kind), ended
        assert again.end == "done", "the next command takes it up again"
        assert bench.posts == posts
        return ended

    def _charge_is_true(self, bench: Bench) -> None:
        charged: Any = bench.record["provenance"]["cost"]["charged"]
        assert charged is None or float(charged) == float(bench.vendor.billed())
