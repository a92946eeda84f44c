"""The checks of this repository: `nox` runs them all, `nox -s tests` one of them."""

from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "lowest", "local", "package", "docs"]
nox.options.default_venv_backend = "venv"
PYPROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> list[str]:
    return nox.project.dependency_groups(PYPROJECT, name)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types and layers."""
    session.install("-e", ".", *group("lint"), *group("test"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("mypy", "tests/typing/api.py")
    for plugin in sorted(Path("plugins").glob("*/src")):
        session.run("mypy", str(plugin))
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, on the newest versions that are allowed."""
    session.install("-e", ".", *group("test"))
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests, on the lowest versions that are allowed."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", "-e", ".", external=True)
    session.install(*group("test"))
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def local(session: nox.Session) -> None:
    """The tests of local models and their workers, in one environment with torch; they need no GPU."""
    plugins = [plugin for plugin in sorted(Path("plugins").iterdir()) if needs_torch(plugin)]
    # By pip, which finds the build for the CPU; the rest by uv, since pip may resolve it for minutes.
    session.install("torch==2.13.0", "uv")
    editable = [part for project in (".", *map(str, plugins)) for part in ("-e", project)]
    session.run("uv", "pip", "install", *editable, *group("test"), external=True)
    found = [str(plugin / "tests") for plugin in plugins]
    found += [f"tests/test_{name}.py" for name in ("workers", "worker_kills", "devices", "device_order", "local_parts")]
    # One thread each: on shared cores more of them wait for each other.
    session.run("pytest", "-n", "2", *found, *session.posargs, env={"OMP_NUM_THREADS": "1"})
    session.run("pytest", "-m", "package", *found[: len(plugins)], env={"OMP_NUM_THREADS": "1"})


def needs_torch(plugin: Path) -> bool:
    """Whether a plugin asks for torch."""
    facts = nox.project.load_toml(plugin / "pyproject.toml") if (plugin / "pyproject.toml").exists() else {}
    return any(one.startswith("torch") for one in facts.get("project", {}).get("dependencies", ()))


@nox.session
def package(session: nox.Session) -> None:
    """Wheels, built and then installed into empty environments: the main job, and a stranger's plugin."""
    session.install("-e", ".", *group("test"))
    session.run("pytest", "-m", "package", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The site: its generated parts are fresh, and it builds without a warning into build/site."""
    session.install("-e", ".", *group("docs"))
    session.run("python", "-m", "tools.docs", "--check")
    session.run("zensical", "build", "--clean", "--strict")
