"""Where a model lies in a folder: its converted parts, or the one released file; needs no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vmevalkit_core import ConfigError

CARD = "crafter.json"
"""In a converted folder: which model it is, and its config. Written last, so a folder that has it is whole."""
FORMAT = 1
"""Of a converted folder."""
SUFFIXES = (".ckpt", ".pt", ".pth", ".safetensors")
"""Of released files."""


def find_model(name: str, path: Path) -> Path:
    """The converted folder or the released file at a path; ConfigError where there is none, or another model's."""
    if (path / CARD).is_file():
        read_card(name, path)
        return path
    return released_file(path)


def released_file(path: Path) -> Path:
    """The model file itself, or the only one in a folder; ConfigError when there is none, or more than one."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise ConfigError(f"there is no model file {path}", hint="give the authors' model.ckpt or a folder that has it")
    found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise ConfigError(f"{path} has to hold one model file; it holds {names}", hint="name the file itself")
    return found[0]


def read_card(name: str, folder: Path) -> dict[str, Any]:
    """The config of a converted folder as JSON values; ConfigError when it cannot be read, or is of another model."""
    path = folder / CARD
    try:
        card = json.loads(path.read_text())
        model, config, form = card["model"], dict(card["config"]), card["format"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="convert the authors' file again") from error
    if form != FORMAT:
        raise ConfigError(f"{path} has format {form}, not {FORMAT}", hint="convert the authors' file again")
    if model != name:
        raise ConfigError(f"{folder} holds {model}, not {name}", hint=f"run {model}, or give other weights")
    return config
