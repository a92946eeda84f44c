"""The file of the user's own servers: what it may hold, and that a broken one is one clear problem."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from vmevalkit_core import ConfigError, ModelSpec
from vmevalkit_core.registry import Registry
from vmevalkit_openai.options import VideoOptions
from vmevalkit_openai.plugin import spec_of, vmeval_models
from vmevalkit_openai.servers import OPTIONS, SERVERS, served

LAB = """
[servers.lab]
url = "http://gpu-1.lab:8091/v1/"
key = "LAB_API_KEY"
trusted = ["http://10.0.0.5:9000"]

[servers.lab.models."wan-2.2-i2v"]
model = "Wan-AI/Wan2.2-I2V-A14B-Diffusers"
sizes = ["832x480", "480x832"]
usd_per_second = 0.02
seeds = [0, 99]
options = { seconds = 5, num_inference_steps = 40, create = "json", extra_fields = { flow_shift = 12 } }

[servers.lab.models.ltx]
usd_per_clip = 0
seeds = false
"""


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of servers, named in the environment."""
    path = tmp_path / "servers.toml"
    path.write_text(LAB)
    monkeypatch.setenv(SERVERS, str(path))
    return path


def options_of(spec: ModelSpec) -> type[VideoOptions]:
    """The class, loaded as the kit does it."""
    found = Registry.load().options_class(spec)
    assert issubclass(found, VideoOptions)
    return found


def test_named_models_are_listed(named: Path) -> None:
    """Under the server's name and the model's, with their address, their key and their seeds."""
    wan, ltx = list(vmeval_models())[-2:]
    assert (wan.name, wan.provider_model) == ("lab-wan-2.2-i2v", "Wan-AI/Wan2.2-I2V-A14B-Diffusers")
    assert wan.links == (("server", "http://gpu-1.lab:8091/v1"), ("trusted", "http://10.0.0.5:9000"))
    assert [need.names for need in wan.needs] == [("LAB_API_KEY",)]
    assert (wan.seeds, ltx.seeds, ltx.provider_model) == ((0, 99), None, "ltx")
    assert ModelSpec.from_json(wan.to_json()) == wan


def test_named_model_has_the_defaults_of_the_file(named: Path) -> None:
    """Checked and typed as any option; what the file does not name keeps the plugin's own."""
    wan = list(vmeval_models())[-2]
    chosen = options_of(wan)()
    assert (chosen.seconds, chosen.num_inference_steps, chosen.create) == ("5", 40, "json")
    assert (chosen.extra_fields, chosen.download) == ({"flow_shift": 12}, "auto")
    assert chosen.image_rule().target((300, 400)) == (480, 832)
    assert chosen.price() == Decimal("0.10")
    assert type(chosen)(**chosen.model_dump(mode="json")) == chosen


def test_defaults_of_the_file_can_be_overridden(named: Path) -> None:
    """Within the same bounds."""
    wan, ltx = map(options_of, list(vmeval_models())[-2:])
    assert wan(seconds="10", size="640x480").price() == Decimal("0.20")
    assert ltx().price() == 0
    with pytest.raises(ValidationError, match="num_inference_steps"):
        wan(num_inference_steps=0)
    with pytest.raises(ValidationError, match="model"):
        wan(model="another")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "usd"),
    [
        ({"extra_fields": {"num_seconds": 60}}, None),
        ({"extra_fields": {"clip": "long"}}, None),
        ({"num_frames": 81}, None),
        ({"extra_fields": {"flow_shift": 5, "guidance_scale_2": 3.5, "enable_teacache": True}}, "0.10"),
    ],
    ids=["number", "word", "frames", "harmless"],
)
def test_price_by_the_second_wants_a_sure_length(named: Path, given: dict[str, Any], usd: str | None) -> None:
    """A further field may be a length in the server's own words, and which counts is his choice."""
    wan = options_of(list(vmeval_models())[-2])
    assert wan(**given).price() == (None if usd is None else Decimal(usd))


def test_options_of_the_file_are_those_of_the_class() -> None:
    """The list cannot import the class, which costs pydantic."""
    assert set(OPTIONS) == set(VideoOptions.model_fields)


def test_same_structure_as_json(tmp_path: Path) -> None:
    """For programs that write it."""
    path = tmp_path / "servers.json"
    path.write_text(json.dumps({"servers": {"lab": {"url": "https://lab.example/v1", "models": {"wan": {}}}}}))
    (wan,) = served(str(path))
    assert (wan.name, wan.model, wan.key, wan.sizes) == ("lab-wan", "wan", "", ())


