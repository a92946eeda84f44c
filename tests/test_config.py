"""A run in a file: what may stand in it, what is refused and how, and what becomes of it."""

from __future__ import annotations

import inspect
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import REPOSITORY, statuses
from tests.mutations import FULL, mutated
from vmevalkit_core.cli.app import run
from vmevalkit_core.cli.config import ORDERS, config_from, read_config
from vmevalkit_core.cli.fields import KEYS, RunConfig
from vmevalkit_core.errors import ConfigError

Vmeval = Callable[..., subprocess.CompletedProcess[str]]
DEMO = REPOSITORY / "configs" / "demo.yaml"


def test_every_parameter_of_run_is_a_key_or_an_order() -> None:
    """A new option of the command line cannot be forgotten in the file."""
    parameters = set(inspect.signature(run).parameters) - {"ctx", "options"}
    orders = {"as_json" if name == "json" else name for name in ORDERS}
    assert parameters == (set(RunConfig.model_fields) - {"options"}) | orders


def test_full_config_is_read_with_its_types() -> None:
    """Numbers stay numbers, quoted text stays text, ids of digits are text."""
    config = config_from(FULL, "c.yaml")
    assert config.value("models") == ["baseline-hold", "baseline-oracle", "./acme.py:Acme"]
    assert (config.models or [])[0].options == {"seconds": 1.5, "fps": 4}
    assert (config.models or [])[2].options == {"aspect_ratio": "16:9", "sizes": [1, 2]}
    assert (config.domains, config.tasks, config.seed) == (["maze", "no"], ["maze_0001", "12"], -7)
    assert config.value("questions") == Path("data/questions")


@pytest.mark.parametrize(
    "models",
    [
        pytest.param("[a, b]", id="list"),
        pytest.param("\n- a\n- b: {}", id="items"),
        pytest.param("{a: null, b: {}}", id="mapping"),
        pytest.param("\n  a:\n  b:", id="mapping-block"),
    ],
)
def test_models_may_be_written_in_each_way(models: str) -> None:
    """A list of names, items with options, or a mapping."""
    assert config_from(f"models: {models}", "c").value("models") == ["a", "b"]


@pytest.mark.parametrize(
    "text", ["no", "on", "1_000", "12:30", "2026-01-02", "0x1F", "0o17", "012", "+1", "-0", ".inf"]
)
def test_text_that_yaml_mistakes_is_text(text: str) -> None:
    """As written, for a domain, an id, and the value of an option."""
    config = config_from(f"domains: [{text}]\noptions: {{{text}: {text}}}", "c")
    assert config.domains == [text]
    assert config.options == {text.replace("-", "_"): text}


REFUSED = {
    "empty": ("", "c.yaml is empty", "models: [baseline-hold]"),
    "comment": ("# nothing\n", "c.yaml is empty", ""),
    "list": ("[a]", "holds no keys", "questions, models"),
    "two-documents": ("limit: 1\n---\nlimit: 2", "line 2", ""),
    "unknown-key": ("limit: 1\nmodles: [a]", "line 2: there is no key modles", "is models meant?"),
    "unknown-like-none": ("zzz: 1", "there is no key zzz", "the keys are: questions"),
    "order-yes": ("yes: true", "yes is an order for one command", "--yes"),
    "order-json": ("json: true", "json is an order", "--json"),
    "order-adopt": ("adopt: [a=b]", "adopt is an order", "--adopt RUN_ID=JOB_ID"),
    "twice": ("limit: 1\nlimit: 2", "line 2: limit stands twice", "leave one"),
    "twice-inside": ("options:\n  a: 1\n  a: 2", "line 3: a stands twice", ""),
    "two-spellings": ("options: {a-b: 1, a_b: 2}", "in two spellings", ""),
    "model-twice": ("models: [a, b, a]", "models names a twice", ""),
    "no-value": ("models:", "models has no value", "take the line out"),
    "no-models": ("models: []", "models is empty", ""),
    "options-not-deeper": ("models:\n- a:\n  fps: 1", "stand further in", ""),
    "wrong-integer": ("limit: three", "limit is 'three', which is no whole number", ""),
    "underscored": ("limit: 1_000", "limit is '1_000', which is no whole number", ""),
    "fraction": ("limit: 1.5", "limit is 1.5, which is no whole number", ""),
    "bool-for-integer": ("limit: true", "limit is true, which is no whole number", ""),
    "too-low": ("samples: 0", "samples is 0, and has to be at least 1", ""),
    "too-high": ("samples: 10001", "samples is 10001, and has to be at most 10000", ""),
    "yes-for-bool": ("verify: yes", "verify is 'yes', which is neither true nor false", ""),
    "text-for-list": ("domains: maze", "domains is 'maze', which is no list", "[one, two]"),
    "bool-for-text": ("domains:\n- maze\n- true", "line 3: domains, item 2, is true", "in quotes"),
    "float-for-text": ("tasks: [1.0]", "tasks, item 1, is 1.0, which is no text", "in quotes"),
    "options-not-a-mapping": ("models: {a: 3}", "models, item 1, is 3, which is no keys with values", "key: value"),
    "exclusive": ("rerun_changed: true\nkeep_changed: true", "exclude each other", ""),
    "tilde": ("output: ~/out", "only a shell knows", ""),
    "control": ('experiment: "a\\u0007"', "holds a control character", ""),
    "surrogate": ('experiment: "\\ud800"', "half of a character", ""),
    "infinite": ("seed: 1e999", "1e999 is too large", "in quotes"),
    "alias": ("domains: &a [x]\ntasks: *a", "line 1: anchors (&) and aliases (*)", "write the value out"),
    "tag": ("seed: !!python/object:os.system x", "is not taken", "quote the text"),
    "deep": ("options: " + "[" * 50, "more than 12 levels", ""),
    "colon": ("output: a: b", "line 1: mapping values are not allowed", "quotes"),
    "tab": ("options:\n\tfps: 1", "line 2", ""),
    "escape": ('seed: "\\UFFFFFFFF"', "cannot be read as YAML", ""),
    "control-raw": ("a: 1\nb: \x07", "line 2: holds the control character U+0007", ""),
}


