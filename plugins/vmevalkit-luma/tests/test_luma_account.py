"""What `vmeval doctor --online` learns from Luma, whose two APIs have two accounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from luma_dialects import AgentsVendor

from vmevalkit_core.testing import Reply, Simulator
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


class Stranger(AgentsVendor):
    """A server that knows nothing of Luma, and says so with the status of a job that is not known."""

    def refusal(self, *_: object) -> Reply:
        """As a gateway says it."""
        return Reply.of({"message": "no Route matched with those values"}, status=404)


@pytest.mark.parametrize(
    ("dialect", "fault"),
    [(f"{__file__}:Stranger", None), (f"{DIALECTS}:AgentsVendor", "html"), (f"{DIALECTS}:AgentsVendor", "error-200")],
    ids=["gateway", "page", "odd"],
)
def test_stranger_does_not_prove_the_key(dialect: str, fault: str | None) -> None:
    """The base address leads elsewhere, and the hint names its variable."""
    with Simulator(dialect) as stranger:
        stranger.script(*([{"phase": "any", "fault": fault}] if fault else []))
        (found,) = asked({"LUMA_AGENTS_API_KEY": KEY, "LUMA_BASE_URL": f"{stranger.url}/v1"})
    assert (found.state, ": cannot be reached: " in found.text) == ("problem", True), found
    assert "and not as Luma's Agents API does" in found.text
    assert "LUMA_BASE_URL" in found.hint


@pytest.mark.parametrize("answer", [None, [], {}, {"credit_balance": float("inf")}])
def test_answer_without_a_balance_makes_no_sense(answer: object) -> None:
    """It is no empty account."""
    with pytest.raises(core.RetryableError, match="makes no sense"):
        balance(answer)
