"""No key and no signed link anywhere: planted secrets, and a search of everything that is left."""

from __future__ import annotations

import json

import pytest

from vmevalkit_core.testing.bench import Bench, Subject
from vmevalkit_core.testing.commands import Session
from vmevalkit_core.testing.planted import leaks, traces
from vmevalkit_core.testing.promises.stage import Stage
from vmevalkit_core.testing.sweep import Sweep
from vmevalkit_core.testing.watching import processes_started


class Secrecy(Stage):
    """What is promised about the keys of the account."""

    def test_command_leaves_no_secret(self, session: Session) -> None:
        """Not in its files, home and caches included, nor on its screen, though the vendor quotes the key."""
        for secret in session.bench.subject.secrets:
            assert leaks(secret, session.bench.folder) == []
        assert "signature=" not in "".join(path.read_text() for path in session.bench.out.rglob("*.json"))

    def test_no_command_line_holds_a_secret(self, session: Session) -> None:
        """Every user of the machine can read them."""
        for secret in session.bench.subject.secrets:
            assert [line for line in session.lines if list(traces(secret, line))] == []

    def test_no_fault_leaves_a_secret(self, subject: Subject, trials: Sweep) -> None:
        """Whatever the vendor answers, of the records and pictures that all of these runs left."""
        for secret in subject.secrets:
            assert leaks(secret, trials.folder) == []

    def test_no_process_is_given_a_secret(self, bench: Bench) -> None:
        """Neither as an argument nor in its environment."""
        with processes_started() as started:
            assert bench.run().end == "success"
        for secret in bench.subject.secrets:
            assert [line for line in started if list(traces(secret, line))] == []

    @pytest.mark.parametrize("phase", ["submit", "poll", "download"])
    def test_no_other_origin_gets_a_secret(self, bench: Bench, phase: str) -> None:
        """A redirect of a call, or of a download, takes no credential along."""
        bench.vendor.script({"phase": phase, "fault": "redirect-elsewhere", "times": 1})
        bench.run()
        heard = json.dumps(bench.vendor.requests_elsewhere())
        for secret in bench.subject.secrets:
            assert list(traces(secret, heard)) == []
