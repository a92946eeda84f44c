"""What `vmeval doctor --online` learns from Runway's own organization call."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmevalkit_core import RetryableError
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.accounts import asked
from vmevalkit_runway.answers import balance

DIALECT = f"{Path(__file__).resolve().parent / 'runway_dialect.py'}:RunwayVendor"
KEY = "key_of_a_test"


def test_credits_are_told_in_dollars_once_for_all_models() -> None:
    """One call, with the version that Runway wants; a wrong key and an empty account are problems."""
    with Simulator(DIALECT, keys=[KEY], balance="1234.5") as runway:
        env = {"RUNWAYML_API_SECRET": KEY, "RUNWAYML_BASE_URL": runway.url}
        (found,) = asked(env)
        assert found.state == "ok"
        assert found.text == "runway with RUNWAYML_API_SECRET: works; 1,234.50 USD left (123450 credits)"
        assert [call["target"] for call in runway.requests()] == ["/v1/organization"]
        (refused,) = asked(env | {"RUNWAYML_API_SECRET": "another_key"})
        runway.set(balance="0")
        (empty,) = asked(env)
    assert ": key refused: Runway refuses the key: " in refused.text
    assert (empty.state, ": no credit: the key works, 0.00 USD left" in empty.text) == ("problem", True)


@pytest.mark.parametrize("answer", [None, [], {}, {"creditBalance": "much"}])
def test_answer_without_credits_makes_no_sense(answer: object) -> None:
    """It is no empty account."""
    with pytest.raises(RetryableError, match="makes no sense"):
        balance(answer)
