"""Where the value of a setting comes from, and that the dry run says so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers import REPOSITORY

Vmeval = Callable[..., subprocess.CompletedProcess[str]]
Origins = dict[str, tuple[object, str]]


@pytest.fixture
def dry(vmeval: Vmeval, tmp_path: Path) -> Callable[..., Origins]:
    """Value and origin of each setting of a `run --dry-run` with this file, this .env and these variables."""

    def settings(*args: str, config: str = "", env_file: str = "", **env: str) -> Origins:
        (tmp_path / "work").mkdir(exist_ok=True)
        (tmp_path / "work" / "c.yaml").write_text(config)
        (tmp_path / "work" / ".env").write_text(env_file)
        done = vmeval("run", *(["c.yaml"] if config else []), *args, "--dry-run", "--json", **env)
        assert done.returncode == 0, done.stderr
        return {one["setting"]: (one["value"], one["from"]) for one in json.loads(done.stdout)["settings"]}

    return settings


def test_nearer_place_wins(dry: Callable[..., Origins]) -> None:
    """Command line, then the file, then the environment, then .env, then the default."""
    places = {"config": "limit: 4", "env_file": "VMEVAL_LIMIT=2", "VMEVAL_LIMIT": "3"}
    assert dry("--limit", "5", **places)["limit"] == (5, "command line")
    assert dry(**places)["limit"] == (4, "c.yaml")
    assert dry(**places | {"config": ""})["limit"] == (3, "environment VMEVAL_LIMIT")
    assert dry(env_file="VMEVAL_LIMIT=2", VMEVAL_LIMIT="")["limit"] == (2, ".env VMEVAL_LIMIT")
    assert dry()["limit"] == (None, "default")


VARIABLES = {
    "questions": ("VMEVAL_QUESTIONS", f"{REPOSITORY}/src/vmevalkit_core/samples", None),
    "models": ("VMEVAL_MODELS", "baseline-hold  baseline-oracle", ["baseline-hold", "baseline-oracle"]),
    "experiment": ("VMEVAL_EXPERIMENT", "1e3", "1e3"),
    "output": ("VMEVAL_OUTPUT", "elsewhere", "elsewhere"),
    "domains": ("VMEVAL_DOMAINS", "maze chess", ["maze", "chess"]),
    "limit": ("VMEVAL_LIMIT", "1", 1),
    "samples": ("VMEVAL_SAMPLES", "2", 2),
    "seed": ("VMEVAL_SEED", "5", 5),
    "concurrency": ("VMEVAL_CONCURRENCY", "3", 3),
    "max_cost": ("VMEVAL_MAX_COST", "12.50", "12.50"),
}


@pytest.mark.parametrize(("name", "given"), VARIABLES.items(), ids=VARIABLES)
def test_common_settings_have_a_variable(
    dry: Callable[..., Origins], name: str, given: tuple[str, str, object]
) -> None:
    """In the environment and in .env, to the same effect."""
    variable, text, value = given
    assert dry(**{variable: text})[name] == (value or text, f"environment {variable}")
    assert dry(env_file=f"{variable}={text}")[name] == (value or text, f".env {variable}")
    assert dry(config="verify: false", **{variable: text})[name] == (value or text, f"environment {variable}")


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_wrong_variable_is_named(vmeval: Vmeval, tmp_path: Path, place: str) -> None:
    """Not the option that nobody typed."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / ".env").write_text("VMEVAL_LIMIT=three" if place == ".env" else "")
    done = vmeval("run", **({"VMEVAL_LIMIT": "three"} if place == "environment" else {}))
    assert (done.returncode, done.stdout) == (2, "")
    assert "VMEVAL_LIMIT" in done.stderr
    assert "--limit" not in done.stderr


def test_typed_mistake_does_not_blame_the_variable(vmeval: Vmeval) -> None:
    """The option has a variable, but that is not where the value came from."""
    done = vmeval("run", "--limit", "three")
    assert "Error: --limit three: " in done.stderr
    assert "VMEVAL_LIMIT" not in done.stderr


def test_typed_option_wins_key_by_key(dry: Callable[..., Origins]) -> None:
    """Over the file's option for that very model too; the file's other options hold."""
    config = "models: {baseline-hold: {seconds: 1}, baseline-oracle: {fps: 3}}\noptions: {fps: 4}"
    found = dry("-p", "seconds=5", config=config)
    assert found["baseline-hold:seconds"] == (5.0, "-p")
    assert found["baseline-hold:fps"] == (4, "c.yaml")
    assert found["baseline-oracle:seconds"] == (5.0, "-p")
    assert found["baseline-oracle:fps"] == (3, "c.yaml")
    one = dry("-p", "seconds=5", "-p", "baseline-hold:seconds=6", config=config)
    assert (one["baseline-hold:seconds"][0], one["baseline-oracle:seconds"][0]) == (6.0, 5.0)


def test_typed_model_replaces_the_models_of_the_file(dry: Callable[..., Origins]) -> None:
    """What the file says about its options holds on."""
    found = dry("-m", "baseline-oracle", config="models: {baseline-hold: null, baseline-oracle: {fps: 3}}")
    assert found["models"] == (["baseline-oracle"], "command line")
    assert found["baseline-oracle:fps"] == (3, "c.yaml")
    assert found["baseline-oracle:seconds"][1] == "default"
    assert not any(name.startswith("baseline-hold:") for name in found)


