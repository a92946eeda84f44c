"""A key that no call could carry is refused before anything is planned with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.vendors import KEY, PLAIN
from vmevalkit_core import InferenceRunner
from vmevalkit_core.errors import ConfigError, UsageError
from vmevalkit_core.keys import check_keys
from vmevalkit_core.specs import ModelSpec, Need

ODD = {
    "line-end": f"{KEY}\n",
    "space-before": f" {KEY}",
    "two-lines": "planted\r\nkey",
    "not-ascii": "planted\u2011key",
}


@pytest.mark.parametrize("key", ODD.values(), ids=ODD)
def test_malformed_key_stops_the_command(vmeval: Command, tmp_path: Path, key: str) -> None:
    """By the name of its variable and before any run is begun, which would fail for good; its value is not told."""
    done = vmeval("run", "-m", PLAIN, "--yes", PLAIN_KEY=key)
    assert (done.returncode, "PLAIN_KEY holds a " in done.stderr, "copy the key anew" in done.stderr) == (2, True, True)
    assert "planted" not in done.stderr
    assert not list(tmp_path.rglob("metadata.json"))


def test_doctor_sees_a_malformed_key(vmeval: Command) -> None:
    """It is a problem, not a key that is set."""
    done = vmeval("doctor", "-m", PLAIN, PLAIN_KEY=ODD["line-end"])
    assert (done.returncode, "PLAIN_KEY holds a space or a line end" in done.stdout) == (1, True)


def test_malformed_key_can_be_mended_in_a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was ever sent with it, so the next call takes the new one."""
    monkeypatch.setenv("PLAIN_KEY", ODD["line-end"])
    with InferenceRunner(tmp_path / "out") as runner:
        with pytest.raises(UsageError, match="PLAIN_KEY holds a space"):
            runner.plan([], PLAIN)
        monkeypatch.setenv("PLAIN_KEY", KEY)
        assert runner.plan([], PLAIN).total == 0


def test_only_keys_of_vendors_are_looked_at() -> None:
    """A region, or what a local model needs, may hold anything."""
    spec = ModelSpec(name="here", factory="x:Y", kind="local", needs=(Need("HERE"),))
    check_keys(spec, {"HERE": "two words "})
    there = ModelSpec(name="there", factory="x:Y", kind="api", needs=(Need("HERE", secret=False), Need("KEY", "TOKEN")))
    check_keys(there, {"HERE": "two words ", "KEY": "one word", "TOKEN": ""})
    with pytest.raises(ConfigError, match="TOKEN holds a space"):
        check_keys(there, {"HERE": "two words ", "KEY": "one word", "TOKEN": "\t"})
