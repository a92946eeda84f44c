"""Who is asked for a clip, who is not, and what an error says."""

import asyncio
import gc
from datetime import UTC, datetime

import pytest

from tests.hostile.cases import hook, model
from tests.hostile.dists import GOOD, site_folder, write_dist
from vmevalkit_core.errors import MissingExtra, PluginError, UnknownModel, UsageError
from vmevalkit_core.options import FreeOptions, Options
from vmevalkit_core.records import Event, GenerationRequest
from vmevalkit_core.registry import Registry
from vmevalkit_core.specs import ModelSpec

REQUEST = GenerationRequest(model="good-model", prompt="go", first_frame=None)
EVENT = Event(kind="done", run_id="r", model="m", domain="d", task_id="t", sample=0, time=datetime.now(UTC))

# In these tests the job is a list, in which everybody who is asked leaves a word.
SAYS = """
async def _clip(job):
    job.append("{0} works")
    return "clip of {0}"

@hookimpl
def vmeval_generate(spec, request, job):
    job.append("{0} asked")
    return {1}
"""
WRAPS = """
from vmevalkit_core import hookimpl

async def _around(inner, job):
    job.append("{0} before")
    clip = await inner
    job.append("{0} after")
    return clip

@hookimpl(wrapper=True{1})
def vmeval_generate(job):
    inner = yield
    return _around(inner, job)
"""
CACHE = """
from vmevalkit_core import hookimpl

async def _hit():
    return "from the cache"

@hookimpl(wrapper=True)
def vmeval_generate():
    yield
    return _hit()
"""
FILE = '''
class MyHTTPModel:
    """Draws with a pencil.

    And more.
    """

    def __init__(self, spec, context): ...

    async def generate(self, request, job): ...

class Other: ...
'''


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed distributions with one good plugin in it."""
    with site_folder(tmp_path, monkeypatch) as root:
        yield root


async def core(spec, request, job):
    """The core's way, which loads the factory; here it only says so."""
    job.append("core works")
    return "clip of core"


def ask(registry, name="good-model", interceptors=()):
    """The clip of one request, and the words that were left on the way to it."""
    said = []

    async def once():
        return await registry.dispatcher(core, interceptors)(registry.get(name), REQUEST, said)

    return asyncio.run(once()), said


def rewrite_good(site, more):
    """Give the good plugin another hook."""
    (site / "vmevalkit_good.py").write_text(GOOD + more)


def test_model_without_hook_goes_to_core(site):
    """An ordinary plugin only yields specs."""
    assert ask(Registry.load()) == ("clip of core", ["core works"])


def test_owner_is_asked_before_core(site):
    """The owner's awaitable accepts the work, and the core does nothing."""
    rewrite_good(site, SAYS.format("owner", "_clip(job)"))
    assert ask(Registry.load()) == ("clip of owner", ["owner asked", "owner works"])


def test_owner_that_declines_leaves_it_to_core(site):
    """None declines."""
    rewrite_good(site, SAYS.format("owner", "None"))
    assert ask(Registry.load()) == ("clip of core", ["owner asked", "core works"])


def test_third_plugin_is_never_asked(site):
    """A plugin that does not own the model is neither asked nor able to take the work."""
    write_dist(site, "third", GOOD.replace("good", "third") + SAYS.format("third", "_clip(job)"))
    registry = Registry.load()
    assert ask(registry) == ("clip of core", ["core works"])
    assert ask(registry, "third-model")[1] == ["third asked", "third works"]


def test_interceptor_sleeps_until_named(site):
    """Installed is not active; named is."""
    write_dist(site, "tap", WRAPS.format("tap", ""))
    registry = Registry.load()
    assert registry.problems == []
    assert ask(registry)[1] == ["core works"]
    assert ask(registry, interceptors=["tap"])[1] == ["tap before", "core works", "tap after"]


@pytest.mark.parametrize("own_wish", ["", ", tryfirst=True", ", trylast=True"])
def test_interceptors_nest_in_the_order_named(site, own_wish):
    """The first named is outermost, whatever order the plugins wish for themselves."""
    write_dist(site, "a", WRAPS.format("a", ""))
    write_dist(site, "b", WRAPS.format("b", own_wish))
    registry = Registry.load()
    assert ask(registry, interceptors=["a", "b"])[1] == ["a before", "b before", "core works", "b after", "a after"]
    assert ask(registry, interceptors=["b", "a"])[1] == ["b before", "a before", "core works", "a after", "b after"]


