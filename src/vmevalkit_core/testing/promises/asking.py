"""What `vmeval doctor --online` learns of an account, where the vendor has a free call that tells."""

from __future__ import annotations

import pytest

from vmevalkit_core.checks import Check
from vmevalkit_core.generator import ApiGenerator
from vmevalkit_core.testing.bench import Bench
from vmevalkit_core.testing.promises.stage import Stage


class Asking(Stage):
    """What is promised about `check_account`."""

    def test_account_is_asked_about_for_free(self, bench: Bench) -> None:
        """A key that works is told so, by a call that is no order."""
        found = self._asked(bench)
        assert (found.state, ": works; " in found.text) == ("ok", True), found
        assert (bench.posts, bench.taken) == (0, 0)

    def test_account_with_a_wrong_key_is_told(self, bench: Bench) -> None:
        """KeyRefused, with what to do, and without the key."""
        bench.vendor.script({"phase": "any", "fault": "no-key"})
        found = self._asked(bench)
        assert (found.state, ": key refused: " in found.text) == ("problem", True), found
        assert found.hint, "it says what is wrong and not what to do"
        assert not [secret for secret in bench.subject.secrets if secret in found.text + found.hint]

    def _asked(self, bench: Bench) -> Check:
        if bench.subject.factory.check_account is ApiGenerator.check_account:
            pytest.skip("this vendor has no free call that tells")
        (found,) = bench.ask_vendor()
        return found
