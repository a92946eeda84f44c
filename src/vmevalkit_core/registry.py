"""Every model that can be asked, who owns it, and the way to its generator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vmevalkit_core.errors import MissingExtra, PluginError, UnknownModel, UsageError
from vmevalkit_core.plugins import Dispatch, Plugin, PluginInfo, PluginProblem, chain, discover, without_hooks
from vmevalkit_core.specs import ModelSpec

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from importlib.metadata import EntryPoint

    from vmevalkit_core.generator import Job
    from vmevalkit_core.options import Options
    from vmevalkit_core.records import Clip, Event, GenerationRequest

CORE = "vmevalkit-core"
__all__ = ["Dispatch", "PluginInfo", "PluginProblem", "Registry", "is_file_target"]


class Registry:
    """The models of the plugins it was given; one that is broken is a problem and hides nothing else."""

    def __init__(self, plugins: Iterable[Plugin] = (), problems: Iterable[PluginProblem] = ()) -> None:
        self._plugins = list(plugins)
        self._problems = list(problems)
        self._specs: dict[str, ModelSpec] = {}
        self._owners: dict[str, Plugin] = {}
        self._disputed: dict[str, PluginProblem] = {}
        self._observers = [plugin for plugin in self._plugins if plugin.implements("vmeval_event")]
        self._settle(self._offers())

    @classmethod
    def load(cls, entry_points: Iterable[EntryPoint] | None = None) -> Registry:
        """The registry of everything installed, or of these entry points alone."""
        return cls(*discover(entry_points))

    @property
    def plugins(self) -> list[PluginInfo]:
        """The plugins that keep the contract, models or not."""
        return [plugin.info for plugin in self._plugins]

    @property
    def problems(self) -> list[PluginProblem]:
        """What is wrong with the others, as far as it is known by now."""
        return list(self._problems)

    @property
    def has_observers(self) -> bool:
        """Whether `notify` would tell anybody."""
        return bool(self._observers)

    def models(self) -> list[ModelSpec]:
        """All models, sorted by name."""
        return [self._specs[name] for name in sorted(self._specs)]

    def get(self, name: str) -> ModelSpec:
        """The model of that name; UnknownModel says which names are near or what stands in its way."""
        if name not in self._specs:
            raise self._unknown(name)
        return self._specs[name]

    def find(self, name: str) -> ModelSpec:
        """The model of that name, or the one in a file of the user's own, as in `add_file`."""
        return self.add_file(name) if is_file_target(name) else self.get(name)

    def owner(self, name: str) -> PluginInfo:
        """The plugin that offers the model of that name."""
        return self._owner(name).info

    def add_file(self, target: str) -> ModelSpec:
        """The model in a file of the user's own, `path/to/my_model.py:MyModel`; it can be asked from now on."""
        from vmevalkit_core.targets import spec_of_file

        spec, version = spec_of_file(target)
        path = Path(spec.factory.rpartition(":")[0])
        taken = self._specs.get(spec.name)
        if taken is not None and taken.factory != spec.factory:
            owner = self.owner(spec.name).distribution
            raise UsageError(
                f"{owner} has a model {spec.name} already", hint="give its ModelSpec in the file another name"
            )
        self._specs[spec.name] = spec
        self._owners[spec.name] = without_hooks(PluginInfo(path.stem, path.name, version, str(path)))
        return spec

    def load_target(self, target: str) -> object:
        """What `module:Class` or `/abs/file.py:Class` names; an error names the plugin that asks for it."""
        from vmevalkit_core.targets import load_target

        try:
            return load_target(target)
        except MissingExtra as error:
            raise self._with_extra(error, self._asker(target)) from error
        except PluginError as error:
            raise self._blamed(error, self._asker(target)) from error

    def options_class(self, spec: ModelSpec) -> type[Options]:
        """The class that checks and prices the options of a model; one without fields where it names none."""
        from vmevalkit_core.options import FreeOptions, Options

        if not spec.options:
            return FreeOptions if spec.kind == "local" else Options
        found = self.load_target(spec.options)
        if isinstance(found, type) and issubclass(found, Options):
            return found
        raise self._blamed(PluginError(f"{spec.options} is not a class of Options"), self._owners.get(spec.name))

    def dispatcher(self, core: Dispatch, interceptors: Sequence[str] = ()) -> Dispatch:
        """A call that asks the owner of a model, then `core`, inside the interceptors named, the first outermost."""
        named = [self._interceptor(name) for name in interceptors]
        chains: dict[Plugin, Dispatch] = {}

        def dispatch(spec: ModelSpec, request: GenerationRequest, job: Job) -> Awaitable[Clip]:
            owner = self._owner(spec.name)
            if owner not in chains:
                chains[owner] = chain(core, owner, named)
            return chains[owner](spec, request, job)

        return dispatch

    def notify(self, event: Event) -> None:
        """Tell every observer; one that raises becomes a problem and is told nothing more."""
        for plugin in list(self._observers):
            problem = plugin.notify(event)
            if problem is not None:
                self._observers.remove(plugin)
                self._problems.append(problem)

    def _offers(self) -> dict[str, list[tuple[Plugin, ModelSpec]]]:
        offers: dict[str, list[tuple[Plugin, ModelSpec]]] = {}
        for plugin in self._plugins:
            specs, problems = plugin.models()
            self._problems += problems
            for spec in specs:
                offers.setdefault(spec.name, []).append((plugin, spec))
        return offers

    def _settle(self, offers: dict[str, list[tuple[Plugin, ModelSpec]]]) -> None:
        disputes: dict[tuple[Plugin, ...], list[str]] = {}
        for name, offered in offers.items():
            if len(offered) > 1:
                disputes.setdefault(tuple(plugin for plugin, _ in offered), []).append(name)
            else:
                self._owners[name], self._specs[name] = offered[0]
        for owners, names in disputes.items():
            problem = _dispute(owners, names)
            self._problems.append(problem)
            self._disputed.update(dict.fromkeys(names, problem))

    def _owner(self, name: str) -> Plugin:
        if name not in self._owners:
            raise self._unknown(name)
        return self._owners[name]

    def _unknown(self, name: str) -> UnknownModel:
        from difflib import get_close_matches

        problem = self._disputed.get(name) or self._broken_home(name)
        if problem is not None:
            message = f"model {name} cannot be used: {problem.distribution}: {problem.error}"
            return UnknownModel(message, hint=problem.hint)
        if name.endswith(".py"):
            return UnknownModel(f"{name} names a file and no class in it", hint=f"write {name}:CLASS")
        near = get_close_matches(name.lower(), self._specs, n=3)
        hint = f"is {' or '.join(near)} meant?" if near else "`vmeval models list` shows the models there are"
        # Known so from other toolkits: such a model changes a video, and a question is a picture.
        why = ": a model of that kind wants a video, and questions hold pictures only" if name.endswith("-v2v") else ""
        return UnknownModel(f"no installed plugin offers the model {name}{why}", hint=hint)

    def _broken_home(self, name: str) -> PluginProblem | None:
        # Which models a broken plugin has is not known; most begin with its name.
        listing = (one for one in self._problems if one.stage not in ("load", "event"))
        return next((one for one in listing if f"{name}-".startswith(f"{one.name}-")), None)

    def _interceptor(self, name: str) -> Plugin:
        wrappers = [plugin for plugin in self._plugins if plugin.implements("vmeval_generate", wrapper=True)]
        found = [plugin for plugin in wrappers if plugin.info.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            both = " and ".join(plugin.info.distribution for plugin in found)
            raise UsageError(f"the interceptor {name} is in {both}", hint=f"pip uninstall {found[0].info.distribution}")
        names = ", ".join(sorted(plugin.info.name for plugin in wrappers)) or "none"
        raise UsageError(f"no interceptor {name} is installed", hint=f"installed: {names}")

    def _asker(self, target: str) -> Plugin | None:
        specs = (spec for spec in self._specs.values() if target in (spec.factory, spec.options))
        return next((self._owners[spec.name] for spec in specs), None)

    def _with_extra(self, error: MissingExtra, asker: Plugin | None) -> MissingExtra:
        extra = asker.facts.extra_with(error.name or "") if asker else ""
        hint = f'pip install "{asker.facts.name}[{extra}]"' if asker and extra else error.hint
        return MissingExtra(f"{asker.info.distribution}: {error}" if asker else str(error), hint=hint)

    def _blamed(self, error: PluginError, asker: Plugin | None) -> PluginError:
        if asker is None:
            return error
        name = asker.info.distribution
        hint = error.hint or f"pip install -U {name}, or pip uninstall {name}"
        self._problems.append(PluginProblem(asker.info.name, name, "load", str(error), hint))
        return PluginError(f"{name}: {error}", hint=hint)


def is_file_target(name: str) -> bool:
    """Whether a model is given as `path/to/file.py:Class`."""
    return ".py:" in name


def _ways_out(distributions: Sequence[str]) -> str:
    others = [name for name in distributions if name != CORE]
    ways = [f"pip uninstall {name}" for name in others]
    return " or ".join([*ways, "give it another name there"] if len(others) < len(distributions) else ways)


def _dispute(owners: Sequence[Plugin], names: Sequence[str]) -> PluginProblem:
    distributions = list(dict.fromkeys(plugin.info.distribution for plugin in owners))
    return PluginProblem(
        name=", ".join(dict.fromkeys(plugin.info.name for plugin in owners)),
        distribution=", ".join(distributions),
        stage="models",
        error=f"{' and '.join(distributions)} offer the same {', '.join(names)}, so it belongs to none of them",
        hint=_ways_out(distributions),
    )
