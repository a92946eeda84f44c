"""The user's own servers and their models, read from the file that VMEVAL_VIDEO_SERVERS names.

    [servers.lab]
    url = "http://gpu-1.lab:8091/v1"
    key = "LAB_API_KEY"                      # the name of a variable; left out where the server wants no key

    [servers.lab.models."wan-2.2-i2v"]       # listed as lab-wan-2.2-i2v
    model = "Wan-AI/Wan2.2-I2V-A14B-Diffusers"
    sizes = ["832x480", "480x832"]
    usd_per_clip = 0
    options = { num_frames = 81, fps = 16 }

The same structure as JSON does as well. It is read for every listing, so nothing but the standard library is used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmevalkit_core import ConfigError

SERVERS = "VMEVAL_VIDEO_SERVERS"
SIZE = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")
SEEDS = (0, 2**31 - 1)
OPTIONS = (
    "size",
    "seconds",
    "num_inference_steps",
    "guidance_scale",
    "num_frames",
    "fps",
    "negative_prompt",
    "send_seed",
    "create",
    "extras_in",
    "extra_fields",
    "token_in",
    "download",
    "fit",
    "background",
    "bars",
)
"""Options whose defaults a model in the file may set."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,38}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")
_HINT = "the README of vmevalkit-openai shows what such a file holds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One model of one of the user's servers."""

    server: str
    url: str
    """The base address, without a slash at the end."""
    key: str = ""
    """The variable that holds the server's key; empty where it wants none."""
    trusted: tuple[str, ...] = ()
    """Further origins, inside the user's network, from which the server's links may be followed."""
    name: str
    """What users type: the server's name and the model's."""
    model: str
    """The server's name of it."""
    description: str = ""
    sizes: tuple[tuple[int, int], ...] = ()
    """Pixels that it makes; empty leaves them to the option."""
    usd_per_second: str | None = None
    usd_per_clip: str | None = None
    """US dollars; None is unknown."""
    seeds: tuple[int, int] | None = SEEDS
    defaults: Mapping[str, Any]
    """Defaults of options, as the file has them."""

    @property
    def class_name(self) -> str:
        """A name for its options class, another for each model: what is no letter or digit becomes its code."""
        return "Served_" + re.sub(r"[^a-z0-9]", lambda found: f"_{ord(found[0]):x}_", self.name)


def served(path: str | None = None) -> list[Served]:
    """Every model in the file, by default in the one that the environment names; ConfigError says what is wrong in it.

    A broken file has no models at all: half of a list would look like the whole of it.
    """
    named = os.environ.get(SERVERS, "") if path is None else path
    if not named:
        return []
    try:
        return list(_served(_read(Path(named))))
    except _Wrong as wrong:
        raise ConfigError(f"the file {named} of {SERVERS}: {wrong}", hint=_HINT) from wrong


class _Wrong(ValueError):
    """What is wrong, and where in the file."""


def _read(path: Path) -> Any:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise _Wrong(f"it cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
    if path.suffix.lower() == ".json":
        import json

        parse: Any = json.loads
    else:
        import tomllib

        parse = tomllib.loads
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        # The parser's own words name line and column, and quote nothing that may be a key.
        raise _Wrong(f"it is no {'JSON' if parse.__module__.startswith('json') else 'TOML'}: {error}") from error


def _served(content: Any) -> Iterator[Served]:
    top = _table(content, "the file", {"servers"})
    seen: set[str] = set()
    for server, given in _table(top.get("servers"), "servers").items():
        for one in _models(server, given):
            if one.name in seen:
                raise _Wrong(f"two models would be called {one.name}")
            seen.add(one.name)
            yield one


def _models(server: str, given: Any) -> Iterator[Served]:
    where = f"servers.{server}"
    if not _NAME.fullmatch(server):
        raise _Wrong(f"{where}: a server's name has lower-case letters, digits, '.', '_' and '-', at most 40")
    table = _table(given, where, {"url", "key", "trusted", "models"})
    # Values are never shown: somebody may have put the key itself in a wrong place.
    common = {
        "server": server,
        "url": _matching(table, "url", where, pattern=_URL, what="an http address without a query").rstrip("/"),
        "key": _matching(table, "key", where, pattern=_VARIABLE, what="the name of a variable, not a key", default=""),
        "trusted": tuple(_matches(table, "trusted", where, _URL, "http addresses")),
    }
    for name, model in _table(table.get("models"), f"{where}.models").items():
        yield _model(name, model, f"{where}.models.{name}", common)


def _model(name: str, given: Any, where: str, common: Mapping[str, Any]) -> Served:
    allowed = {"model", "description", "sizes", "usd_per_second", "usd_per_clip", "seeds", "options"}
    table = _table(given, where, allowed)
    if not _NAME.fullmatch(name):
        raise _Wrong(f"{where}: a model's name has lower-case letters, digits, '.', '_' and '-', at most 40")
    return Served(
        name=f"{common['server']}-{name}",
        model=_text(table, "model", where, name),
        description=_text(table, "description", where, ""),
        sizes=tuple(_pixels(one) for one in _matches(table, "sizes", where, SIZE, "sizes such as 832x480")),
        usd_per_second=_money(table, "usd_per_second", where),
        usd_per_clip=_money(table, "usd_per_clip", where),
        seeds=_seeds(table.get("seeds", True), where),
        defaults=_table(table.get("options", {}), f"{where}.options", set(OPTIONS)),
        **common,
    )


def _table(value: Any, where: str, allowed: set[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Wrong(f"{where} is missing, or is no table")
    unknown = sorted(set(value) - allowed) if allowed is not None else []
    if unknown:
        raise _Wrong(f"{where} has no {unknown[0]!r}; there are {', '.join(sorted(allowed or ()))}")
    return value


def _text(table: Mapping[str, Any], name: str, where: str, default: str) -> str:
    value = table.get(name, default)
    if not isinstance(value, str):
        raise _Wrong(f"{where}.{name} has to be a text")
    return value


def _matching(
    table: Mapping[str, Any], name: str, where: str, *, pattern: re.Pattern[str], what: str, default: str | None = None
) -> str:
    value = table.get(name, default)
    if value == default and default is not None:
        return default
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _Wrong(f"{where}.{name} has to be {what}")
    return value


def _matches(table: Mapping[str, Any], name: str, where: str, pattern: re.Pattern[str], what: str) -> list[str]:
    values = table.get(name, [])
    if not isinstance(values, list) or not all(isinstance(one, str) and pattern.fullmatch(one) for one in values):
        raise _Wrong(f"{where}.{name} has to be a list of {what}")
    return values


def _pixels(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def _money(table: Mapping[str, Any], name: str, where: str) -> str | None:
    value = table.get(name)
    if value is None:
        return None
    amount = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", amount):
        raise _Wrong(f"{where}.{name} has to be a number of US dollars, 0 for what is free")
    return amount


def _seeds(value: Any, where: str) -> tuple[int, int] | None:
    if isinstance(value, bool):
        return SEEDS if value else None
    bounds = value if isinstance(value, list) else []
    if [type(one) for one in bounds] != [int, int] or bounds[0] > bounds[1]:
        raise _Wrong(f"{where}.seeds has to be true, false, or a lowest and a highest seed")
    return bounds[0], bounds[1]
