"""The networks of a model from wherever its weights are: a released file, or a folder that was converted from one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vmevalkit_core import ConfigError
from vmevalkit_crafter.checkpoint import Tensors, differences, doubt, name_fault, read_file, sort
from vmevalkit_crafter.config import RELEASED, ModelConfig
from vmevalkit_crafter.names import Part
from vmevalkit_crafter.parts import Parts, build, fill, shapes
from vmevalkit_crafter.weights import CARD, find_model, read_card

Move = Callable[[nn.Module], nn.Module]
"""Takes a network to its device and number type."""


def moving_to(device: str, dtype: torch.dtype) -> Move:
    """Takes networks to that device and number type."""
    # Not the method of the network itself: that of diffusers warns of parts that should stay in float32, of which
    # this autoencoder has none.
    return lambda network: nn.Module.to(network, torch.device(device), dtype)


class ModelFile:
    """The weights of one model; ConfigError when they are another model's, or not whole.

    `path` is a file, a folder that holds one, or a converted folder. Parameters stay on the disk until a network is
    moved, one after the other, so that nothing is held twice.
    """

    def __init__(self, name: str, path: Path) -> None:
        found = find_model(name, path)
        self._folder = found if found.is_dir() else None
        self.config = _carded(name, found) if self._folder else RELEASED[name]
        self._modules = build(self.config)
        self._released: dict[Part, dict[str, Tensor]] = {}
        self.doubt = ""
        """Why this may be another model after all, as a sentence for the user."""
        if self._folder is None:
            tensors = _checked(name, found)
            self.doubt, self._released = doubt(name, tensors, found), sort(tensors, self.config).parts

    def part(self, part: Part, move: Move) -> Any:
        """One network with its weights, moved; each can be taken once."""
        # Handed over and forgotten: once moved, nothing here keeps the numbers of the file in memory.
        module = self._modules.pop(part)
        tensors = self._released.pop(part) if self._folder is None else self._from_folder(self._folder, part, module)
        fill(module, tensors, move)
        return module

    def parts(self, move: Move, *, without: Part | None = None) -> Parts:
        """All networks but that one."""
        return Parts(**{part: self.part(part, move) for part in list(self._modules) if part != without})

    def _from_folder(self, folder: Path, part: Part, module: nn.Module) -> Tensors:
        path = folder / f"{part}.safetensors"
        tensors = read_file(path)
        if wrong := differences(shapes(module), {name: tuple(tensor.shape) for name, tensor in tensors.items()}):
            raise ConfigError(f"{path} does not fit its {CARD}: {wrong}", hint="convert the authors' file again")
        return tensors


def _checked(name: str, file: Path) -> Tensors:
    """The tensors of a released file, which has to be that model."""
    tensors = read_file(file)
    if fault := name_fault(name, tensors):
        raise ConfigError(f"{file} is not {name}: {fault[0]}", hint=fault[1])
    return tensors


def _carded(name: str, folder: Path) -> ModelConfig:
    """The config of a converted folder, which has to be of that model."""
    try:
        return ModelConfig.from_json(read_card(name, folder))
    except (TypeError, KeyError) as error:
        raise ConfigError(
            f"{folder / CARD} is not complete: {error}", hint="convert the authors' file again"
        ) from error
