"""Secrets that tests plant, and the search for any trace of them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from vmevalkit_core.specs import ModelSpec

WINDOW = 12
"""Characters in a row that give a secret away: nothing else holds them by chance."""


def planted_env(spec: ModelSpec, given: Mapping[str, str], url: str) -> dict[str, str]:
    """What the model reads from the environment: values as given (`{url}` is the simulator's), and planted keys."""
    found = {name: value.replace("{url}", url) for name, value in given.items()}
    for need in spec.needs:
        if not any(name in found for name in need.names):
            found[need.names[0]] = f"planted-{secrets.token_hex(16)}" if need.secret else "planted"
    return found


def secrets_in(spec: ModelSpec, env: Mapping[str, str]) -> list[str]:
    """The values that nobody may see."""
    names = [name for need in spec.needs if need.secret for name in need.names]
    return [env[name] for name in names if env.get(name)]


def traces(secret: str, text: str) -> Iterator[str]:
    """Every piece of a secret in a text, in whatever form it was written."""
    for form, disguised in _forms(secret).items():
        last = max(1, len(disguised) - WINDOW + 1)
        if any(disguised[start : start + WINDOW] in text for start in range(last)):
            yield form


def leaks(secret: str, folder: Path) -> list[str]:
    """The files below a folder that hold a trace of a secret, each with the form it is in."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes().decode("latin-1")
            found += [f"{path.relative_to(folder)} ({form})" for form in traces(secret, text)]
    return found


def _forms(secret: str) -> dict[str, str]:
    raw = secret.encode()
    forms = {"as it is": raw.decode("latin-1"), "in hex": raw.hex()}
    if (quoted := quote(secret, safe="")) != secret:
        forms["quoted"] = quoted
    forms["reversed"] = forms["as it is"][::-1]
    for start in range(3):
        # In the middle of a longer text, the groups of three bytes begin at any of them; the ends depend on it.
        coded = base64.b64encode(raw[start:]).decode().rstrip("=")[:-1]
        forms[f"in base64, from byte {start}"] = coded
    return forms
