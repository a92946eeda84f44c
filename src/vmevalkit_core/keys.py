"""Keys that no call could carry, seen before anything is planned with them."""

from __future__ import annotations

from collections.abc import Mapping

from vmevalkit_core.errors import ConfigError
from vmevalkit_core.specs import ModelSpec, Need

KEY_HINT = "copy the key anew, with nothing before it or after it"


def check_keys(spec: ModelSpec, env: Mapping[str, str]) -> None:
    """ConfigError for the first variable whose value cannot be a key of this model."""
    for need in spec.needs:
        for name, fault in key_faults(spec, need, env).items():
            raise ConfigError(f"{name} {fault}", hint=KEY_HINT)


def key_faults(spec: ModelSpec, need: Need, env: Mapping[str, str]) -> dict[str, str]:
    """The set variables of a need that no header of a call can carry, and why; only the secrets of API models are."""
    if spec.kind != "api" or not need.secret:
        return {}
    return {name: fault for name in need.names if (fault := _fault(env.get(name, "")))}


def _fault(value: str) -> str:
    if value != value.strip() or any(letter < " " or letter == "\x7f" for letter in value):
        return "holds a space or a line end where a key has none"
    return "" if value.isascii() else "holds a character that no key has: it is not plain ASCII"
