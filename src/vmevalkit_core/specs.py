"""What a plugin says about its models: plain frozen values, cheap to make and to list."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Input = Literal["first_frame", "final_frame", "prompt"]
Kind = Literal["api", "local"]
RunsIn = Literal["inline", "process"]
Life = Literal["live", "deprecated", "gone"]

MODEL_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,78}[a-z0-9])?")
TARGET = re.compile(r".+:[A-Za-z_]\w*")


def _one_of(what: str, value: str, literal: Any) -> None:
    # Above the classes: the default of ModelSpec.state runs it while this module is imported.
    if value not in get_args(literal):
        raise ValueError(f"{what} {value!r} is none of {', '.join(get_args(literal))}")


@dataclass(frozen=True, slots=True, init=False)
class Need:
    """One thing a model needs from the environment: any of `names` will do."""

    names: tuple[str, ...]
    """Environment variables; one of them has to be set."""
    hint: str = ""
    """Where to get it, in one sentence."""
    secret: bool = True
    """False for what may be shown, such as a region or a base address."""
    optional: bool = False
    """True for what is used where it is set, and never missed: a key that only some servers ask for."""

    def __init__(self, *names: str, hint: str = "", secret: bool = True, optional: bool = False) -> None:
        if not names:
            raise ValueError("a Need names at least one environment variable")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "hint", hint)
        object.__setattr__(self, "secret", secret)
        object.__setattr__(self, "optional", optional)

    def is_met(self, env: Mapping[str, str]) -> bool:
        """Whether a model can do with what is set."""
        return self.optional or any(env.get(name) for name in self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Whether the provider still serves a model."""

    life: Life = "live"
    """`live`; `deprecated`, which warns; `gone`, which is refused without `--allow-gone`."""
    since: str = ""
    """ISO date on which a deprecated or gone model became so."""
    successor: str = ""
    """The model that replaces it, if any."""

    def __post_init__(self) -> None:
        _one_of("state", self.life, Life)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A catalog entry: what can be asked of a model, where it runs, what it needs, whether it lives."""

    name: str
    """Lower case, `{brand}-{model}`, for example `luma-ray-2`."""
    factory: str
    """`module:Class` of the generator, imported on first use only."""
    kind: Kind = "local"
    """What users are told: a paid `api`, or a `local` model on their own machine."""
    runs_in: RunsIn = "inline"
    """`inline`: a coroutine in the command's process; `process`: a child process that may die."""
    family: str = ""
    """Models of one vendor or one set of weights; the name where empty."""
    provider_model: str = ""
    """The provider's own id of the model; the name where it has none."""
    options: str = ""
    """`module:Class` of the options; none means that the model takes no options."""
    description: str = ""
    """One sentence, shown by `models list`."""
    inputs: tuple[Input, ...] = ("first_frame", "prompt")
    """What the model is shown. One that is shown `final_frame` sees the solution."""
    needs: tuple[Need, ...] = ()
    """What it needs from the environment; each `Need` that is not optional has to be met."""
    settings: tuple[str, ...] = ()
    """Further environment variables that it reads, if they are set; they are no secrets, such as a base address."""
    secrets: tuple[str, ...] = ()
    """Further environment variables that it reads, if they are set, and that nobody may see: keys of storage, say."""
    limit_key: str = ""
    """Models with the same key share one limit on runs in flight; the family where empty."""
    seeds: tuple[int, int] | None = None
    """Lowest and highest seed, both legal; None: the model takes no seed."""
    state: State = State()
    """Whether the provider still serves it."""
    links: tuple[tuple[str, str], ...] = ()
    """Pairs of a label and a URL: documentation, prices, licence."""

    def __post_init__(self) -> None:
        if not MODEL_NAME.fullmatch(self.name):
            raise ValueError(f"model name {self.name!r} is not lower-case letters, digits, '.', '_' and '-'")
        for field in ("factory", "options"):
            value = getattr(self, field)
            if not TARGET.fullmatch(value) and (value or field == "factory"):
                raise ValueError(f"{field} {value!r} of {self.name} is not of the form 'module:Class'")
        if not all(isinstance(need, Need) for need in self.needs) or not isinstance(self.state, State):
            raise ValueError(f'needs of {self.name} are like (Need("KEY"),), its state is like State(life="gone")')
        if self.seeds is not None and [type(bound) for bound in self.seeds] != [int, int]:
            raise ValueError(f"seeds of {self.name} are a lowest and a highest number, or None")
        _one_of("kind", self.kind, Kind)
        _one_of("runs_in", self.runs_in, RunsIn)
        for name in self.inputs:
            _one_of("input", name, Input)
        for field, default in (("family", self.name), ("provider_model", self.name)):
            if not getattr(self, field):
                object.__setattr__(self, field, default)
        if not self.limit_key:
            object.__setattr__(self, "limit_key", self.family)

    @property
    def sees_solution(self) -> bool:
        """Whether the final frame is shown to the model."""
        return "final_frame" in self.inputs

    def to_json(self) -> dict[str, Any]:
        """The spec as plain JSON values; `from_json` is its inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelSpec:
        """The spec that `to_json` wrote; TypeError for a field that this version does not know."""
        fields = dict(data)
        fields["needs"] = tuple(
            Need(
                *need["names"],
                hint=need["hint"],
                secret=need.get("secret", True),
                optional=need.get("optional", False),
            )
            for need in data.get("needs", ())
        )
        fields["inputs"] = tuple(data.get("inputs", ("first_frame", "prompt")))
        fields["seeds"] = tuple(data["seeds"]) if data.get("seeds") else None
        fields["state"] = State(**data.get("state", {}))
        fields["settings"] = tuple(data.get("settings", ()))
        fields["secrets"] = tuple(data.get("secrets", ()))
        fields["links"] = tuple((label, url) for label, url in data.get("links", ()))
        return cls(**fields)
