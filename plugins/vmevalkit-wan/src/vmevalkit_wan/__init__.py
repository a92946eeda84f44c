"""Wan 2.1 and 2.2 for vmevalkit; the names below are what other plugins may build on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vmevalkit_wan.generator import WanImageToVideo
    from vmevalkit_wan.options import A14BOptions
    from vmevalkit_wan.weights import I2V_A14B

_HOME = {"A14BOptions": "options", "I2V_A14B": "weights", "WanImageToVideo": "generator"}
__all__ = ["I2V_A14B", "A14BOptions", "WanImageToVideo"]


def __getattr__(name: str) -> Any:
    # On first use, so that listing the models stays cheap.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