def test_options_of_a_model_in_a_file_of_its_own(dry: Callable[..., Origins]) -> None:
    """It is named as FILE.py:CLASS in the configuration, and by its own name to -p."""
    target = f"{REPOSITORY}/tests/models/ledger.py:Ledger"
    found = dry("-p", "ledger:fault=job", config=f'models: {{"{target}": {{latency: 0.5}}}}', LEDGER_DIR="/tmp")
    assert found["ledger:latency"] == (0.5, "c.yaml")
    assert found["ledger:fault"] == ("job", "-p")


def test_typed_way_wins_over_the_opposite_in_the_file(dry: Callable[..., Origins]) -> None:
    """--keep-changed switches off a rerun_changed that stands in the file."""
    found = dry("--keep-changed", config="rerun_changed: true")
    assert found["keep_changed"] == (True, "command line")
    assert found["rerun_changed"] == (False, "command line")


def test_dry_run_shows_a_table(vmeval: Vmeval) -> None:
    """Setting, value, origin; then the plan."""
    lines = vmeval("run", "--dry-run", "-p", "seconds=3", "--samples", "2").stdout.splitlines()
    assert lines[0].split() == ["SETTING", "VALUE", "FROM"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[1 : lines.index("")]}
    assert rows["samples"] == ["2", "command", "line"]
    assert rows["models"] == ["baseline-hold", "default"]
    assert rows["baseline-hold:seconds"] == ["3.0", "-p"]
    assert "20 runs" in lines


def test_results_are_looked_for_where_they_are_put(vmeval: Vmeval, questions: Path, tmp_path: Path) -> None:
    """`status` and `validate` follow VMEVAL_OUTPUT as `run` does, from .env too."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / ".env").write_text(f"VMEVAL_OUTPUT=elsewhere\nVMEVAL_QUESTIONS={questions}\n")
    assert vmeval("run").returncode == 0
    assert json.loads(vmeval("status", "--json").stdout)["models"] == {"baseline-hold": {"success": 4}}
    assert vmeval("validate").stdout == "4 run folders, 4 clips decoded: all whole.\n"
    assert len(json.loads(vmeval("questions", "list", "--json").stdout)["task_pairs"]) == 4
    assert vmeval("status", VMEVAL_OUTPUT="nowhere").returncode == 2


def test_variable_cannot_name_a_config(vmeval: Vmeval) -> None:
    """A file that decides a run is typed, so that it is seen."""
    done = vmeval("run", VMEVAL_QUESTIONS="c.yaml")
    assert (done.returncode, "vmeval run c.yaml" in done.stderr) == (2, True)


def test_template_names_every_variable() -> None:
    """And sets none of them, so that a copy changes nothing."""
    from dotenv import dotenv_values
    from typer.main import get_command

    from vmevalkit_core.cli.app import app

    template = REPOSITORY / "env.template"
    run = get_command(app).commands["run"]  # type: ignore[attr-defined]
    variables = {param.envvar for param in run.params if param.envvar}
    assert variables == {variable for variable, _, _ in VARIABLES.values()}
    assert [name for name in variables if f"# {name}=" not in template.read_text()] == []
    assert dotenv_values(template) == {}


LISTING = """
import importlib, json
from pathlib import Path
from vmevalkit_core import ModelSpec
def names(spec: ModelSpec):
    return {*spec.settings, *spec.secrets, *(name for need in spec.needs for name in need.names)}
homes = [path.parent.name for path in Path("plugins").glob("*/src/*/plugin.py")]
specs = [spec for home in homes for spec in importlib.import_module(f"{home}.plugin").vmeval_models()]
print(json.dumps(sorted(set().union(*map(names, specs)))))
"""


def test_template_names_what_the_plugins_read_and_nothing_else() -> None:
    """Keys, addresses and folders, of every plugin in this repository; to list models nothing else is imported."""
    env = {name: value for name, value in os.environ.items() if name != "VMEVAL_VIDEO_SERVERS"}
    homes = [REPOSITORY / "src", *(REPOSITORY / "plugins").glob("*/src")]
    env["PYTHONPATH"] = os.pathsep.join(map(str, homes))
    line = [sys.executable, "-c", LISTING]
    done = subprocess.run(line, env=env, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    read = set(json.loads(done.stdout))
    template = (REPOSITORY / "env.template").read_text()
    named = re.findall(r"^# ([A-Z0-9_]+)=", template, re.MULTILINE)
    assert {"LUMAAI_API_KEY", "OPENAI_BASE_URL", "MORPHIC_WAN2_CKPT_DIR"} < read
    assert {name for name in named if not name.startswith(("VMEVAL_", "CUDA_"))} == read
    assert "export VMEVAL_VIDEO_SERVERS=" in template


def test_setting_has_one_name_everywhere(dry: Callable[..., Origins]) -> None:
    """In JSON that of the file and of the option, not that of the code."""
    found = dry()
    assert ("with" in found, "interceptors" in found) == (True, False)
