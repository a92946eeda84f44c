"""The only place that touches pluggy: finds plugins, holds each to the contract, calls its hooks alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed_entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pluggy

from vmevalkit_core import CONTRACT, hookspecs
from vmevalkit_core.containment import reason, time_limit, within
from vmevalkit_core.contract import HOOKS, Hook, check_core, check_hooks, repair, spec_fault
from vmevalkit_core.deferred import Deferred, awaitable
from vmevalkit_core.dists import DistFacts, read_facts
from vmevalkit_core.errors import PluginError
from vmevalkit_core.specs import ModelSpec

if TYPE_CHECKING:
    from vmevalkit_core.generator import Job
    from vmevalkit_core.records import Clip, Event, GenerationRequest

GROUP = "vmevalkit"
Stage = Literal["version", "import", "hooks", "models", "load", "event"]
Dispatch: TypeAlias = "Callable[[ModelSpec, GenerationRequest, Job], Awaitable[Clip]]"

hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks a function of a plugin as the implementation of the hook of the same name."""

_hookspec = pluggy.HookspecMarker(GROUP)
_hookspec(hookspecs.vmeval_models)
_hookspec(hookspecs.vmeval_generate, firstresult=True)
_hookspec(hookspecs.vmeval_event)


@dataclass(frozen=True)
class PluginInfo:
    """Which plugin it is, and where it came from."""

    name: str
    """The name of its entry point; what `--with` takes."""
    distribution: str
    version: str = ""
    path: str = ""
    """The file of the plugin's module."""
    contract: int = CONTRACT


@dataclass(frozen=True)
class PluginProblem:
    """Why a plugin, or a part of it, cannot be used; everything else goes on."""

    name: str
    distribution: str
    stage: Stage
    """How far it came."""
    error: str
    """One sentence."""
    hint: str
    """The line that repairs it."""


class Plugin:
    """A plugin that keeps the contract; each hook call reaches this plugin alone."""

    def __init__(self, info: PluginInfo, facts: DistFacts, hooks: pluggy.PluginManager) -> None:
        self.info = info
        self.facts = facts
        self.hooks = hooks

    def models(self) -> tuple[list[ModelSpec], list[PluginProblem]]:
        """The models it offers, and what was wrong with the others."""
        found: dict[str, ModelSpec] = {}
        faults: list[str] = []
        problems: list[PluginProblem] = []
        limit = time_limit()
        try:
            within(limit, lambda: self._collect(found, faults))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            problems.append(_problem(self.info.name, self.facts, "models", error, kept=len(found)))
        if faults:
            more = f", and {len(faults) - 1} more like it" if len(faults) > 1 else ""
            problems.append(_problem(self.info.name, self.facts, "models", PluginError(faults[0] + more)))
        return list(found.values()), problems

    def implements(self, hook: str, *, wrapper: bool = False) -> bool:
        """Whether it has that hook, as an interceptor when `wrapper`."""
        return any(impl.wrapper is wrapper for impl in _impls(self.hooks, hook))

    def notify(self, event: Event) -> PluginProblem | None:
        """Tell its observer; the problem when that one raises."""
        try:
            self.hooks.hook.vmeval_event(event=event)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return _problem(self.info.name, self.facts, "event", error)
        return None

    def _collect(self, found: dict[str, ModelSpec], faults: list[str]) -> None:
        answers = self.hooks.hook.vmeval_models()
        if len(answers) < len(_impls(self.hooks, "vmeval_models")):
            raise PluginError("vmeval_models returned None instead of models")
        for answer in answers:
            for spec in answer:
                fault = spec_fault(spec, found)
                if fault:
                    faults.append(fault)
                else:
                    found[spec.name] = spec


def discover(entry_points: Iterable[EntryPoint] | None = None) -> tuple[list[Plugin], list[PluginProblem]]:
    """The installed plugins, each loaded alone, and what is wrong with those that cannot be used."""
    found = installed_entry_points(group=GROUP) if entry_points is None else entry_points
    limit = time_limit()
    loaded = [_load(entry_point, limit) for entry_point in found]
    plugins = [one for one in loaded if isinstance(one, Plugin)]
    return plugins, [one for one in loaded if isinstance(one, PluginProblem)]


def without_hooks(info: PluginInfo) -> Plugin:
    """The owner of models that come from a file of the user's own."""
    return Plugin(info, DistFacts(info.distribution, info.version), _Manager(GROUP))


