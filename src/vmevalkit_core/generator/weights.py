"""Finds the weights of a local model on this machine; nothing here ever uses the network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vmevalkit_core.errors import MissingWeights
from vmevalkit_core.pointers import is_pointer

INDEX = "model_index.json"
"""Names the parts of a model folder as diffusers writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What a model has to find on the disk, and what to tell whoever lacks it."""

    repo: str
    """The hub id, such as `Lightricks/LTX-Video`."""
    gigabytes: float
    """Size of the download."""
    licence: str
    """Its name, and what it forbids in a few words."""
    files: tuple[str, ...] = (INDEX,)
    """Files and folders that have to be there; with `model_index.json`, all parts that it names as well."""
    include: tuple[str, ...] = ()
    """Patterns of what has to be downloaded, where that is not all."""

    @property
    def download(self) -> str:
        """The line that downloads it into the cache in which it is looked for."""
        wanted = "".join(f' --include "{pattern}"' for pattern in self.include)
        return f"hf download {self.repo}{wanted}"


def find_weights(wanted: Weights, asked: str | None, env: Mapping[str, str], model: str = "") -> Path:
    """The folder with the weights; MissingWeights names what is not there, with size, licence and download line.

    `asked` is a folder or a hub id; where none, VMEVAL_WEIGHTS is (or is a folder that holds one named after the
    model or the repository), then the model's own id. Hub ids are looked up in the cache of the hub.
    """
    fault = None
    for folder in _candidates(wanted, asked, env, model):
        lacks = next(missing_in(folder, wanted.files), None)
        if lacks is None:
            return folder
        fault = fault or MissingWeights(f"{folder} lacks {lacks} of {_named(wanted)}", hint=_hint(wanted))
        if asked or INDEX in wanted.files:
            raise fault
        # A file that belongs to a model need not be in the model's own folder, which VMEVAL_WEIGHTS names.
    if fault:
        raise fault
    where = f"{asked} is no folder and not in" if asked else "they are not in"
    raise MissingWeights(f"the weights of {_named(wanted)} are missing: {where} {hub_cache(env)}", hint=_hint(wanted))


def hub_cache(env: Mapping[str, str]) -> Path:
    """Where the hub's own tools keep downloads, by the variables that they read."""
    if named := env.get("HF_HUB_CACHE") or env.get("HUGGINGFACE_HUB_CACHE"):
        return Path(named).expanduser()
    home = env.get("HF_HOME") or os.path.join(env.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(home).expanduser() / "hub"


def snapshot(repo: str, env: Mapping[str, str]) -> Path | None:
    """The folder of a downloaded repository: the one of `main`, else the newest."""
    home = hub_cache(env) / f"models--{repo.replace('/', '--')}"
    snapshots = home / "snapshots"
    try:
        return snapshots / (home / "refs" / "main").read_text().strip()
    except OSError:
        found = sorted(snapshots.glob("*"), key=lambda one: one.stat().st_mtime)
        return found[-1] if found else None


def missing_in(folder: Path, files: tuple[str, ...]) -> Iterator[str]:
    """What a model folder lacks, by name; a pointer of Git LFS and an index without its shards count as missing."""
    for name in files:
        if not (folder / name).exists():
            yield name
    if INDEX in files and (folder / INDEX).is_file():
        yield from _missing_parts(folder)


def _candidates(wanted: Weights, asked: str | None, env: Mapping[str, str], model: str) -> Iterator[Path]:
    """Folders that exist, the likeliest first."""
    named = asked or env.get("VMEVAL_WEIGHTS") or ""
    if named:
        folder = Path(named).expanduser()
        inner = [folder / wanted.repo, folder / wanted.repo.rpartition("/")[2], folder / model] if not asked else []
        inner = [one for one in inner if one != folder and one.is_dir()]
        yield from inner
        if folder.is_dir() and (asked or not _is_shelf(folder)):
            yield folder
        elif found := snapshot(named, env):
            yield found
    if not asked and (found := snapshot(wanted.repo, env)):
        yield found


def _is_shelf(folder: Path) -> bool:
    """A folder of several models rather than one of them: it holds nothing but folders, and no index."""
    return not any(entry.is_file() for entry in folder.iterdir())


def _missing_parts(folder: Path) -> Iterator[str]:
    try:
        parts = json.loads((folder / INDEX).read_text())
    except ValueError:
        yield f"a readable {INDEX}"
        return
    for name, kind in parts.items():
        if isinstance(kind, list) and all(kind):
            yield from _missing_of_part(folder, name)


def _missing_of_part(folder: Path, name: str) -> Iterator[str]:
    part = folder / name
    if not part.is_dir():
        yield f"{name}/"
        return
    for index in part.glob("*.index.json"):
        shards = set(json.loads(index.read_text()).get("weight_map", {}).values())
        yield from (f"{name}/{shard}" for shard in sorted(shards) if not (part / shard).is_file())
    for file in part.glob("*.safetensors"):
        with file.open("rb") as handle:
            if is_pointer(handle.read(200)):
                yield f"{name}/{file.name} (it is a pointer of Git LFS)"


def _named(wanted: Weights) -> str:
    return f"{wanted.repo} ({wanted.gigabytes:g} GB, {wanted.licence})"


def _hint(wanted: Weights) -> str:
    return f"download them with: {wanted.download}; or name a folder with -p weights=FOLDER or VMEVAL_WEIGHTS"
