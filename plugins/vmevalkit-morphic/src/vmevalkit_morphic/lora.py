"""The LoRA: its names made those that diffusers knows, its strength written into it, its arrival verified.

Two traps of the library are closed here. Names without a prefix load without an error and add nothing. Without an alpha
the library takes the rank for it, and the LoRA is twice as strong as it was trained.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from vmevalkit_core import ConfigError, ModelError

ADAPTER = "morphic"
PREFIX = "diffusion_model."
_NAME = re.compile(r"(?:diffusion_model\.)?(blocks\.\d+\.(?:self|cross)_attn\.[qkvo])\.lora_([AB])\.weight")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """One that was read."""

    state: dict[str, Any]
    """Tensors by the names that diffusers converts, with an alpha for each module."""
    modules: int
    """How many layers it changes."""
    facts: dict[str, Any]
    """What the record says about it."""


def read(file: Path, *, alpha: float) -> Lora:
    """The LoRA in a file with the authors' names; ConfigError where it holds anything else."""
    tensors = import_module("safetensors.torch").load_file(file)
    pairs: dict[str, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise ConfigError(
                f"{file} holds {name!r}, which is no part of a LoRA of Wan's attention",
                hint="name Morphic's own file with -p lora=FILE",
            )
        pairs.setdefault(match[1], {})[match[2]] = tensor
    half = next((module for module, pair in pairs.items() if len(pair) != 2), None)
    if half or not pairs:
        raise ConfigError(f"{file} lacks a half of {half or 'everything'}", hint="download it again")
    ranks = sorted({pair["A"].shape[0] for pair in pairs.values()})
    state = {key: value for module, pair in pairs.items() for key, value in _named(module, pair, alpha)}
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    facts = {"file": str(file), "sha256": digest, "rank": ranks[-1], "alpha": alpha, "modules": len(pairs)}
    return Lora(state=state, modules=len(pairs), facts=facts)


def put_on(pipe: Any, lora: Lora, *, strength: float) -> None:
    """Load it into the expert for high noise; ModelError where not all of it arrived there, and nowhere else."""
    pipe.load_lora_weights(dict(lora.state), adapter_name=ADAPTER)
    arrived = {name: found for name, found in pipe.get_list_adapters().items() if found}
    if arrived != {"transformer": [ADAPTER]}:
        raise ModelError(f"the LoRA did not arrive: the adapters are {arrived}", hint="its names are not the model's")
    changed = sum(ADAPTER in getattr(part, "lora_A", ()) for part in pipe.transformer.modules())
    if changed != lora.modules:
        raise ModelError(f"of the {lora.modules} modules of the LoRA, {changed} arrived in the expert for high noise")
    pipe.set_adapters([ADAPTER], [strength])


def _named(module: str, pair: dict[str, Any], alpha: float) -> list[tuple[str, Any]]:
    halves = [(f"{PREFIX}{module}.lora_{half}.weight", tensor) for half, tensor in pair.items()]
    return [*halves, (f"{PREFIX}{module}.alpha", import_module("torch").tensor(alpha))]