@pytest.mark.parametrize("owner", ["", SAYS.format("owner", "_clip(job)")], ids=["core", "owner"])
def test_cache_hit_starts_nothing(site, owner):
    """What an interceptor does not await never starts, and nobody is warned about it."""
    rewrite_good(site, owner)
    write_dist(site, "cache", CACHE)
    clip, said = ask(Registry.load(), interceptors=["cache"])
    gc.collect()
    assert clip == "from the cache"
    assert "core works" not in said
    assert "owner works" not in said


def test_clip_is_awaited_only_once(site):
    """An interceptor that tries again cannot make the core send, and pay, twice."""
    write_dist(site, "again", WRAPS.format("again", "").replace("await inner", "[await inner, await inner]"))
    with pytest.raises(RuntimeError, match="only once"):
        ask(Registry.load(), interceptors=["again"])


def test_answer_that_cannot_be_awaited(site):
    """A hook that returns its clip outright breaks the contract, and is told so."""
    rewrite_good(site, SAYS.format("owner", "'a clip'"))
    with pytest.raises(PluginError, match="answered with str, which cannot be awaited"):
        ask(Registry.load())


def test_unknown_interceptor_is_named(site):
    """The error lists those that are installed."""
    write_dist(site, "tap", WRAPS.format("tap", ""))
    with pytest.raises(UsageError, match="no interceptor tab is installed") as caught:
        Registry.load().dispatcher(core, ["tab"])
    assert caught.value.hint == "installed: tap"


def test_broken_observer_is_switched_off(site):
    """It becomes one problem; the other observers are told on."""
    write_dist(site, "bad", hook("raise OSError('full')", "def vmeval_event(event)"))
    write_dist(site, "log", "SEEN = []\n" + hook("SEEN.append(event)", "def vmeval_event(event)"))
    registry = Registry.load()
    registry.notify(EVENT)
    registry.notify(EVENT)
    (problem,) = registry.problems
    assert (problem.distribution, problem.stage, problem.error) == ("vmevalkit-bad", "event", "OSError: full")
    assert __import__("vmevalkit_log").SEEN == [EVENT, EVENT]
    assert registry.has_observers


def test_nobody_observes(site):
    """Without an observer the runner need not tell anybody."""
    assert not Registry.load().has_observers


def test_unknown_model_names_near_ones(site):
    """A typing error is answered with the name that was meant."""
    with pytest.raises(UnknownModel, match="no installed plugin offers the model god-model") as caught:
        Registry.load().get("god-model")
    assert caught.value.hint == "is good-model meant?"


def test_model_that_wants_a_video_is_told_so(site):
    """Other toolkits have such names; one sentence says why this one has none of them."""
    with pytest.raises(UnknownModel, match="wants a video, and questions hold pictures only") as caught:
        Registry.load().get("good-model-v2v")
    assert caught.value.hint == "is good-model meant?"


@pytest.mark.parametrize("name", ["same", "one-ray"])
def test_unknown_model_names_the_plugin_problem(site, name):
    """Two owners, or a plugin of that name that is broken, are the reason given."""
    write_dist(site, "one", hook(model("same") + "; raise OSError('disk')"))
    write_dist(site, "two", hook(model("same")))
    with pytest.raises(UnknownModel, match="vmevalkit-one") as caught:
        Registry.load().get(name)
    assert "pip" in caught.value.hint


def test_owner_of_a_model(site):
    """The plugin that offers a model, with what a record keeps of it."""
    owner = Registry.load().owner("good-model")
    assert (owner.name, owner.distribution, owner.version, owner.contract) == ("good", "vmevalkit-good", "1.0", 1)
    assert owner.path == str(site / "vmevalkit_good.py")


def test_file_becomes_a_model(tmp_path):
    """A class in a file needs no spec: name and description come from it."""
    file = tmp_path / "my_model.py"
    file.write_text(FILE)
    registry = Registry([])
    spec = registry.add_file(f"{file}:MyHTTPModel")
    assert (spec.name, spec.description, spec.kind) == ("my-http-model", "Draws with a pencil.", "local")
    assert registry.get("my-http-model") == spec == registry.add_file(f"{file}:MyHTTPModel")
    assert registry.load_target(spec.factory).__name__ == "MyHTTPModel"
    assert registry.owner(spec.name).distribution == "my_model.py"
    assert len(registry.owner(spec.name).version) == 12


