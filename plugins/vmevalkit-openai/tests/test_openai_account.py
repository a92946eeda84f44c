"""What `vmeval doctor --online` learns from a server with the /v1/videos API: whether it lets the key in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from vmevalkit_core.checks import Check
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.accounts import asked

DIALECTS = Path(__file__).resolve().parent / "openai_dialect.py"
KEY = "key_of_a_test"


def told(dialect: str, env: Mapping[str, str], **settings: Any) -> tuple[Check, list[str]]:
    """What is found, and the calls that it took."""
    with Simulator(f"{DIALECTS}:{dialect}", **settings) as server:
        (found,) = asked({"OPENAI_BASE_URL": f"{server.url}/v1", **env})
        return found, [call["target"] for call in server.requests()]


def test_list_of_jobs_tells_whether_the_key_works() -> None:
    """One row is asked for; what is left no server tells."""
    found, calls = told("VideosServer", {"OPENAI_API_KEY": KEY}, keys=[KEY])
    assert found.text == "openai with OPENAI_BASE_URL and OPENAI_API_KEY: works; what is left is not told"
    assert calls == ["/v1/videos?limit=1"]


def test_wrong_key_is_told() -> None:
    """In the server's words."""
    found, _ = told("VideosServer", {"OPENAI_API_KEY": "another_key"}, keys=[KEY])
    assert ": key refused: the server refuses the key: " in found.text


def test_server_without_a_list_is_asked_for_its_models() -> None:
    """That proves less, and the line says so; no key is needed to ask."""
    found, calls = told("ModelServer", {})
    assert found.text.startswith(
        "openai with OPENAI_BASE_URL: works; what is left is not told (only its list of models"
    )
    assert calls == ["/v1/videos?limit=1", "/v1/models"]


@pytest.mark.parametrize("fault", ["html", "error-200", "null"])
@pytest.mark.parametrize("dialect", ["VideosServer", "ModelServer"])
def test_stranger_does_not_prove_the_key(dialect: str, fault: str) -> None:
    """A page with the status 200 is no list, of jobs or of models."""
    found, _ = told(dialect, {}, script=[{"phase": "any", "fault": fault}])
    assert (found.state, ": cannot be reached: " in found.text) == ("problem", True), found


def test_server_without_either_is_no_such_server() -> None:
    """The base address is wrong, most likely."""
    found, _ = told("LinkServer", {})
    assert (found.state, ": cannot be checked: " in found.text) == ("problem", True)
    assert found.hint == "the address or the model's name is wrong"


def test_named_servers_are_accounts_of_their_own(tmp_path: Path, monkeypatch: Any) -> None:
    """Each is asked at its own address, with its own key or none."""
    with Simulator(f"{DIALECTS}:OpenServer", keys=[KEY]) as lab, Simulator(f"{DIALECTS}:OpenServer") as shed:
        servers = f"""
            [servers.lab]
            url = "{lab.url}/v1"
            key = "LAB_API_KEY"
            [servers.lab.models.one]
            [servers.lab.models.two]
            [servers.shed]
            url = "{shed.url}/v1"
            [servers.shed.models.one]
        """
        (tmp_path / "servers.toml").write_text(servers)
        monkeypatch.setenv("VMEVAL_VIDEO_SERVERS", str(tmp_path / "servers.toml"))
        found = asked({"LAB_API_KEY": KEY})
        assert lab.counts() == shed.counts() == {"find": 1}
    assert [one.text.partition(";")[0] for one in found] == ["lab with LAB_API_KEY: works", "shed: works"]
