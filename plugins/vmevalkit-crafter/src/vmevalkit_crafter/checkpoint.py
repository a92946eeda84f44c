"""Reads the released `.ckpt` as they are, and safetensors of the same names; says which model a file is."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vmevalkit_core import ConfigError
from vmevalkit_crafter.config import RELEASED, ModelConfig
from vmevalkit_crafter.names import Part, targets
from vmevalkit_crafter.parts import Shapes, build, shapes

DEEPSPEED = "_forward_module."
"""In front of every name of files under `module` (the authors cut 16 characters off)."""
SCALES = "scale_arr"
LFS = b"version https://git-lfs"

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The tensors of a released file, by the part that they belong to."""

    parts: dict[Part, dict[str, Tensor]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    """Names that no released model has."""


def read_file(path: Path) -> Tensors:
    """The tensors of a file by name, mapped from the disk; none of it is executed. ConfigError if unreadable."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # Only files in zip format, torch's since 2020, can be mapped.
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no model file {path}", hint="the folder is not whole: make it anew") from error
    except pickle.UnpicklingError as error:
        raise ConfigError(f"{path} {_unreadable(path, error)}", hint=_PICKLE_HINT) from error
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ConfigError(f"{path} {_unreadable(path, error)}", hint="download it again, whole") from error
    return _state(path, content)


_PICKLE_HINT = "only tensors are read; have somebody who trusts the file save its state_dict as safetensors"


def _unreadable(path: Path, error: Exception) -> str:
    with suppress(OSError), path.open("rb") as file:
        if file.read(len(LFS)) == LFS:
            return "is a Git LFS pointer, not the model"
    reason = (str(error) or "it ends too early").splitlines()[0]
    return f"cannot be read as a model file: {reason:.200}"


def _state(path: Path, content: Any) -> Tensors:
    """The tensors in what torch.save wrote: bare, under `state_dict`, or under `module` with a longer name."""
    # In this order, as the authors' loader looks.
    for key in ("state_dict", "module"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise ConfigError(f"{path} holds a {type(content).__name__} instead of named tensors", hint=_PICKLE_HINT)
    return {str(name).removeprefix(DEEPSPEED): tensor for name, tensor in content.items() if isinstance(tensor, Tensor)}


def sort(tensors: Tensors, config: ModelConfig) -> Sorted:
    """The tensors of a released file by part and by our names; what no part needs is left out."""
    result = Sorted()
    for name, tensor in tensors.items():
        if (found := targets(name, config)) is None:
            result.unknown.append(name)
            continue
        for target in found:
            piece = target.piece(tensor) if target.piece else tensor
            result.parts.setdefault(target.part, {})[target.name] = piece
    return result


def name_fault(name: str, tensors: Tensors) -> tuple[str, str] | None:
    """Why a file is not the model of that name, and what it looks like; None where it is."""
    wrong = _misfit(tensors, RELEASED[name])
    if not wrong:
        return None
    names = fitting(tensors)
    looks = f"it looks like {' or '.join(names)}" if names else "it looks like none of the released models"
    return wrong, looks if names else f"{looks}: use the authors' own file, whole"


def doubt(name: str, tensors: Tensors, file: Path) -> str:
    """That a file which fits lacks what would prove it, in a sentence; empty where it does not."""
    if RELEASED[name].diffusion.rescale_end is None or SCALES in tensors:
        return ""
    return f"{file} lacks its table {SCALES}, as pruned files do: that it is {name} is taken on your word"


def fitting(tensors: Tensors) -> list[str]:
    """The released models that a file may be; 512 and 512-interp differ in nothing but the numbers."""
    return [name for name, config in RELEASED.items() if not _misfit(tensors, config)]


def _misfit(tensors: Tensors, config: ModelConfig) -> str:
    """What is wrong with the tensors of a file, in words; empty where they are such a model."""
    sorted_, modules = sort(tensors, config), build(config)
    for part in [*modules, *(part for part in sorted_.parts if part not in modules)]:
        has = {name: tuple(tensor.shape) for name, tensor in sorted_.parts.get(part, {}).items()}
        if wrong := differences(shapes(modules[part]) if part in modules else {}, has):
            return f"in its {NAMES[part]}, {wrong}"
    return f"it also holds {_some(sorted_.unknown)}" if sorted_.unknown else _other_scale(tensors, config)


NAMES: dict[Part, str] = {
    "unet": "denoising network",
    "resampler": "picture projection",
    "text": "text encoder",
    "vision": "picture encoder",
    "autoencoder": "autoencoder",
}


def differences(wanted: Shapes, has: Shapes) -> str:
    """How two tables of names and shapes differ, in words; empty where they do not."""
    if missing := wanted.keys() - has.keys():
        return f"{_some(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    if extra := has.keys() - wanted.keys():
        return f"{_some(extra)} {'is' if len(extra) == 1 else 'are'} too many"
    if other := [name for name in wanted if wanted[name] != has[name]]:
        return f"{other[0]} is {list(has[other[0]])} instead of {list(wanted[other[0]])}"
    return ""


def _some(names: Iterable[str]) -> str:
    first, *rest = sorted(names)
    return f"{first} and {len(rest)} more" if rest else first


def _other_scale(tensors: Tensors, config: ModelConfig) -> str:
    """Whether the file's table of latent scales is of another model: all that tells 512 from 1024."""
    # Files that were pruned lack it; then nobody can tell, and the user's word has to do: `doubt`.
    if (table := tensors.get(SCALES)) is None:
        return ""
    end, wanted = float(table[-1]), config.diffusion.rescale_end or 1.0
    return f"its latents end on a scale of {end:.2g}, not of {wanted:.2g}" if abs(end - wanted) > 0.01 else ""
