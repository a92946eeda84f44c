"""The models of a run with their options, as the user named them, wherever he did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vmevalkit_core.cli.catalog import is_file_target
from vmevalkit_core.cli.parameters import TYPED, GivenOption, coerced, options_for, parse_options, refused
from vmevalkit_core.errors import ConfigError, UsageError
from vmevalkit_core.keys import check_keys
from vmevalkit_core.planner import Ask
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Runner
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.terminal import out
from vmevalkit_core.terminal.wording import deprecated, gone


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is to be asked, before it is known of which task pairs."""

    registry: Registry
    models: Sequence[str]
    options: Sequence[str]
    """As -p gives them."""
    written: Sequence[GivenOption]
    """Those in the configuration file."""
    seed: int
    allow_gone: bool

    def asks(self, runner: Runner) -> list[Ask]:
        """Each model with its options, checked; ConfigError names the option and, but for -p, where it stands."""
        for spec in self._specs.values():
            if self.seed and spec.seeds is None:
                out.note(f"Warning: {spec.name} takes no seed, so --seed {self.seed} changes nothing for it")
        return [self._ask(runner, spec, given) for spec, given in self.given]

    @cached_property
    def _specs(self) -> dict[str, ModelSpec]:
        """The models by the names under which they were asked for."""
        return {name: self._spec(name) for name in self.models}

    @cached_property
    def given(self) -> list[tuple[ModelSpec, dict[str, GivenOption]]]:
        """The options given for each model, with where each stands."""
        typed = parse_options(self.options, [spec.name for spec in self._specs.values()])
        options = [*self.written, *typed]
        return [(spec, options_for(options, name, spec.name)) for name, spec in self._specs.items()]

    def _spec(self, name: str) -> ModelSpec:
        if "," in name and not is_file_target(name):
            ways = " ".join(f"-m {one.strip()}" for one in name.split(","))
            raise UsageError(f"-m {name} is no model: each has an -m of its own", hint=f"write {ways}")
        spec = self.registry.add_file(name) if is_file_target(name) else self.registry.get(name)
        if spec.state.life == "gone" and not self.allow_gone:
            raise gone(spec, "--allow-gone")
        if spec.state.life == "deprecated":
            out.note(f"Warning: {deprecated(spec)}")
        return spec

    def _ask(self, runner: Runner, spec: ModelSpec, given: dict[str, GivenOption]) -> Ask:
        options_class = self.registry.options_class(spec)
        values = coerced(options_class, given)
        check_keys(spec, runner.workshop.env)
        try:
            return runner.ask(spec, values)
        except ConfigError as error:
            name = next(iter(refused(options_class, values)), "")
            if name not in given or given[name].origin == TYPED:
                raise
            raise ConfigError(f"{given[name].origin}: {error}", hint=error.hint) from error
