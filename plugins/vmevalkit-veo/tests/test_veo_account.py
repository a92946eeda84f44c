"""What `vmeval doctor --online` learns about Google's two doors: a token of one, and whether the key fits the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from veo_omni_dialect import OmniVendor
from veo_runs import account_file

from vmevalkit_core.testing import Desk, Refusal, Reply, Simulator
from vmevalkit_core.testing.accounts import asked

HERE = Path(__file__).resolve().parent
DIALECT = f"{HERE / 'veo_vertex_dialect.py'}:VertexVendor"
OMNI = f"{HERE / 'veo_omni_dialect.py'}:OmniVendor"
KEY = "AIzaKeyOfATest"


def test_vertex_account_is_tried_by_a_token(tmp_path: Path) -> None:
    """Vertex AI itself hears nothing."""
    with Simulator(DIALECT) as vertex:
        env = {
            "GOOGLE_CLOUD_PROJECT": "project-1",
            "GOOGLE_APPLICATION_CREDENTIALS": str(account_file(tmp_path / "account.json", vertex)),
            "GOOGLE_VERTEX_BASE_URL": vertex.url,
        }
        (found,) = asked(env)
        assert vertex.counts() == {"account": 1}
        (missing,) = asked(env | {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")})
    assert found.state == "ok"
    assert found.text.startswith("veo with GOOGLE_CLOUD_PROJECT: works; what is left is not told (Google gave a token")
    assert (missing.state, ": key refused: there are no usable Google credentials" in missing.text) == ("problem", True)


def test_key_of_gemini_is_tried_by_a_question_about_nobodys_job() -> None:
    """Google looks at the key first; one call for both models, and no order."""
    with Simulator(OMNI, keys=[KEY]) as gemini:
        (found,) = asked({"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.url})
        assert gemini.counts() == {"poll": 1}
    text = "veo with GEMINI_API_KEY: works; what is left is not told (whether its project may pay for Omni, only a paid"
    assert (found.state, found.text) == ("ok", f"{text} call tells)")


def test_wrong_key_of_gemini_is_told() -> None:
    """Its refusal has the status of bad input, as that of an interaction that is not known; the words tell."""
    with Simulator(OMNI, keys=[KEY]) as gemini:
        (found,) = asked({"GOOGLE_API_KEY": "another", "GOOGLE_GEMINI_BASE_URL": gemini.url})
    assert "veo with GOOGLE_API_KEY: key refused: Gemini refuses the key: API key not valid" in found.text
    assert "GOOGLE_API_KEY" in found.hint


REFUSALS = [
    ("bad-input", "User location is not supported for the API use.", "key refused"),
    ("bad-input", "Please enable billing on project 1.", "no credit"),
    ("no-money", "Your prepayment credits are depleted.", "no credit"),
    ("html", "", "cannot be reached"),
    ("error-200", "", "cannot be reached"),
]


@pytest.mark.parametrize(("fault", "message", "verdict"), REFUSALS, ids=[row[1][:13] or row[0] for row in REFUSALS])
def test_answer_about_nobodys_job_is_read_for_the_account(fault: str, message: str, verdict: str) -> None:
    """A country or a project that may not ask is no working key, and an answer without sense proves nothing."""
    with Simulator(OMNI) as gemini:
        gemini.script({"phase": "any", "fault": fault} | ({"message": message} if message else {}))
        (found,) = asked({"GOOGLE_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.url})
    assert (found.state, f": {verdict}: " in found.text) == ("problem", True), found


class Stranger(OmniVendor):
    """A server that knows nothing of Gemini, and says so with the status that Gemini has for a job unknown to it."""

    def refusal(self, refusal: Refusal, desk: Desk) -> Reply:
        """As web servers say it."""
        return Reply.of({"detail": "Not Found"}, status=404)


def test_stranger_does_not_prove_the_key() -> None:
    """The base address leads elsewhere, and the line names its variable."""
    with Simulator(f"{__file__}:Stranger") as stranger:
        (found,) = asked({"GOOGLE_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": stranger.url})
    assert (found.state, "answered 404, and not as the Gemini API does" in found.text) == ("problem", True)
    assert "GOOGLE_GEMINI_BASE_URL" in found.hint
