"""The networks of a model from wherever its weights are: a released file, or a folder that was converted from one."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from vmevalkit_core import ConfigError
from vmevalkit_crafter.checkpoint import Tensors, differences, name_fault, read_file, released_file, sort
from vmevalkit_crafter.config import RELEASED, ModelConfig
from vmevalkit_crafter.names import Part
from vmevalkit_crafter.parts import Parts, build, fill, shapes

CARD = "crafter.json"
"""In a converted folder: which model it is, and its config. Written last, so a folder that has it is whole."""
FORMAT = 1
"""Of a converted folder."""

Move = Callable[[nn.Module], nn.Module]
"""Takes a network to its device and number type."""


class ModelFile:
    """The weights of one model; ConfigError when they are another model's, or not whole.

    `path` is a file, a folder that holds one, or a converted folder. Parameters stay on the disk until a network is
    moved, one after the other, so that nothing is held twice.
    """

    def __init__(self, name: str, path: Path) -> None:
        self._folder = path if (path / CARD).is_file() else None
        self.config = _carded(name, path) if self._folder else RELEASED[name]
        self._modules = build(self.config)
        self._released: dict[Part, dict[str, Tensor]] = {}
        if self._folder is None:
            self._released = _checked(name, released_file(path), self.config)

    def part(self, part: Part, move: Move) -> Any:
        """One network with its weights, moved; each can be taken once."""
        module = self._modules.pop(part)
        tensors = self._released.pop(part) if self._folder is None else self._from_folder(self._folder, part, module)
        fill(module, tensors, move)
        return module

    def parts(self, move: Move, *, without: Collection[Part] = ()) -> Parts:
        """All networks but those."""
        return Parts(**{part: self.part(part, move) for part in list(self._modules) if part not in without})

    def _from_folder(self, folder: Path, part: Part, module: nn.Module) -> Tensors:
        path = folder / f"{part}.safetensors"
        tensors = read_file(path)
        if wrong := differences(shapes(module), {name: tuple(tensor.shape) for name, tensor in tensors.items()}):
            raise ConfigError(f"{path} does not fit its {CARD}: {wrong}", hint="convert the authors' file again")
        return tensors


def weights_fault(name: str, path: Path) -> None:
    """ConfigError where there is no model at that path, or a converted one of another name; opens no large file."""
    if (path / CARD).is_file():
        _carded(name, path)
    else:
        released_file(path)


def _checked(name: str, file: Path, config: ModelConfig) -> dict[Part, dict[str, Tensor]]:
    """The tensors of a released file by part, which has to be that model."""
    tensors = read_file(file)
    if fault := name_fault(name, tensors):
        raise ConfigError(f"{file} is not {name}: {fault[0]}", hint=fault[1])
    return sort(tensors, config).parts


def _carded(name: str, folder: Path) -> ModelConfig:
    """The config of a converted folder, which has to be of that model."""
    path = folder / CARD
    try:
        card = json.loads(path.read_text())
        if card["format"] != FORMAT:
            raise ValueError(f"format {card['format']} instead of {FORMAT}")
        config = ModelConfig.from_json(card["config"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="convert the authors' file again") from error
    if card["model"] != name:
        raise ConfigError(
            f"{folder} holds {card['model']}, not {name}", hint=f"run {card['model']}, or give other weights"
        )
    return config
