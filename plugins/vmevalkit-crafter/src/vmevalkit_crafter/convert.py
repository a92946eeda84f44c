"""Turns a released file into a folder that loads faster, once: `python -m vmevalkit_crafter.convert CKPT FOLDER`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from vmevalkit_core import ConfigError
from vmevalkit_crafter.checkpoint import doubt, fitting, name_fault, read_file, sort
from vmevalkit_crafter.config import RELEASED, ModelConfig
from vmevalkit_crafter.names import Part
from vmevalkit_crafter.weights import CARD, FORMAT, released_file

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def convert(source: Path, folder: Path, *, model: str | None = None, dtype: str | None = None) -> str:
    """Write the parts of a released file into a folder, and return the model's name.

    Without a name the file has to fit one model only; without a dtype numbers stay as they are. ConfigError for a
    file that does not fit, and for a folder that holds a model already.
    """
    if (folder / CARD).exists():
        raise ConfigError(f"{folder} holds a model already", hint="give another folder, or remove that one")
    file = released_file(source)
    tensors = read_file(file)
    name = _checked(model, tensors, file) if model else _only(fitting(tensors), file)
    if missed := doubt(name, tensors, file):
        sys.stderr.write(f"{missed}\n")
    write_folder(folder, name, RELEASED[name], sort(tensors, RELEASED[name]).parts, dtype=dtype, source=file.name)
    return name


def write_folder(
    folder: Path,
    name: str,
    config: ModelConfig,
    parts: Mapping[Part, Mapping[str, Tensor]],
    *,
    dtype: str | None = None,
    source: str = "",
) -> None:
    """Write a folder that `ModelFile` reads: a file for each part, and at last the card that says what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    # One part after the other, so that no more than the largest of them is in memory.
    for part, tensors in parts.items():
        beside = folder / f"{part}.safetensors.part"
        save_file({key: _own(tensor, dtype) for key, tensor in tensors.items()}, beside)
        os.replace(beside, folder / f"{part}.safetensors")
    beside = folder / f"{CARD}.part"
    card = {"format": FORMAT, "model": name, "source": source, "config": config.to_json()}
    beside.write_text(json.dumps(card, indent=1) + "\n")
    os.replace(beside, folder / CARD)


def _own(tensor: Tensor, dtype: str | None) -> Tensor:
    """A tensor that shares no memory with another one, which safetensors would refuse to write."""
    return tensor.to(DTYPES[dtype] if dtype and tensor.is_floating_point() else tensor.dtype, copy=True).contiguous()


def _checked(model: str, tensors: Mapping[str, Tensor], file: Path) -> str:
    if fault := name_fault(model, tensors):
        raise ConfigError(f"{file} is not {model}: {fault[0]}", hint=fault[1])
    return model


def _only(names: list[str], file: Path) -> str:
    if len(names) == 1:
        return names[0]
    if names:
        raise ConfigError(f"{file} may be {' or '.join(names)}", hint="say which: --model NAME")
    raise ConfigError(f"{file} is none of the released models", hint=f"they are {', '.join(RELEASED)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 when the folder is written, 2 with a sentence on stderr when it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m vmevalkit_crafter.convert", description=__doc__)
    parser.add_argument("source", type=Path, help="the authors' model.ckpt, or safetensors of the same names")
    parser.add_argument("folder", type=Path, help="where to write; about as large as the file")
    parser.add_argument("--model", choices=RELEASED, help="which model it is, where the file fits several")
    parser.add_argument("--dtype", choices=DTYPES, help="store numbers as these; fp16 halves an fp32 file")
    given = parser.parse_args(arguments)
    try:
        name = convert(given.source, given.folder, model=given.model, dtype=given.dtype)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n{error.hint}\n")
        return error.exit_code
    except (OSError, SafetensorError) as error:
        sys.stderr.write(f"{given.folder} cannot be written: {error}\n")
        return 1
    sys.stdout.write(f"{name} is in {given.folder}; run it with -p weights={given.folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
