"""What the plugin contract refuses, each refusal as one sentence and one line that repairs it."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Container
from difflib import get_close_matches
from typing import Any, NamedTuple

from vmevalkit_core import __version__, hookspecs
from vmevalkit_core.containment import LIMIT, TimeUp
from vmevalkit_core.dists import DistFacts, fits
from vmevalkit_core.errors import PluginError, VmevalError
from vmevalkit_core.specs import ModelSpec, Need, State

HOOKS = {
    hook.__name__: hook.__code__.co_varnames[: hook.__code__.co_argcount]
    for hook in (hookspecs.vmeval_models, hookspecs.vmeval_generate, hookspecs.vmeval_event)
}
"""The hooks and the names of their parameters."""

# An unknown field of a spec, or an unknown public name.
_OF_A_LATER_CORE = re.compile(
    r"(ModelSpec|State|Need)\.__init__\(\) got an unexpected keyword|cannot import name '\w+' from 'vmevalkit_core"
)

_UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")
_SPEC_FIELDS = tuple(field.name for kind in (ModelSpec, State, Need) for field in dataclasses.fields(kind))


class Hook(NamedTuple):
    """One function that a plugin marked."""

    function: Callable[..., Any]
    argnames: tuple[str, ...]
    wrapper: bool
    hookwrapper: bool


def check_core(facts: DistFacts) -> None:
    """PluginError when the distribution asks for another core than this one."""
    asked = facts.core_range
    if asked and not fits(__version__, asked):
        raise PluginError(f"{_asks(facts)}, and this is {__version__}", hint=_upgrade_both(facts))


def check_hooks(plugin: object, hooks: dict[str, list[Hook]]) -> None:
    """PluginError when the plugin has no hook, or one that cannot work."""
    if not hooks:
        bare = [name for name in HOOKS if hasattr(plugin, name)]
        raise PluginError(f"{' and '.join(bare)} lacks the mark @hookimpl" if bare else "it has no hook")
    for name, functions in hooks.items():
        if name not in HOOKS:
            raise PluginError(f"{name} is not a hook{_near(name)}")
        for hook in functions:
            fault = _signature_fault(name, hook) or _form_fault(name, hook)
            if fault:
                raise PluginError(f"{name} {fault}")


def spec_fault(value: object, known: Container[str]) -> str:
    """Why a value cannot be listed as a model; empty when it can."""
    if not isinstance(value, ModelSpec):
        return f"vmeval_models yields a {type(value).__name__}, which is not a ModelSpec"
    if value.name in known:
        return f"vmeval_models yields {value.name} twice"
    try:
        hash(value)
    except TypeError as error:
        return f"a field of {value.name} can change ({error}); use tuples"
    return ""


def repair(error: BaseException, facts: DistFacts) -> str:
    """The line that repairs what went wrong in a plugin."""
    text = str(error) if isinstance(error, TypeError | ImportError | VmevalError) else ""
    if isinstance(error, VmevalError) and error.hint:
        return error.hint
    if (unknown := _UNEXPECTED.search(text)) and (near := get_close_matches(unknown[1], _SPEC_FIELDS, n=1)):
        return f"is {near[0]} meant?"
    if _OF_A_LATER_CORE.match(text):
        return f"{_asks(facts)}, and this is {__version__}: {_upgrade_both(facts)}"
    line = f"pip install -U {facts.name}, or pip uninstall {facts.name}"
    return f"{line}; {LIMIT} changes the limit" if isinstance(error, TimeUp) else line


def _asks(facts: DistFacts) -> str:
    return f"{facts.name} asks for vmevalkit-core {facts.core_range or 'of any version'}"


def _upgrade_both(facts: DistFacts) -> str:
    # pip finds the pair that fits, whichever of the two is the old one.
    return f"pip install -U vmevalkit-core {facts.name}"


def _near(name: str) -> str:
    near = get_close_matches(name, HOOKS, n=1)
    return f"; is {near[0]} meant?" if near else f"; the hooks are {', '.join(HOOKS)}"


def _signature_fault(name: str, hook: Hook) -> str:
    wrong = [each for each in hook.argnames if each not in HOOKS[name]]
    if not wrong:
        return ""
    return f"has no parameter {' and '.join(map(repr, wrong))}; it may name {', '.join(HOOKS[name]) or 'none'}"


def _form_fault(name: str, hook: Hook) -> str:
    if inspect.iscoroutinefunction(hook.function) or inspect.isasyncgenfunction(hook.function):
        return "is async; a hook is a plain function, and vmeval_generate returns an awaitable"
    if hook.hookwrapper or (hook.wrapper and name != "vmeval_generate"):
        return "cannot be a wrapper; only vmeval_generate can, with wrapper=True"
    yields = inspect.isgeneratorfunction(hook.function)
    if hook.wrapper and not yields:
        return "is marked wrapper=True and has no yield"
    if yields and not hook.wrapper and name != "vmeval_models":
        return "is a generator function, so calling it does nothing"
    return ""
