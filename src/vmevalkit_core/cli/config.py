"""The configuration of a run: a YAML file with the fields of `vmeval run`, checked as strictly as the command line."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vmevalkit_core.cli.fields import KEYS, RunConfig
from vmevalkit_core.cli.strict_yaml import Document, brief, parse
from vmevalkit_core.errors import ConfigError

LARGEST = 1_000_000
"""Bytes of a configuration at most."""
ORDERS = {
    "yes": "--yes",
    "dry_run": "--dry-run",
    "json": "--json",
    "adopt": "--adopt RUN_ID=JOB_ID",
    "resubmit_uncertain": "--resubmit-uncertain",
}
"""What is decided anew for each command, and how it is said there."""


def read_config(path: Path) -> RunConfig:
    """The configuration in a file; ConfigError says what is wrong, in which file and on which line."""
    return config_from(_text_of(path), str(path))


def config_from(text: str, name: str) -> RunConfig:
    """The configuration in a text that came from the file `name`."""
    document = parse(text, name)
    if document.value is None:
        raise ConfigError(f"{name} is empty", hint="a beginning: models: [baseline-hold]")
    if not isinstance(document.value, dict):
        raise ConfigError(f"{name} holds no keys with values", hint=f"its keys may be: {', '.join(KEYS)}")
    _check_keys(document, name)
    try:
        return RunConfig.model_validate(document.value)
    except ValidationError as error:
        raise _told(error, document, name) from error


def config_of_texts(texts: Mapping[str, Any], name: str) -> RunConfig:
    """The fields that were given as text, in a .env file for instance; `name` says where."""
    try:
        return RunConfig.model_validate(texts, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{name} {_reason(first)}", hint=_hint(first)) from error


def _text_of(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{path} is no file")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist", hint="relative paths begin in the current folder") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise ConfigError(
            f"{path} has more than {LARGEST:,} bytes", hint="a configuration is short; is it another file?"
        )
    return text


def _check_keys(document: Document, name: str) -> None:
    for key, value in document.value.items():
        where = f"{name}, line {document.lines[(key,)]}"
        if key in ORDERS:
            hint = f"give it on the command line: {ORDERS[key]}"
            raise ConfigError(f"{where}: {key} is an order for one command and has no place in a file", hint=hint)
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1, cutoff=0.5)
            hint = f"is {near[0]} meant?" if near else f"the keys are: {', '.join(KEYS)}"
            raise ConfigError(f"{where}: there is no key {brief(key)}", hint=hint)
        if value is None:
            raise ConfigError(f"{where}: {key} has no value", hint="give it one, or take the line out")


def _told(error: ValidationError, document: Document, name: str) -> ConfigError:
    first = min(error.errors(), key=lambda one: _line(one, document))
    line = _line(first, document)
    where = f"{name}, line {line}" if first["loc"] else name
    key = str(first["loc"][0]) if first["loc"] else ""
    item = f", item {first['loc'][1] + 1}," if len(first["loc"]) > 1 and isinstance(first["loc"][1], int) else ""
    return ConfigError(f"{where}: {f'{key}{item} {_reason(first)}'.strip()}", hint=_hint(first))


def _line(error: ErrorDetails, document: Document) -> int:
    places = (error["loc"][:length] for length in range(len(error["loc"]), 0, -1))
    return next((document.lines[place] for place in places if place in document.lines), 1)


_WORDS = {
    "int_type": "no whole number",
    "int_parsing": "no whole number",
    "int_from_float": "no whole number",
    "bool_type": "neither true nor false",
    "string_type": "no text",
    "list_type": "no list",
    "dict_type": "no keys with values",
    "model_type": "no name of a model",
}
_HINTS = {
    "string_type": "text that looks like something else has to stand in quotes: 'true', '1.0'",
    "list_type": "write [one, two], or one item a line, each after a dash",
    "dict_type": "write key: value, one a line, each two spaces further in",
}


def _reason(error: ErrorDetails) -> str:
    kind, bounds = error["type"], error.get("ctx", {})
    if kind in _WORDS:
        return f"is {_shown(error['input'])}, which is {_WORDS[kind]}"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"at least {bounds['ge']}" if "ge" in bounds else f"at most {bounds['le']}"
        return f"is {error['input']}, and has to be {bound}"
    if kind in ("too_short", "string_too_short"):
        return "is empty"
    return error["msg"] if kind == "wrong" else f"is wrong: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _hint(error: ErrorDetails) -> str:
    return _HINTS.get(error["type"], "")


def _shown(value: Any) -> str:
    """A value as it stands in the file, as far as it is short."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, dict | list):
        return "keys with values" if isinstance(value, dict) else "a list"
    return brief(repr(value))
