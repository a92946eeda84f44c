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
from vmevalkit_openai.tables import Table, Wrong

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
MODEL = ("model", "description", "sizes", "usd_per_second", "usd_per_clip", "seeds", "options")
"""What a model in the file may have."""
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
        return list(_served(_read(Path(named).expanduser())))
    except Wrong as wrong:
        raise ConfigError(f"the file {named} of {SERVERS}: {wrong}", hint=_HINT) from wrong


def _read(path: Path) -> Any:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise Wrong(f"it cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
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
        raise Wrong(f"it is no {'JSON' if parse.__module__.startswith('json') else 'TOML'}: {error}") from error


def _served(content: Any) -> Iterator[Served]:
    servers = Table.of(content, "the file", {"servers"}).values.get("servers")
    seen: set[str] = set()
    for server, given in Table.of(servers, "servers").values.items():
        for one in _models(server, given):
            if one.name in seen:
                raise Wrong(f"two models would be called {one.name}")
            seen.add(one.name)
            yield one


def _models(server: str, given: Any) -> Iterator[Served]:
    table = Table.of(given, f"servers.{server}", {"url", "key", "trusted", "models"})
    _check_name(server, table)
    common = {
        "server": server,
        "url": table.matching("url", _URL, "an http address without a query").rstrip("/"),
        "key": table.matching("key", _VARIABLE, "the name of a variable, not a key", optional=True),
        "trusted": tuple(table.all_matching("trusted", _URL, "http addresses")),
    }
    for name, model in table.inner("models").values.items():
        yield _model(name, Table.of(model, f"{table.where}.models.{name}", MODEL), common)


def _model(name: str, table: Table, common: Mapping[str, Any]) -> Served:
    _check_name(name, table)
    return Served(
        name=f"{common['server']}-{name}",
        model=table.text("model", name),
        description=table.text("description", ""),
        sizes=tuple(_pixels(one) for one in table.all_matching("sizes", SIZE, "sizes such as 832x480")),
        usd_per_second=table.money("usd_per_second"),
        usd_per_clip=table.money("usd_per_clip"),
        seeds=table.seeds("seeds", SEEDS),
        defaults=Table.of(table.values.get("options", {}), f"{table.where}.options", OPTIONS).values,
        **common,
    )


def _check_name(name: str, table: Table) -> None:
    if not _NAME.fullmatch(name):
        raise Wrong(f"{table.where}: a name has lower-case letters, digits, '.', '_' and '-', 40 at most")


def _pixels(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)
