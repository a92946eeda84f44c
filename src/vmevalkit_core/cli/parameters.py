"""Turns `-p KEY=VALUE`, `-p MODEL:KEY=VALUE` and `--adopt RUN_ID=JOB_ID` into values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from vmevalkit_core.errors import ConfigError
from vmevalkit_core.options import Options
from vmevalkit_core.terminal.wording import dollars

TYPED = "-p"


class GivenOption(NamedTuple):
    """An option as the user gave it; for every model where `model` is empty."""

    model: str
    key: str
    value: Any
    origin: str = TYPED
    """`-p`, or the file in which it stands."""


def parse_options(texts: Sequence[str], models: Sequence[str]) -> list[GivenOption]:
    """The options in the order given; ConfigError for one that cannot be meant."""
    return [_parse_option(text, models) for text in texts]


def options_for(options: Sequence[GivenOption], *names: str) -> dict[str, GivenOption]:
    """The options that apply to a model of these names: typed ones count for more than a file's, its own for more."""
    apply = [one for one in options if not one.model or one.model in names]
    return {one.key: one for one in sorted(apply, key=lambda one: (one.origin == TYPED, bool(one.model)))}


def coerced(options: type[Options], given: Mapping[str, GivenOption]) -> dict[str, Any]:
    """Each value as it was given or, where the options class refuses a typed text, the JSON value that it spells."""
    values = {key: one.value for key, one in given.items()}
    for name in refused(options, values):
        if name in given and given[name].origin == TYPED:
            values[name] = _as_json(values[name])
    return values


def refused(options: type[Options], values: Mapping[str, Any]) -> list[str]:
    """The options that a class refuses or misses."""
    from pydantic import ValidationError

    try:
        options(**values)
    except ValidationError as error:
        return list(dict.fromkeys(str(one["loc"][0]) for one in error.errors() if one["loc"]))
    return []


def parse_adopt(texts: Sequence[str]) -> dict[str, str]:
    """Run id to the provider's job id."""
    pairs = [text.partition("=") for text in texts]
    for text, (run_id, _, job) in zip(texts, pairs, strict=True):
        if not run_id or not job:
            raise ConfigError(f"--adopt {text} is not of the form RUN_ID=JOB_ID")
    twice = [run_id for run_id, number in Counter(run_id for run_id, _, _ in pairs).items() if number > 1]
    if twice:
        raise ConfigError(f"--adopt names two jobs for {twice[0]}", hint="a run has one job")
    return {run_id: job for run_id, _, job in pairs}


def parse_money(text: str) -> Decimal:
    """US dollars; ConfigError for anything else."""
    return dollars(text, "--max-cost", "--max-cost 12.50")


def _parse_option(text: str, models: Sequence[str]) -> GivenOption:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"-p {text} is not of the form KEY=VALUE or MODEL:KEY=VALUE")
    model, _, key = name.rpartition(":")
    if model and model not in models:
        raise ConfigError(
            f"-p {text} is for {model}, which is not run", hint=f"the models of this run: {', '.join(models)}"
        )
    return GivenOption(model, key.replace("-", "_"), value)


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
