"""`plugins new`: a package that installs, keeps its contract and lints clean before its author has changed a word."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Literal

from vmevalkit_core.errors import UsageError
from vmevalkit_core.terminal import out

PLAIN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 24
"""Characters of a name at most: the lines of the rendered files have room for so many."""
TAKEN = {"core", "baseline"}
_PLACE_HINT = "name a folder that is there, and yours to write, with --into"
_NAME_HINT = f"a name is like `acme` or `acme-video`: lower-case letters, digits and hyphens, {LONGEST} at most"


def new_plugin(name: str, kind: Literal["api", "local"], into: Path) -> int:
    """Render the package of a plugin into a folder of its own, and say how to go on."""
    words = _words(name)
    folder = into / words["distribution"]
    if folder.exists():
        raise UsageError(f"{folder} is there already", hint="give the plugin another name, or name another --into")
    if not into.is_dir():
        raise UsageError(f"{into} is no folder", hint=_PLACE_HINT)
    try:
        _render(folder, kind, words)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}", hint=_PLACE_HINT) from error
    out.say(str(folder))
    out.note(f'Next: cd {folder}; pip install -e ".[test]"; pytest\nWhat to change, and how to publish it: README.md')
    return 0


def _render(folder: Path, kind: str, words: dict[str, str]) -> None:
    for path, template in _templates(files("vmevalkit_core") / "templates" / kind):
        target = folder / _filled_path(path, words)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(template.read_text("utf-8")).substitute(words), "utf-8")


def _words(given: str) -> dict[str, str]:
    """What is filled in, by the name of the plugin; UsageError for one that cannot be."""
    name = given.removeprefix("vmevalkit-")
    if problem := _problem(name):
        raise UsageError(f"{given!r} cannot be the name of a plugin: {problem}", hint=_NAME_HINT)
    parts, safe = name.split("-"), name.replace("-", "_")
    return {
        "name": name,
        "name_": safe,
        "distribution": f"vmevalkit-{name}",
        "module": f"vmevalkit_{safe}",
        "class_name": "".join(part.capitalize() for part in parts),
        "prefix": safe.upper(),
        "title": " ".join(part.capitalize() for part in parts),
    }


def _problem(name: str) -> str:
    if not PLAIN.fullmatch(name):
        return "it is not made of lower-case letters, digits and single hyphens, with a letter at the beginning"
    if len(name) > LONGEST:
        return f"it has {len(name)} characters"
    if name in TAKEN:
        return f"vmevalkit itself has something called {name}"
    if _is_installed(f"vmevalkit-{name}"):
        return f"a package vmevalkit-{name} is installed already, which the new one would replace"
    # `True` and `None` would be the names of classes.
    return "Python has that word for itself" if keyword.iskeyword(name.replace("-", "").capitalize()) else ""


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def _templates(root: Traversable, below: str = "") -> Iterator[tuple[str, Traversable]]:
    """Every file of a template with its path in it."""
    for entry in sorted(root.iterdir(), key=lambda one: one.name):
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir():
            yield from _templates(entry, path)
        elif path.endswith(".in"):
            yield path.removesuffix(".in"), entry


def _filled_path(path: str, words: dict[str, str]) -> Path:
    # Package data may be filtered by patterns that leave out hidden files.
    hidden = ".gitignore" if path == "gitignore" else path
    return Path(hidden.replace("MODULE", words["module"]).replace("NAME", words["name_"]))
