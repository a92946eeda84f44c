"""What the plugin lists without a file of servers, what its options are, and that its README is right."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from vmevalkit_core import ModelSpec
from vmevalkit_openai.client import Videos
from vmevalkit_openai.options import AnyVideos, Sora2, Sora2Pro, VideoOptions
from vmevalkit_openai.plugin import vmeval_models
from vmevalkit_openai.servers import SERVERS, served

README = Path(__file__).resolve().parent.parent / "README.md"
HEAVY = {"pydantic", "httpx", "httpx2", "PIL", "av", "numpy", "typer", "asyncio", "tenacity", "yaml"}


@pytest.fixture
def specs(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModelSpec]:
    """The models without a file."""
    monkeypatch.delenv(SERVERS, raising=False)
    return {spec.name: spec for spec in vmeval_models()}


def test_models_without_a_file(specs: dict[str, ModelSpec]) -> None:
    """One for any server, and OpenAI's own."""
    assert list(specs) == ["openai-videos", "openai-sora-2", "openai-sora-2-pro"]
    for spec in specs.values():
        module, _, name = spec.options.partition(":")
        assert getattr(import_module(module), name).__name__ == name
        assert spec.factory == f"{Videos.__module__}:{Videos.__name__}"
        assert ModelSpec.from_json(spec.to_json()) == spec
        assert spec.inputs == ("first_frame", "prompt")


def test_sora_is_gone(specs: dict[str, ModelSpec]) -> None:
    """Since the day on which OpenAI closed its API; nothing replaces it."""
    gone = {name: (spec.state.life, spec.state.since) for name, spec in specs.items() if spec.provider_model != name}
    assert gone == dict.fromkeys(("openai-sora-2", "openai-sora-2-pro"), ("gone", "2026-09-24"))


def test_any_server_needs_an_address_and_may_have_a_key(specs: dict[str, ModelSpec]) -> None:
    """The address is no secret."""
    address, key = specs["openai-videos"].needs
    assert (address.names, address.secret, address.optional) == (("OPENAI_BASE_URL",), False, False)
    assert (key.names, key.secret, key.optional) == (("OPENAI_API_KEY",), True, True)


@pytest.mark.parametrize("with_file", [False, True])
def test_listing_imports_nothing_heavy(tmp_path: Path, with_file: bool) -> None:
    """Everybody who lists models pays for it, also those with servers of their own."""
    path = tmp_path / "servers.toml"
    path.write_text('[servers.lab]\nurl = "http://h/v1"\n[servers.lab.models.a]\n')
    code = "import sys, vmevalkit_openai.plugin as p; print(len(list(p.vmeval_models())), *sys.modules)"
    env = {SERVERS: str(path)} if with_file else {}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    count, *modules = done.stdout.split()
    assert count == ("4" if with_file else "3")
    assert not HEAVY & {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    "given",
    [
        {"size": "832*480"},
        {"size": "0x480"},
        {"size": "99999x99999"},
        {"seconds": "five"},
        {"seconds": -1},
        {"seconds": True},
        {"num_inference_steps": 0},
        {"fps": 0},
        {"guidance_scale": -1},
        {"negative_prompt": ""},
        {"create": "xml"},
        {"extra_fields": {"seed": 1}},
        {"extra_fields": {"fps": 1}},
        {"extra_fields": {"n": 4}},
        {"extra_fields": {"num_videos_per_prompt": 1}},
        {"extra_fields": {"lora": {"a": 1}}},
        {"token_in": "prompt"},
        {"duration": 5},
    ],
)
def test_value_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    """By the name of its option."""
    with pytest.raises(ValidationError) as caught:
        AnyVideos(model="m", **given)
    assert caught.value.errors()[0]["loc"][0] == next(iter(given))


def test_model_of_any_server_has_to_be_named() -> None:
    """A record without it would be worth little."""
    with pytest.raises(ValidationError, match="model"):
        AnyVideos()  # type: ignore[call-arg]


def test_length_is_a_text_and_the_picture_follows_the_size() -> None:
    """However it was typed."""
    chosen = AnyVideos(model="m", seconds=5, size="832x480")  # type: ignore[arg-type]
    assert (chosen.seconds, chosen.image_rule().sizes, chosen.price()) == ("5", ((832, 480),), None)
    assert AnyVideos(model="m").image_rule().target((9, 16)) == (720, 1280)


def test_sora_has_its_own_lengths_sizes_and_prices() -> None:
    """And none of the fields of open models."""
    assert (Sora2().price(), Sora2(seconds=4).price()) == (Decimal("0.80"), Decimal("0.40"))  # type: ignore[arg-type]
    assert (Sora2Pro(size="1280x720").price(), Sora2Pro().price()) == (Decimal("2.40"), Decimal("4.00"))
    for name in ("fps", "negative_prompt", "num_frames", "extra_fields"):
        with pytest.raises(ValidationError, match=name):
            Sora2(**{name: 1})  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [AnyVideos, Sora2, Sora2Pro])
def test_every_option_is_documented(options: type[VideoOptions]) -> None:
    """`models show` has a line of prose for each."""
    assert all(field.description for field in options.model_fields.values())


def test_file_in_the_readme_can_be_used(tmp_path: Path) -> None:
    """The worked example, word for word."""
    blocks = re.findall(r"```toml\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "servers.toml"
    path.write_text(blocks[0])
    names = [one.name for one in served(str(path))]
    assert names
    assert all(name in README.read_text("utf-8").replace(blocks[0], "") for name in names)


def test_readme_names_every_option() -> None:
    """Those of any server, and no other."""
    own = set(VideoOptions.model_fields) - {"fit", "background", "bars"} | {"model"}
    table = README.read_text("utf-8").partition("## Options")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == own


def test_readme_names_options_that_there_are() -> None:
    """Of `vmeval run`; lines that start a server are its own affair."""
    line = [sys.executable, "-m", "vmevalkit_core", "run", "--help"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    ours = [one for one in README.read_text("utf-8").splitlines() if " serve " not in one]
    named = set(re.findall(r"(?<!\w)--[a-z][a-z-]+", "\n".join(ours)))
    assert named
    assert not {name for name in named if name not in told}