def test_names_that_differ_have_classes_that_differ(tmp_path: Path) -> None:
    """Dots, dashes and underlines are told apart."""
    path = tmp_path / "servers.toml"
    names = ["a.b", "a-b", "a_b", "a-2d-b", "a_2d_b"]
    path.write_text('[servers.s]\nurl = "http://h/v1"\n' + "".join(f'[servers.s.models."{one}"]\n' for one in names))
    assert len({one.class_name for one in served(str(path))}) == len(names)


BROKEN = {
    "no toml": ("[servers", "it is no TOML"),
    "no table": ('servers = "x"', "servers is missing, or is no table"),
    "empty": ("", "servers is missing"),
    "other top": ("[server.lab]", "the file has no 'server'; there are servers"),
    "no url": ("[servers.lab.models.a]", "servers.lab.url has to be an http address"),
    "bad url": ('[servers.lab]\nurl = "lab:80"', "servers.lab.url has to be an http address"),
    "password": ('[servers.lab]\nurl = "http://a:b@lab/v1"', "servers.lab.url has to be an http address"),
    "no models": ('[servers.lab]\nurl = "http://lab/v1"', "servers.lab.models is missing"),
    "name": ('[servers.Lab]\nurl = "http://lab/v1"', "servers.Lab: a name has lower-case"),
    "misspelt": (LAB.replace("sizes", "size"), "models.wan-2.2-i2v has no 'size'; there are"),
    "size": (LAB.replace("480x832", "480*832"), "sizes has to be a list of sizes such as 832x480"),
    "price": (LAB.replace("0.02", '"cheap"'), "usd_per_second has to be a number of US dollars"),
    "negative price": (LAB.replace("0.02", "-1"), "usd_per_second has to be a number of US dollars"),
    "endless price": (LAB.replace("0.02", "inf"), "usd_per_second has to be a number of US dollars"),
    "seeds": (LAB.replace("[0, 99]", "[9, 0]"), "seeds has to be true, false, or a lowest and a highest"),
    "option": (LAB.replace("create =", "form ="), "options has no 'form'; there are"),
    "twice": (
        LAB + '[servers."lab-ltx"]\nurl = "http://h/v1"\n[servers."lab-ltx".models.x]\n[servers.lab.models."ltx-x"]',
        "two models would be called lab-ltx-x",
    ),
}


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_file_is_one_clear_problem(named: Path, text: str, words: str) -> None:
    """It names file and place, and takes none of the other models away."""
    named.write_text(text)
    registry = Registry.load()
    (problem,) = registry.problems
    assert problem.distribution == "vmevalkit-openai"
    assert str(named) in problem.error
    assert words in problem.error
    assert "README" in problem.hint
    assert {"openai-videos", "openai-sora-2", "openai-sora-2-pro", "baseline-hold"} <= {
        spec.name for spec in registry.models()
    }


def test_missing_file_is_named(named: Path) -> None:
    """And so is a folder in its place."""
    named.unlink()
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        served()
    named.mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        served()


def test_key_in_a_wrong_place_is_not_shown(named: Path) -> None:
    """The name of a variable belongs there."""
    named.write_text(LAB.replace("LAB_API_KEY", "sk-secret-key"))
    with pytest.raises(ConfigError, match="the name of a variable, not a key") as caught:
        served()
    assert "sk-secret-key" not in str(caught.value)


def test_wrong_default_is_told_with_its_option(named: Path) -> None:
    """When the options are needed; the listing does not know their types."""
    named.write_text(LAB.replace("num_inference_steps = 40", "num_inference_steps = 0"))
    wan = list(vmeval_models())[-2]
    with pytest.raises(ConfigError, match="the default of num_inference_steps for lab-wan-2"):
        options_of(wan)


@pytest.mark.parametrize("value", [True, 1.5, [1], "auto", None])
def test_defaults_of_any_type_never_break_the_listing(named: Path, value: Any) -> None:
    """They are looked at when the model is asked for."""
    path = named.with_suffix(".json")
    model = {"options": {"fps": value}}
    path.write_text(json.dumps({"servers": {"lab": {"url": "http://h/v1", "models": {"a": model}}}}))
    (one,) = served(str(path))
    assert spec_of(one).name == "lab-a"