def test_file_may_bring_its_spec(tmp_path):
    """Targets that name the file by its stem are found from any process."""
    file = tmp_path / "mine.py"
    spec = "ModelSpec(name='mine-1', factory='mine:Mine', options='mine:Knobs')"
    file.write_text(
        f"from vmevalkit_core import ModelSpec, Options\nclass Knobs(Options):\n    turns: int = 1\n"
        f"class Mine:\n    spec = {spec}\n    async def generate(self, request, job): ...\n"
    )
    registry = Registry([])
    found = registry.add_file(f"{file}:Mine")
    assert found.factory == f"{file}:Mine"
    assert registry.options_class(found)(turns=3).model_dump() == {"turns": 3}


@pytest.mark.parametrize(
    ("target", "error", "says", "hint"),
    [
        ("none.py:X", UsageError, "cannot read", "check the path"),
        ("bad.py", UsageError, "names no file and class", "write path/to/my_model.py:MyModel"),
        ("file.py:X", PluginError, "file.py has no X", "it has: MyHTTPModel, Other"),
        ("file.py:Other", PluginError, "generate of Other in file.py is missing", "async def generate"),
        ("raises.py:X", PluginError, "raises.py cannot be imported: ZeroDivisionError", ""),
        ("exits.py:X", PluginError, "cannot be imported: SystemExit: 1", ""),
        ("syntax.py:X", PluginError, "cannot be imported: SyntaxError", ""),
        ("missing.py:X", MissingExtra, "needs the package nobody_has", "pip install nobody_has"),
    ],
)
def test_broken_file_is_one_sentence(tmp_path, target, error, says, hint):
    """Each way a file can fail says which file, why, and what to do."""
    sources = {"file": FILE, "raises": "1 / 0", "exits": "exit(1)", "syntax": "def (", "missing": "import nobody_has.x"}
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    with pytest.raises(error, match=says) as caught:
        Registry([]).add_file(str(tmp_path / target))
    assert hint in caught.value.hint


def test_file_cannot_take_an_owned_name(site, tmp_path):
    """A model of a plugin is never replaced behind the user's back."""
    file = tmp_path / "thief.py"
    file.write_text(FILE.replace("MyHTTPModel", "GoodModel"))
    with pytest.raises(UsageError, match="vmevalkit-good has a model good-model already"):
        Registry.load().add_file(f"{file}:GoodModel")


def test_changed_file_is_loaded_again(tmp_path):
    """What is recorded as the version is what ran."""
    file = tmp_path / "new.py"
    registry = Registry([])
    versions = set()
    for number in (1, 2):
        file.write_text(f"{FILE}\nNUMBER = {number}\n")
        versions.add(registry.owner(registry.add_file(f"{file}:MyHTTPModel").name).version)
        assert registry.load_target(f"{file}:NUMBER") == number
    assert len(versions) == 2


def test_missing_package_names_the_extra(site):
    """When the plugin has an extra with the package, that is the line to type."""
    write_dist(
        site, "gpu", hook(model("gpu-1", ", options='heavy_gpu:X'")), requires=('nobody-has>=2; extra == "local"',)
    )
    (site / "heavy_gpu.py").write_text("import nobody_has")
    registry = Registry.load()
    with pytest.raises(MissingExtra, match="vmevalkit-gpu: heavy_gpu needs the package nobody_has") as caught:
        registry.options_class(registry.get("gpu-1"))
    assert caught.value.hint == 'pip install "vmevalkit-gpu[local]"'


def test_broken_factory_names_the_plugin(site):
    """Code that a listing never loads can be broken too: the error and the problem name its plugin."""
    registry = Registry.load()
    with pytest.raises(PluginError, match="vmevalkit-good: vmevalkit_good has no Good"):
        registry.load_target(registry.get("good-model").factory)
    (problem,) = registry.problems
    assert (problem.distribution, problem.stage) == ("vmevalkit-good", "load")


def test_options_must_be_options(site):
    """A class that could not check or price anything is refused."""
    write_dist(site, "odd", hook(model("odd-1", ", options='pathlib:Path'")))
    registry = Registry.load()
    with pytest.raises(PluginError, match="vmevalkit-odd: pathlib:Path is not a class of Options"):
        registry.options_class(registry.get("odd-1"))


@pytest.mark.parametrize(("kind", "price"), [("api", None), ("local", 0)])
def test_model_without_options(kind, price):
    """A local model is free; what an API model costs is not known."""
    options = Registry([]).options_class(ModelSpec(name="a", factory="a:B", kind=kind))
    assert options in (Options, FreeOptions)
    assert options().price() == price