def chain(core: Dispatch, owner: Plugin, interceptors: Sequence[Plugin]) -> Dispatch:
    """A call that asks the owner, then the core, inside the interceptors; the first of those is outermost."""

    def start(spec: ModelSpec, request: GenerationRequest, job: Job) -> Awaitable[Clip]:
        return Deferred(lambda: core(spec, request, job))

    manager = _Chain(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(_Part(start, trylast=True))
    # pluggy calls what was registered last first, and makes it the outermost wrapper.
    for part in [*_parts(owner, wrapper=False), _Part(_defer, wrapper=True)]:
        manager.register(part)
    for plugin in reversed(interceptors):
        for part in _parts(plugin, wrapper=True):
            manager.register(part)

    def dispatch(spec: ModelSpec, request: GenerationRequest, job: Job) -> Awaitable[Clip]:
        return awaitable(manager.hook.vmeval_generate(spec=spec, request=request, job=job))

    return dispatch


def _load(entry_point: EntryPoint, limit: float) -> Plugin | PluginProblem:
    facts = DistFacts(entry_point.name)
    stage: Stage = "version"
    try:
        facts = read_facts(entry_point)
        check_core(facts)
        stage = "import"
        plugin = within(limit, entry_point.load)
        stage = "hooks"
        return Plugin(_info(entry_point, facts, plugin), facts, _registered(plugin))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _problem(entry_point.name, facts, stage, error)


def _info(entry_point: EntryPoint, facts: DistFacts, plugin: Any) -> PluginInfo:
    path = str(getattr(plugin, "__file__", None) or "")
    return PluginInfo(entry_point.name, facts.name, facts.version, path)


def _registered(plugin: object) -> pluggy.PluginManager:
    # The hooks are looked at before pluggy knows the specifications, whose own complaints are long.
    manager = _Manager(GROUP)
    manager.register(plugin)
    names = [caller.name for caller in manager.get_hookcallers(plugin) or []]
    check_hooks(plugin, {name: hooks for name in names if (hooks := _hooks(manager, name))})
    manager.add_hookspecs(hookspecs)
    return manager


def _hooks(manager: pluggy.PluginManager, name: str) -> list[Hook]:
    # An unknown hook that is marked optional is one of a later core, and no fault.
    impls = [impl for impl in _impls(manager, name) if name in HOOKS or not impl.optionalhook]
    return [Hook(impl.function, impl.argnames, impl.wrapper, impl.hookwrapper) for impl in impls]


def _impls(manager: pluggy.PluginManager, hook: str) -> list[pluggy.HookImpl]:
    caller = getattr(manager.hook, hook, None)
    return caller.get_hookimpls() if caller else []


def _problem(name: str, facts: DistFacts, stage: Stage, error: BaseException, *, kept: int = 0) -> PluginProblem:
    text = reason(error) + (f"; the models before it stay ({kept})" if kept else "")
    return PluginProblem(name, facts.name, stage, text, repair(error, facts))


class _Manager(pluggy.PluginManager):
    def parse_hookspec_opts(self, module_or_class: ModuleType | type, name: str) -> pluggy.HookspecOpts | None:
        # Each plugin has a manager of its own; looking at every name of a module is dear when done so often.
        return super().parse_hookspec_opts(module_or_class, name) if name in HOOKS else None


class _Part:
    # One implementation of vmeval_generate, registered by itself.
    def __init__(self, function: Callable[..., Any], *, wrapper: bool = False, trylast: bool = False) -> None:
        self.vmeval_generate = function
        self.wrapper = wrapper
        self.trylast = trylast


class _Chain(_Manager):
    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if not isinstance(plugin, _Part) or name != "vmeval_generate":
            return None
        # A plugin's own tryfirst or trylast does not count here: the user names the order.
        return pluggy.HookimplOpts(
            wrapper=plugin.wrapper,
            trylast=plugin.trylast,
            tryfirst=False,
            hookwrapper=False,
            optionalhook=False,
            specname=None,
        )


def _defer() -> Generator[None, Any, Deferred]:
    # The innermost wrapper: a coroutine that the owner made and an interceptor drops is closed without a warning.
    answer = yield
    return answer if isinstance(answer, Deferred) else Deferred(lambda: answer, getattr(answer, "close", None))


def _parts(plugin: Plugin, *, wrapper: bool) -> list[_Part]:
    impls = _impls(plugin.hooks, "vmeval_generate")
    return [_Part(impl.function, wrapper=wrapper) for impl in impls if impl.wrapper is wrapper]
