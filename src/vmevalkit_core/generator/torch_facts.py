"""What the base of local models needs to know from torch; imported in functions only, and only once one is loaded."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module, metadata
from typing import Any

from vmevalkit_core.errors import ModelError

_OTHER_BUILD = "`vmeval doctor` says more; CUDA_VISIBLE_DEVICES= (empty) uses the CPU"
_MATTERS = ("torch", "diffusers", "transformers", "accelerate", "numpy", "av")
_ENCODES = ("torch", "diffusers", "transformers", "tokenizers", "sentencepiece", "ftfy")


def torch() -> Any:
    """The module torch."""
    return import_module("torch")


def pick_device(wanted: str = "auto") -> str:
    """`cuda`, `mps` or `cpu`: the one wanted, or the best that there is; ModelError where torch cannot use a card."""
    known = torch()
    if wanted == "cuda" and not known.cuda.is_available():
        raise ModelError(f"torch {known.__version__} cannot use the card", hint=_OTHER_BUILD)
    if wanted != "auto":
        return wanted
    if known.cuda.is_available():
        return "cuda"
    return "mps" if known.backends.mps.is_available() else "cpu"


def device_name(device: str) -> str:
    """The device as people call it, such as `cuda (NVIDIA H100 80GB HBM3)`."""
    if device.startswith("cuda"):
        return f"{device} ({torch().cuda.get_device_name(device)})"
    return device


def seeded(seed: int) -> Any:
    """A torch.Generator on the CPU."""
    return torch().Generator("cpu").manual_seed(seed)


@cache
def installed() -> dict[str, str]:
    """The versions of the packages that encode texts, imported or not."""
    found = {}
    for name in _ENCODES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def versions() -> dict[str, str]:
    """Of the packages in this process that can change a clip."""
    found = {name: getattr(sys.modules.get(name), "__version__", None) for name in _MATTERS}
    return {name: str(version) for name, version in found.items() if version}
