"""What a local model does when the device's memory runs out: one step lower, then a sentence that helps."""

from __future__ import annotations

import gc
import sys
from typing import Any, Literal

from vmevalkit_core.generator.local_options import Memory

Step = Literal["full", "offload", "layers"]
LADDER: tuple[Step, ...] = ("full", "offload")
"""From the quickest to the smallest, of a model whose layers cannot pass through the device one by one."""
WITH_LAYERS: tuple[Step, ...] = (*LADDER, "layers")
"""Of one whose layers can."""
_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "failed to allocate")


def steps(memory: Memory, ladder: tuple[Step, ...] = LADDER) -> tuple[Step, ...]:
    """The steps that a choice allows: `auto` all of a ladder, any other just itself, or the lowest that there is."""
    if memory == "auto":
        return ladder
    return (memory,) if memory in ladder else ladder[-1:]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of the device, or of the machine, did not do."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def release() -> None:
    """Give memory that nobody uses any more back to the device."""
    gc.collect()
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def peak_bytes() -> int | None:
    """The most memory of an accelerator that this process used so far; None where there is none."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return int(torch.cuda.max_memory_allocated())
