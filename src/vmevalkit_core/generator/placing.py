"""Puts a pipeline of diffusers where it is to compute, as the chosen step of memory says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vmevalkit_core.generator import torch_facts
from vmevalkit_core.generator.local_request import LocalSetup

_ROOM = 1.2
"""What an encoder needs beside its weights."""


def place_pipeline(pipe: Any, setup: LocalSetup, streamed: Sequence[str] = ("transformer",)) -> Any:
    """The same pipeline, ready to draw without a progress bar.

    `full`: all of it on the device. `offload`: its parts take turns there. `layers`: those named in `streamed` pass
    through it layer by layer, prefetched from pinned memory; the rest is on it. A CPU has but one place.
    """
    pipe.set_progress_bar_config(disable=True)
    if _is_in_one_place(setup):
        return pipe.to(setup.device)
    if setup.memory == "offload":
        pipe.enable_model_cpu_offload(device=setup.device)
        return pipe
    for name, part in pipe.components.items():
        if name in streamed and part is not None:
            _stream(part, setup.device)
        elif hasattr(part, "parameters"):
            part.to(setup.device)
    return pipe


def place_encoder(part: Any, device: str) -> Any:
    """The same module on the device, or left in main memory where the device has no room for it."""
    needed = sum(weight.numel() * weight.element_size() for weight in part.parameters())
    if device != "cuda" or torch_facts.torch().cuda.mem_get_info()[0] > needed * _ROOM:
        part.to(device)
    return part


def _is_in_one_place(setup: LocalSetup) -> bool:
    return setup.memory == "full" or setup.device == "cpu"


def _stream(part: Any, device: str) -> None:
    torch = torch_facts.torch()
    part.enable_group_offload(
        onload_device=torch.device(device),
        offload_device=torch.device("cpu"),
        offload_type="leaf_level",
        use_stream=device == "cuda",
    )
