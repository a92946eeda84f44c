"""What local models could compute on. Foreign drivers may hang or crash, so each is asked in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from vmevalkit_core.checks.check import Check, Surroundings

TORCH_LIMIT, SMI_LIMIT = 60, 10
"""Seconds; importing torch from a cold network disk takes tens of them."""
_PROBE = """
import json, torch
cuda = [torch.cuda.get_device_properties(at) for at in range(torch.cuda.device_count())]
mps = getattr(torch.backends, "mps", None)
print(json.dumps({
    "version": torch.__version__,
    "cuda": torch.version.cuda or torch.version.hip,
    "devices": [[one.name, one.total_memory] for one in cuda],
    "mps": bool(mps and mps.is_available()),
}))
"""
_QUERY = ("--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv,noheader")


def video_cards(around: Surroundings) -> Iterator[Check]:
    """The cards that the NVIDIA driver shows, with or without torch."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return
    try:
        done = _run([command, *_QUERY], SMI_LIMIT)
    except subprocess.TimeoutExpired:
        yield Check("gpu", "note", f"nvidia-smi did not answer within {SMI_LIMIT} s", "look at the NVIDIA driver")
        return
    if done.returncode:
        yield Check("gpu", "note", f"nvidia-smi fails: {_last_line(done)}", "look at the NVIDIA driver")
    for line in done.stdout.splitlines() if not done.returncode else ():
        name, total, free, driver = (part.strip() for part in line.rsplit(",", 3))
        yield Check("gpu", "ok", f"{name}, {free} of {total} free, driver {driver}")


def torch(around: Surroundings) -> Iterator[Check]:
    """Whether torch is installed, and the devices that it sees."""
    if find_spec("torch") is None:
        if shutil.which("nvidia-smi"):
            yield Check("torch", "note", "not installed; API models and the built-in ones need none")
        else:
            yield Check("device", "ok", "no GPU and no torch found: API models and the built-in ones need none")
        return
    try:
        # -P: a file torch.py in the folder of the user is not meant.
        done = _run([sys.executable, "-P", "-c", _PROBE], TORCH_LIMIT)
    except subprocess.TimeoutExpired:
        yield Check("torch", "problem", f"`import torch` did not end within {TORCH_LIMIT} s", _REINSTALL)
        return
    if done.returncode:
        yield Check("torch", "problem", f"`import torch` fails: {_last_line(done)}", _REINSTALL)
    else:
        yield _seen(json.loads(done.stdout.splitlines()[-1]))


def _seen(facts: dict[str, object]) -> Check:
    """What torch said about itself."""
    name = f"{facts['version']}, CUDA {facts['cuda']}" if facts["cuda"] else f"{facts['version']}"
    devices = facts["devices"]
    if isinstance(devices, list) and devices:
        cards = "; ".join(f"cuda:{at} {card} {size / 2**30:.0f} GiB" for at, (card, size) in enumerate(devices))
        return Check("torch", "ok", f"{name}: {cards}")
    if facts["mps"]:
        return Check("torch", "ok", f"{name}: mps (Apple GPU)")
    if shutil.which("nvidia-smi"):
        return Check("torch", "note", f"{name} sees no GPU, though there is an NVIDIA driver", _OTHER_BUILD)
    return Check("torch", "note", f"{name} sees no GPU: API models and the built-in ones need none")


_REINSTALL = "pip install --force-reinstall torch, or pip uninstall torch where no local model needs it"
_OTHER_BUILD = "install the build of torch for your driver: https://pytorch.org/get-started/locally/"


def _run(command: list[str], limit: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=limit, check=False
    )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The last words of a process, or how it ended where it said nothing."""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}"