@pytest.mark.parametrize(("text", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_mistake_in_the_file_is_named(text: str, message: str, hint: str) -> None:
    """With the file, the line where there is one, the key, and the way to mend it."""
    with pytest.raises(ConfigError) as caught:
        config_from(text, "c.yaml")
    assert caught.value.message.startswith("c.yaml")
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(None, "does not exist", id="missing"),
        pytest.param(b"limit: \xff", "is not UTF-8", id="latin"),
        pytest.param(b"#" * 1_000_001, "more than 1,000,000 bytes", id="huge"),
    ],
)
def test_file_that_is_no_config_is_named(tmp_path: Path, data: bytes | None, message: str) -> None:
    """Before anything of it is believed."""
    path = tmp_path / "c.yaml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=message):
        read_config(path)


def test_many_laughs_are_not_expanded() -> None:
    """Nine levels of nine aliases are refused before they are anything."""
    laughs = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    with pytest.raises(ConfigError, match="aliases"):
        config_from("l0: &l0 ha\n" + laughs, "c")


def refusal_of(text: str) -> str:
    """The message with which a text is refused; nothing but a ConfigError may come."""
    try:
        config_from(text, "c.yaml")
    except ConfigError as error:
        return error.message
    return ""


def refuses_or_reads(text: str) -> None:
    """A configuration, or one short line that begins with the file's name."""
    message = refusal_of(text)
    assert message == "" or message.startswith("c.yaml")
    assert "\n" not in message
    assert len(message) < 300


@settings(deadline=None)
@given(st.integers(min_value=0))
def test_damaged_config_is_read_or_refused(seed: int) -> None:
    """Accidents of an editor; `benchmarks/fuzz_configs.py` has ten thousand of them."""
    refuses_or_reads(mutated(seed).decode("utf-8", "replace"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(), VALUES, max_size=6) | VALUES)
def test_any_yaml_is_read_or_refused(value: object) -> None:
    """Whatever a program might write."""
    refuses_or_reads(yaml.safe_dump(value, allow_unicode=True))


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """And whatever else might be in the file."""
    refuses_or_reads(text)


def test_demo_runs_as_it_stands(vmeval: Vmeval, tmp_path: Path) -> None:
    """In an empty folder: two built-in models on the packaged samples, in the experiment `demo`."""
    done = vmeval("run", str(DEMO))
    assert (done.returncode, "20 of 20 runs succeeded." in done.stdout) == (0, True)
    assert len(list((tmp_path / "work" / "data" / "outputs" / "demo").glob("baseline-*"))) == 2


def test_demo_names_every_key() -> None:
    """Commented out where it is not needed, and right when it is let in."""
    lines = [line.removeprefix("# ") for line in DEMO.read_text().splitlines()]
    assert [key for key in KEYS if not any(line.startswith(f"{key}:") for line in lines)] == []
    assert read_config(DEMO).experiment == "demo"


def test_config_runs_what_it_says(vmeval: Vmeval, questions: Path, tmp_path: Path) -> None:
    """Questions, output, domains, limit, samples, and options of one model and of all."""
    (tmp_path / "c.yml").write_text(
        f"questions: {questions}\noutput: {tmp_path}/out\nexperiment: pilot\ndomains: [maze]\nlimit: 1\nsamples: 2\n"
        "models:\n- baseline-hold: {seconds: 1}\n- baseline-oracle\noptions: {fps: 4}\n"
    )
    assert vmeval("run", str(tmp_path / "c.yml")).returncode == 0
    assert statuses(tmp_path / "out" / "pilot") == ["success"] * 4
    record = json.loads(next((tmp_path / "out/pilot/baseline-hold").rglob("metadata.json")).read_text())
    assert record["provenance"]["options_given"] == {"seconds": 1, "fps": 4}


def test_wrong_option_in_the_file_names_the_file(vmeval: Vmeval, tmp_path: Path) -> None:
    """And one that was typed does not."""
    (tmp_path / "c.yaml").write_text("options: {secnds: 1}")
    assert "c.yaml: baseline-hold has no option 'secnds'" in vmeval("run", str(tmp_path / "c.yaml")).stderr
    (tmp_path / "c.yaml").write_text("options: {fps: 1}")
    typed = vmeval("run", str(tmp_path / "c.yaml"), "-p", "secnds=1")
    assert "Error: baseline-hold has no option 'secnds'" in typed.stderr


def test_mistake_in_the_file_exits_two(vmeval: Vmeval, tmp_path: Path) -> None:
    """One sentence and a hint, no traceback, nothing written."""
    (tmp_path / "c.yaml").write_text("modles: [baseline-hold]")
    done = vmeval("run", str(tmp_path / "c.yaml"))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 2)
    assert not (tmp_path / "work" / "data").exists()


def test_folder_with_the_name_of_a_config_is_questions(vmeval: Vmeval, questions: Path, tmp_path: Path) -> None:
    """What it is counts for more than what it is called."""
    questions.rename(tmp_path / "set.yaml")
    assert "4 runs" in vmeval("run", str(tmp_path / "set.yaml"), "--dry-run").stdout
