"""What a broken plugin may do to the others: nothing."""

import json
import signal
import subprocess
import sys
import threading
from importlib.metadata import EntryPoint

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from tests.hostile.cases import CASES, ENDLESS, hook, model
from tests.hostile.dists import GOOD, site_folder, write_dist
from vmevalkit_core.containment import TimeUp, within
from vmevalkit_core.dists import DistFacts, fits
from vmevalkit_core.errors import ConfigError
from vmevalkit_core.plugins import discover
from vmevalkit_core.registry import Registry

BUILT_IN = ["baseline-hold", "baseline-oracle"]
ALL_MODELS = sorted([*BUILT_IN, "good-model", *(name for case in CASES for name in case.keeps)])
RELEASES = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
RANGES = st.lists(st.tuples(st.sampled_from([">=", "<=", ">", "<", "==", "!=", "~="]), RELEASES), max_size=3)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed distributions with one good plugin in it."""
    with site_folder(tmp_path, monkeypatch) as root:
        yield root


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_broken_plugin_hides_no_other(site, case):
    """The good models are listed, and the problem names distribution, stage, reason and repair."""
    distribution = write_dist(site, case.name, case.source, requires=case.requires)
    registry = Registry.load()
    assert [spec.name for spec in registry.models()] == sorted([*BUILT_IN, "good-model", *case.keeps])
    (problem,) = registry.problems
    assert (problem.name, problem.distribution, problem.stage) == (case.name, distribution, case.stage)
    assert case.says in problem.error
    assert case.repair.format(name=case.name) in problem.hint


def test_all_broken_plugins_at_once(site):
    """However many are broken, each is one problem and the rest is listed; in a process of its own."""
    for case in CASES:
        write_dist(site, case.name, case.source, requires=case.requires)
    code = (
        "import json; from vmevalkit_core.registry import Registry; r = Registry.load();"
        "print(json.dumps([[m.name for m in r.models()], [p.name for p in r.problems]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=_environment(site), capture_output=True, check=True)
    models, problems = json.loads(done.stdout)
    assert models == ALL_MODELS
    assert sorted(problems) == sorted(case.name for case in CASES)


def test_two_owners_of_one_name(site):
    """Neither gets it, both are named, and their other models stay."""
    write_dist(site, "one", hook(model("shared") + "; " + model("one-own")))
    write_dist(site, "two", hook(model("shared") + "; " + model("two-own")))
    registry = Registry.load()
    assert [spec.name for spec in registry.models()] == [*BUILT_IN, "good-model", "one-own", "two-own"]
    (problem,) = registry.problems
    assert set(problem.distribution.split(", ")) == {"vmevalkit-one", "vmevalkit-two"}
    assert "pip uninstall vmevalkit-one" in problem.hint
    assert "offer the same shared" in problem.error


def test_optional_unknown_hook_is_allowed(site):
    """A plugin may already implement a hook of a later core, when it says so."""
    write_dist(site, "ahead", GOOD.replace("good", "ahead") + "\n@hookimpl(optionalhook=True)\ndef vmeval_new(): ...\n")
    registry = Registry.load()
    assert registry.problems == []
    assert registry.get("ahead-model")


def test_plugin_without_distribution(site):
    """An entry point made by hand is loaded too, under its own name."""
    plugins, problems = discover([EntryPoint("hand", "vmevalkit_good", "vmevalkit")])
    assert [plugin.info.distribution for plugin in plugins] == ["hand"]
    assert problems == []


def test_unreadable_metadata_is_contained(site):
    """A METADATA that is not text is a problem of that plugin."""
    write_dist(site, "bytes", hook("return []"))
    (site / "vmevalkit_bytes-1.0.dist-info" / "METADATA").write_bytes(b"\xff\xfe\xff")
    (problem,) = Registry.load().problems
    assert (problem.name, problem.stage) == ("bytes", "version")


def test_ctrl_c_is_not_contained(site):
    """The user's own interrupt ends the command."""
    write_dist(site, "interrupt", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        Registry.load()


def test_limit_restores_former_alarm():
    """An application's own alarm handler and timer survive the loading of plugins."""
    former = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 50)
    try:
        with pytest.raises(TimeUp):
            within(0.05, lambda: exec(ENDLESS))
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
        assert 40 < signal.setitimer(signal.ITIMER_REAL, 0)[0] < 50
    finally:
        signal.signal(signal.SIGALRM, former)


def test_loading_works_in_a_thread(site):
    """Outside the main thread there is no limit, and loading still works."""
    found = []
    thread = threading.Thread(target=lambda: found.append(Registry.load().get("good-model").name))
    thread.start()
    thread.join()
    assert found == ["good-model"]


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf"])
def test_bad_limit_is_named(monkeypatch, value):
    """A limit that is no number of seconds is the user's to fix."""
    monkeypatch.setenv("VMEVAL_PLUGIN_TIMEOUT", value)
    with pytest.raises(ConfigError, match="VMEVAL_PLUGIN_TIMEOUT is"):
        Registry.load()


@given(RELEASES, RANGES)
def test_ranges_agree_with_packaging(version, clauses):
    """The short cut for plain ranges says what the packaging library says."""
    clauses = [(sign, f"{release}.0" if sign == "~=" else release) for sign, release in clauses]
    text = ",".join(sign + release for sign, release in clauses)
    assert fits(version, text) is SpecifierSet(text).contains(version, prereleases=True)


@pytest.mark.parametrize(
    ("line", "versions"),
    [
        ("vmevalkit-core>=0.1,<1", ">=0.1,<1"),
        ("vmevalkit_core (>=0.1,<1)", ">=0.1,<1"),
        ("VMEvalKit.Core[all] >= 0.1", ">= 0.1"),
        ("vmevalkit-core>=9; python_version < '3'", ""),
        ("vmevalkit-core>=9; extra == 'new'", ""),
        ("vmevalkit-core>=9; python_version > '3'", ">=9"),
        ("vmevalkit-core", ""),
        ("vmevalkit-core @ file:///somewhere", ""),
        ("vmevalkit-core-tools>=9", ""),
    ],
)
def test_core_range_is_read(line, versions):
    """Every spelling of the requirement is understood, and no other package is taken for the core."""
    assert DistFacts("any", requires=(line,)).core_range == versions


def test_listing_imports_nothing_heavy(site):
    """Models are listed without pydantic, pictures, numbers, event loops or HTTP."""
    code = (
        "import sys; from vmevalkit_core.registry import Registry; r = Registry.load(); r.models();"
        "assert not r.problems, r.problems; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=_environment(site), capture_output=True, check=True, text=True
    )
    heavy = {"pydantic", "PIL", "av", "numpy", "asyncio", "packaging", "typer", "rich", "http", "torch", "logging"}
    assert heavy.isdisjoint(name.partition(".")[0] for name in done.stdout.split())


def _environment(site):
    return {"PYTHONPATH": str(site), "VMEVAL_PLUGIN_TIMEOUT": "0.3"}
