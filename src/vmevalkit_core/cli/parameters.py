"""Turns `-p KEY=VALUE`, `-p MODEL:KEY=VALUE` and `--adopt RUN_ID=JOB_ID` into values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from vmevalkit_core.errors import ConfigError
from vmevalkit_core.options import Options


class OptionText(NamedTuple):
    """An option as the user wrote it; for every model where `model` is empty."""

    model: str
    key: str
    value: str


def parse_options(texts: Sequence[str], models: Sequence[str]) -> list[OptionText]:
    """The options in the order given; ConfigError for one that cannot be meant."""
    return [_parse_option(text, models) for text in texts]


def texts_for(options: Sequence[OptionText], model: str) -> dict[str, str]:
    """The options that apply to a model; one that names the model counts for more."""
    common = {one.key: one.value for one in options if not one.model}
    return common | {one.key: one.value for one in options if one.model == model}


def coerced(options: type[Options], texts: dict[str, str]) -> dict[str, Any]:
    """Each text as it stands or, where the options class refuses that, as the JSON value that it spells."""
    from pydantic import ValidationError

    given: dict[str, Any] = dict(texts)
    try:
        options(**given)
    except ValidationError as error:
        for name in {str(one["loc"][0]) for one in error.errors() if one["loc"]} & set(given):
            given[name] = _as_json(given[name])
    return given


def parse_adopt(texts: Sequence[str]) -> dict[str, str]:
    """Run id to the provider's job id."""
    pairs = [text.partition("=") for text in texts]
    for text, (run_id, _, job) in zip(texts, pairs, strict=True):
        if not run_id or not job:
            raise ConfigError(f"--adopt {text} is not of the form RUN_ID=JOB_ID")
    return {run_id: job for run_id, _, job in pairs}


def _parse_option(text: str, models: Sequence[str]) -> OptionText:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"-p {text} is not of the form KEY=VALUE or MODEL:KEY=VALUE")
    model, _, key = name.rpartition(":")
    if model and model not in models:
        raise ConfigError(
            f"-p {text} is for {model}, which is not run", hint=f"the models of this run: {', '.join(models)}"
        )
    return OptionText(model, key.replace("-", "_"), value)


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
