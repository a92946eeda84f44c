"""What is asked of a model, and in which fields that differs from what an old record says was asked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from vmevalkit_core.attempts import Attempt
from vmevalkit_core.errors import ConfigError, PluginError
from vmevalkit_core.options import Options
from vmevalkit_core.questions import SHOWN_FILES, Task
from vmevalkit_core.rules import ImageRule
from vmevalkit_core.specs import ModelSpec

Stat = Callable[[str], os.stat_result]


class Change(NamedTuple):
    """A field that was asked differently."""

    field: str
    then: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.field}: {self.then} -> {self.now}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One model with its options: the part of the question that all task pairs share."""

    spec: ModelSpec
    given: Mapping[str, Any]
    """The options that the user gave."""
    options: Mapping[str, Any]
    """The options in effect, defaults included, as JSON values."""
    defaults: Mapping[str, Any]
    rule: ImageRule
    """What the pictures have to be like with these options."""
    price: Decimal | None
    """US dollars at most for one run; None is unknown."""
    version: str = ""
    """Of a model in a file of the user's own: the hash of that file. Versions make no run another one."""
    account: str | None = None
    """8 hex digits of the hash of the key in use."""
    without_effect: frozenset[str] = frozenset()
    """Options that change no clip."""

    @property
    def paid(self) -> bool:
        """Whether a request may be billed, so that it must never be repeated in doubt."""
        return self.spec.kind == "api" or self.price != 0

    @property
    def fit(self) -> str:
        """How pictures are fitted: by the rule, or sent in their own size."""
        return "original" if self.rule.keeps_size else self.rule.fit

    def seed(self, base: int, sample: int) -> int | None:
        """The seed of a sample; ConfigError when the model does not take it."""
        if self.spec.seeds is None:
            return None
        lowest, highest = self.spec.seeds
        if not lowest <= base + sample <= highest:
            raise ConfigError(
                f"{self.spec.name} takes no seed {base + sample}", hint=f"its seeds go from {lowest} to {highest}"
            )
        return base + sample

    def changes(self, attempt: Attempt, task: Task, seed: int | None, stat: Stat = os.stat) -> list[Change]:
        """The fields in which an old attempt was asked differently from now; `stat` may remember what it saw."""
        then = attempt.provenance
        if not then:
            return []  # a field that an old record lacks equals its default
        found: list[Change] = []
        if not self._plainly_same(then, seed):
            found = [Change(field, old, now) for field, old, now in self._plain(then, seed) if old != now]
        for field in self.spec.inputs:
            if change := _file_change(field, then, task, stat):
                found.append(change)
        return found

    def _plainly_same(self, then: Mapping[str, Any], seed: int | None) -> bool:
        # Nearly every finished run ends here, and there may be a hundred thousand of them.
        return (
            then.get("options") == self.options
            and then.get("seed", seed) == seed
            and then.get("provider_model") == self.spec.provider_model
            and then.get("fit") == self.fit
            and tuple(then.get("inputs", ())) == self.spec.inputs
        )

    def _plain(self, then: Mapping[str, Any], seed: int | None) -> Iterator[tuple[str, Any, Any]]:
        yield "provider_model", then.get("provider_model", self.spec.provider_model), self.spec.provider_model
        yield "seed", then.get("seed", seed), seed
        yield "inputs", sorted(then.get("inputs", self.spec.inputs)), sorted(self.spec.inputs)
        yield "fit", then.get("fit", "original"), self.fit
        old = then.get("options", {})
        for name, value in self.options.items():
            if name in self.without_effect:
                continue
            yield f"option {name}", old.get(name, self.defaults.get(name)), value
        # An option that this version no longer has matters only where the user had asked for it.
        for name, value in then.get("options_given", {}).items():
            if name not in self.options:
                yield f"option {name}", value, None


def ask_of(
    spec: ModelSpec, options_class: type[Options], given: Mapping[str, Any], account: str | None, *, version: str = ""
) -> Ask:
    """The ask for a model; ConfigError names the option that is wrong, and the fix."""
    from pydantic import ValidationError

    try:
        options = options_class(**given)
    except ValidationError as error:
        raise _option_error(spec, options_class, error) from error
    except Exception as error:
        raise PluginError(f"the options of {spec.name} cannot be checked: {error!r}", hint=_BROKEN) from error
    return Ask(
        spec=spec,
        given=dict(given),
        options=options.model_dump(mode="json"),
        defaults=_defaults(options_class),
        rule=_rule(spec, options),
        price=_price(spec, options),
        account=account,
        version=version,
        without_effect=options_class.without_effect,
    )


def _rule(spec: ModelSpec, options: Options) -> ImageRule:
    try:
        rule = options.image_rule()
    except Exception as error:
        raise PluginError(f"{spec.name} cannot tell its image rule: {error!r}", hint=_BROKEN) from error
    if not isinstance(rule, ImageRule):
        raise PluginError(
            f"the image rule of {spec.name} is {rule!r:.60}", hint="its plugin has to return an ImageRule"
        )
    return rule


def _price(spec: ModelSpec, options: Options) -> Decimal | None:
    try:
        price = options.price()
    except Exception as error:
        raise PluginError(f"{spec.name} cannot tell its price: {error!r}", hint=_BROKEN) from error
    if price is None:
        return Decimal(0) if spec.kind == "local" else None
    try:
        exact = Decimal(str(price))
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or exact < 0:
        raise PluginError(f"the price of {spec.name} is {price!r}", hint="its plugin has to return a Decimal")
    return exact


_BROKEN = "look for a newer version of its plugin"


def _defaults(options_class: type[Options]) -> dict[str, Any]:
    fields = options_class.model_fields.items()
    given = {name: field.get_default(call_default_factory=True) for name, field in fields if not field.is_required()}
    return options_class.model_construct(**given).model_dump(mode="json", warnings=False)


def _option_error(spec: ModelSpec, options_class: type[Options], error: Any) -> ConfigError:
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"])) or "options"
    known = ", ".join(options_class.model_fields) or "none"
    if first["type"] == "extra_forbidden":
        near = get_close_matches(name, options_class.model_fields, n=1)
        meant = f"is {near[0]} meant? " if near else ""
        return ConfigError(f"{spec.name} has no option {name!r}", hint=f"{meant}its options are: {known}")
    reason = first["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    hint = f"see: vmeval models show {spec.factory if '.py:' in spec.factory else spec.name}"
    if first["type"] == "missing":
        return ConfigError(f"{spec.name} needs the option {name!r}", hint=f"give it as -p {name}=VALUE; {hint}")
    return ConfigError(f"{spec.name}: option {name}={first['input']} is wrong: {reason}", hint=hint)


def _file_change(field: str, then: Mapping[str, Any], task: Task, stat: Stat) -> Change | None:
    """Whether a file shown to the model is another one now; only a file whose size or time differs is read."""
    old, path = _recorded(field, then), task.source(SHOWN_FILES[field])
    try:
        facts = stat(path)
        if (old[1], old[2]) == (facts.st_size, facts.st_mtime_ns):
            return None
        # What may not be sent is not read either: a device or a pipe would never end.
        now = "unusable" if task.problem() else hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        now = "missing"
    return None if now == old[0] else Change(field, (old[0] or "not shown")[:12], now[:12])


def _recorded(field: str, then: Mapping[str, Any]) -> tuple[str | None, int | None, int | None]:
    if field == "prompt":
        return then.get("prompt_sha256"), then.get("prompt_size"), then.get("prompt_mtime_ns")
    frame = then.get(field) or {}
    return frame.get("source_sha256"), frame.get("source_size"), frame.get("source_mtime_ns")
