"""Loading what a spec names: `module:Class` of a plugin, or `/abs/file.py:Class` of a file of the user's own."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import re
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from vmevalkit_core.containment import reason
from vmevalkit_core.errors import MissingExtra, PluginError, UsageError
from vmevalkit_core.specs import ModelSpec


def load_target(target: str) -> object:
    """The object that `module:Class` or `file.py:Class` names."""
    home, _, name = target.rpartition(":")
    try:
        module = load_file(Path(home)) if home.endswith(".py") else import_module(home)
        found = getattr(module, name, None)
    except (KeyboardInterrupt, UsageError):
        raise
    except BaseException as error:
        raise _import_fault(home, error) from error
    if found is None:
        raise PluginError(f"{home} has no {name}", hint=f"it has: {', '.join(_classes(module)) or 'no class'}")
    return found


def load_file(path: Path) -> ModuleType:
    """The module in a file, under a name of its own, run again only when its content changed."""
    source = _read(path)
    name = f"vmevalkit_file_{hashlib.sha256(str(path).encode() + source).hexdigest()[:16]}"
    # Generators are built in threads: one must not get the half-run module of another.
    with _LOADING:
        return sys.modules[name] if name in sys.modules else _run(name, path, source)


def spec_of_file(target: str) -> tuple[ModelSpec, str]:
    """The spec of `path/to/file.py:Class`, with an absolute path in it, and the version of the file."""
    home, _, name = target.rpartition(":")
    if not home.endswith(".py") or not name:
        raise UsageError(f"{target!r} names no file and class", hint="write path/to/my_model.py:MyModel")
    path = Path(home).expanduser().resolve()
    version = hashlib.sha256(_read(path)).hexdigest()[:12]
    cls = load_target(f"{path}:{name}")
    if not isinstance(cls, type):
        raise PluginError(f"{name} in {path.name} is no class", hint=_GENERATE)
    if not inspect.iscoroutinefunction(getattr(cls, "generate", None)):
        fault = "is not `async def`" if hasattr(cls, "generate") else "is missing"
        raise PluginError(f"the method generate of {name} in {path.name} {fault}", hint=_GENERATE)
    return _own_spec(cls, path), version


def _run(name: str, path: Path, source: bytes) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = str(path)
    # Compiled from the very bytes that were hashed: a stale .pyc would make the recorded version a lie.
    code = compile(source, str(path), "exec")
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _own_spec(cls: type, path: Path) -> ModelSpec:
    factory = f"{path}:{cls.__name__}"
    spec = getattr(cls, "spec", None)
    if not isinstance(spec, ModelSpec):
        doc = inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]
        return ModelSpec(name=_kebab(cls.__name__), factory=factory, description=doc)
    # A file has no module name that another process could import, so its own stem stands for it.
    options = re.sub(rf"^{re.escape(path.stem)}:", lambda _: f"{path}:", spec.options)
    return dataclasses.replace(spec, factory=factory, options=options)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint="check the path before the colon") from error


def _import_fault(home: str, error: BaseException) -> UsageError:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    package = (missing or "").partition(".")[0]
    if package and package != home.partition(".")[0] and not find_spec(package):
        message = f"{home} needs the package {package}, which is not installed"
        fault = MissingExtra(message, hint=f"pip install {package}")
        fault.name = package
        return fault
    return PluginError(f"{home} cannot be imported: {reason(error)}")


def _classes(module: ModuleType) -> list[str]:
    here = vars(module).items()
    return [name for name, value in here if isinstance(value, type) and value.__module__ == module.__name__]


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+", "-", name).lower().strip("-")


_LOADING = threading.RLock()
_GENERATE = "a generator has `async def generate(self, request, job)` and returns a Clip"
