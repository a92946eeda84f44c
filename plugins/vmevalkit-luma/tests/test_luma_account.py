"""What `vmeval doctor --online` learns from Luma, whose two APIs have two accounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.accounts import asked
from vmevalkit_luma.answers import balance
from vmevalkit_luma.errors import core

DIALECTS = Path(__file__).resolve().parent / "luma_dialects.py"
KEY = "luma-key-of-a-test"


def test_two_accounts_are_two_lines() -> None:
    """Dream Machine tells its cents, without any bucket; the Agents API tells whether the key works."""
    with (
        Simulator(f"{DIALECTS}:DreamVendor", keys=[KEY]) as dream,
        Simulator(f"{DIALECTS}:AgentsVendor", keys=["another-key-of-a-test"]) as agents,
    ):
        env = {"LUMAAI_API_KEY": KEY, "LUMAAI_BASE_URL": dream.url, "LUMA_BASE_URL": f"{agents.url}/v1"}
        first, second = asked(env | {"LUMA_AGENTS_API_KEY": "another-key-of-a-test"})
        (refused,) = asked({"LUMA_AGENTS_API_KEY": KEY, "LUMA_BASE_URL": f"{agents.url}/v1"})
        assert [call["target"] for call in dream.requests()] == ["/credits"]
        assert agents.counts() == {"poll": 2}
    assert {first.text, second.text} == {
        "luma with LUMAAI_API_KEY: works; 10.00 USD left",
        "luma with LUMA_AGENTS_API_KEY: works; what is left is not told (the Agents API has no call for it)",
    }
    assert "luma with LUMA_AGENTS_API_KEY: key refused: Luma refuses the key: " in refused.text


@pytest.mark.parametrize("answer", [None, [], {}, {"credit_balance": float("inf")}])
def test_answer_without_a_balance_makes_no_sense(answer: object) -> None:
    """It is no empty account."""
    with pytest.raises(core.RetryableError, match="makes no sense"):
        balance(answer)
