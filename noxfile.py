"""The checks of this repository: `nox` runs them all, `nox -s tests` one of them."""

from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "plugins", "lowest", "local", "package", "docs"]
nox.options.default_venv_backend = "uv|venv"
PYPROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> list[str]:
    return nox.project.dependency_groups(PYPROJECT, name)


def needs_torch(plugin: Path) -> bool:
    needs = nox.project.load_toml(plugin / "pyproject.toml")["project"]["dependencies"]
    return any(need.startswith(("torch", "vmevalkit-wan")) for need in needs)


PLUGINS = sorted(path.parent for path in Path("plugins").glob("*/pyproject.toml"))
LIGHT = [plugin for plugin in PLUGINS if not needs_torch(plugin)]
HEAVY = [plugin for plugin in PLUGINS if needs_torch(plugin)]
SPREAD = ["-n", "3", "--dist", "worksteal"]
"""Over the cores of a small machine, with one more test that waits."""
WHEELS = ("-n", "2", "--dist", "loadfile", "-m", "package")
"""A file's tests share the environment that they install into."""
NO_LIBRARY = ["test_simulator", "test_contract", "test_new_plugin", "test_reliability", "test_state_machine", "uploads"]
NO_LIBRARY += ["test_interrupt", "test_worker", "test_device", "test_pace", "test_limits", "test_ceiling", "samples"]
"""Tests that the lowest versions of the libraries cannot fail in a way of their own."""
WITH_TORCH = [f"tests/test_{name}.py" for name in ("local_parts", "devices", "shelf")]
"""Tests of the core that look at torch where there is one."""


def editable(plugins: list[Path]) -> list[str]:
    return [part for plugin in plugins for part in ("-e", f"./{plugin}")]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types and layers."""
    session.install("-e", ".", *editable(LIGHT), *group("lint"), *group("test"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("mypy", "tests/typing/api.py")
    for plugin in LIGHT:
        session.run("mypy", str(plugin / "src"))
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, on the newest versions that are allowed."""
    session.install("-e", ".", *group("test"))
    session.run("pytest", *SPREAD, "tests", *session.posargs)


@nox.session
def plugins(session: nox.Session) -> None:
    """The tests of the plugins for vendors, all in one environment; those for local models are in `local`."""
    session.install("-e", ".", *editable(LIGHT), *group("test"))
    session.run("pytest", *SPREAD, *(str(plugin / "tests") for plugin in LIGHT), *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests of all that uses a library, on the lowest versions that are allowed."""
    session.install("--resolution", "lowest-direct", "-e", ".")
    session.install(*group("test"))
    left = [f"--ignore-glob=tests/{name}*" for name in NO_LIBRARY]
    session.run("pytest", *SPREAD, "tests", *left, *session.posargs)


@nox.session(venv_backend="venv")
def local(session: nox.Session) -> None:
    """The tests of local models and their workers, in one environment with torch; they need no GPU."""
    # By pip, which finds the build for the CPU; the rest by uv, since pip may resolve it for minutes.
    session.install("torch==2.13.0", "uv")
    session.run("uv", "pip", "install", "-e", ".", *editable(HEAVY), *group("test"), *group("lint"), external=True)
    for plugin in HEAVY:
        session.run("mypy", str(plugin / "src"))
    found = [str(plugin / "tests") for plugin in HEAVY]
    # One thread each: on shared cores more of them wait for each other.
    session.run("pytest", *SPREAD, *found, *WITH_TORCH, *session.posargs, env={"OMP_NUM_THREADS": "1"})
    session.run("pytest", *WHEELS, *found, env={"OMP_NUM_THREADS": "1"})


@nox.session
def package(session: nox.Session) -> None:
    """Wheels, built and then installed into empty environments: the main job, and a stranger's plugin."""
    session.install("-e", ".", *group("test"))
    session.run("pytest", *WHEELS, "tests", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The site: its generated parts are fresh, and it builds without a warning into build/site."""
    session.install("-e", ".", *group("docs"))
    session.run("python", "-m", "tools.docs", "--check")
    session.run("zensical", "build", "--clean", "--strict")
