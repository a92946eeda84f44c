"""What `vmeval doctor --online` learns about Google's two doors: a token of one, and nothing of the other."""

from __future__ import annotations

from pathlib import Path

from veo_runs import account_file

from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.accounts import asked

DIALECT = f"{Path(__file__).resolve().parent / 'veo_vertex_dialect.py'}:VertexVendor"


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


def test_key_of_gemini_is_not_tried() -> None:
    """Google names no call for it that costs nothing, and the line says so."""
    (found,) = asked({"GEMINI_API_KEY": "key_of_a_test", "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9"})
    text = "veo with GEMINI_API_KEY: was not asked, for no call is known there that costs nothing"
    assert (found.state, found.text) == ("note", text)
