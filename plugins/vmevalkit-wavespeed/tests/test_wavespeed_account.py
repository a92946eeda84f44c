"""What `vmeval doctor --online` learns from WaveSpeed's balance."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmevalkit_core import RetryableError
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.accounts import asked
from vmevalkit_wavespeed.answers import balance

DIALECTS = Path(__file__).resolve().parent / "wavespeed_dialect.py"
KEY = "key_of_a_test"


@pytest.mark.parametrize("dialect", ["WaveSpeedVendor", "EnvelopedVendor"])
def test_balance_is_told_once_for_all_models(dialect: str) -> None:
    """Also where a refusal has the status 200."""
    with Simulator(f"{DIALECTS}:{dialect}", keys=[KEY], balance="12.5") as vendor:
        env = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": vendor.url}
        (found,) = asked(env)
        assert (found.state, found.text) == ("ok", "wavespeed with WAVESPEED_API_KEY: works; 12.50 USD left")
        assert [call["target"] for call in vendor.requests()] == ["/api/v3/balance"]
        (refused,) = asked(env | {"WAVESPEED_API_KEY": "another_key"})
    assert ": key refused: WaveSpeed refuses the key: " in refused.text


@pytest.mark.parametrize("answer", [None, [], {}, {"balance": True}])
def test_answer_without_a_balance_makes_no_sense(answer: object) -> None:
    """It is no empty account."""
    with pytest.raises(RetryableError, match="makes no sense"):
        balance(answer)
