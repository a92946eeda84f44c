"""One entry for each way a plugin can be broken, and what the user has to be told."""

from dataclasses import dataclass

from tests.hostile.dists import CORE


@dataclass(frozen=True)
class Case:
    """A broken plugin: its source, how far it comes, words of the reason and of the repair line."""

    name: str
    source: str
    stage: str
    says: str
    repair: str = "pip install -U vmevalkit-{name}, or pip uninstall vmevalkit-{name}"
    requires: tuple[str, ...] = (CORE,)
    keeps: tuple[str, ...] = ()
    """Models that stay."""


HEAD = "from vmevalkit_core import ModelSpec, hookimpl\n"
ENDLESS = "while True:\n    try:\n        while True:\n            pass\n    except Exception:\n        pass\n"
OLD = "pip install -U vmevalkit-core vmevalkit-{name}"


def hook(body: str, signature: str = "def vmeval_models()", mark: str = "@hookimpl") -> str:
    """The source of a module with one hook."""
    return f"{HEAD}\n{mark}\n{signature}:\n    {body}\n"


def model(name: str, more: str = "") -> str:
    """A statement that yields a model."""
    return f"yield ModelSpec(name={name!r}, factory='x:Y'{more})"


CASES = [
    Case("import-error", "import a_package_nobody_has", "import", "No module named 'a_package_nobody_has'"),
    Case("syntax-error", "def (:", "import", "SyntaxError"),
    Case("exit-at-import", "import sys; sys.exit('bye')", "import", "SystemExit: bye"),
    Case("base-exception", "raise BaseException('no')", "import", "BaseException: no"),
    Case("unprintable", "class E(Exception):\n    def __str__(self): raise E\nraise E", "import", "E"),
    Case("endless-import", ENDLESS, "import", "did not end within 0.3 s"),
    Case("old-name", "from vmevalkit_core import Nothing", "import", "cannot import name 'Nothing'", OLD),
    Case("no-hook", "x = 1", "hooks", "it has no hook"),
    Case("no-mark", "def vmeval_models(): return []", "hooks", "vmeval_models lacks the mark @hookimpl"),
    Case("unknown-hook", hook("return []", "def vmeval_model()"), "hooks", "is vmeval_models meant?"),
    Case("wrong-parameter", hook("...", "def vmeval_event(evnt)"), "hooks", "no parameter 'evnt'; it may name event"),
    Case("async-models", hook("return []", "async def vmeval_models()"), "hooks", "vmeval_models is async"),
    Case("async-generate", hook("...", "async def vmeval_generate(spec)"), "hooks", "vmeval_generate is async"),
    Case("async-yield", hook("yield 1", "async def vmeval_generate(spec)"), "hooks", "vmeval_generate is async"),
    Case("yield-generate", hook("yield 1", "def vmeval_generate(spec)"), "hooks", "is a generator function"),
    Case("wrapped-models", hook("return (yield)", mark="@hookimpl(wrapper=True)"), "hooks", "cannot be a wrapper"),
    Case("old-wrapper", hook("yield", "def vmeval_generate()", "@hookimpl(hookwrapper=True)"), "hooks", "wrapper=True"),
    Case("no-yield", hook("...", "def vmeval_generate()", "@hookimpl(wrapper=True)"), "hooks", "has no yield"),
    Case("future-core", hook("yield 1"), "version", "asks for vmevalkit-core >=99", OLD, ("vmevalkit-core>=99",)),
    Case("no-version", hook("yield 1"), "version", "InvalidSpecifier", requires=("vmevalkit-core ~~ 3",)),
    Case("raises", hook("raise OSError('disk')"), "models", "OSError: disk"),
    Case("own-keyword", hook("int(colour=1)"), "models", "TypeError"),
    Case("exit-in-hook", hook("raise SystemExit(3)"), "models", "SystemExit: 3"),
    Case("endless-models", hook("while True: pass"), "models", "did not end within 0.3 s"),
    Case("nothing", hook("pass"), "models", "vmeval_models returned None"),
    Case("number", hook("return 42"), "models", "TypeError: 'int' object is not iterable"),
    Case("text", hook("return 'junk'"), "models", "yields a str, which is not a ModelSpec, and 3 more like it"),
    Case("new-field", hook(model("a", ", colour=1")), "models", "unexpected keyword argument 'colour'", OLD),
    Case("bad-name", hook(model("b-1") + "; " + model("B 2")), "models", "stay (1)", keeps=("b-1",)),
    Case("one-junk", hook(f"yield 1; {model('c-1')}"), "models", "yields a int", keeps=("c-1",)),
    Case("twice", hook("; ".join([model("d-1")] * 2)), "models", "yields d-1 twice", keeps=("d-1",)),
    Case("lists", hook(model("e-1", ", links=[]")), "models", "a field of e-1 can change"),
]
