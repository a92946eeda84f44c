"""What a local model is given: where to load, and what to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from vmevalkit_core.generator.local_options import LocalOptions
from vmevalkit_core.generator.memory import Step
from vmevalkit_core.geometry import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSetup:
    """How a model is to be loaded; the same for all of its runs until something of it changes."""

    weights: Path
    """The folder with the weights, complete."""
    device: str
    """`cuda`, `mps` or `cpu`: what torch is to be told."""
    dtype: str
    """`bfloat16`, `float16` or `float32`: the name of a torch dtype."""
    memory: Step
    """`full`: put all of it on the device; `offload`: keep in main memory the parts that do not compute right now;
    `layers`: even their layers. `place_pipeline` does that for a pipeline of diffusers."""
    options: LocalOptions
    """Of the first run; only its `loading` fields may be relied on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRequest:
    """One clip to be drawn; everything in it is legal by the model's `ClipRule`."""

    prompt: str
    """The instruction; empty for a model that is shown none."""
    first_frame: Any
    """A PIL image in mode RGB and of `size`; None only for a model whose spec does not show it the first frame."""
    last_frame: Image.Image | None
    """The same; None unless the model's spec shows it the final frame."""
    size: Size
    """Width and height of the clip."""
    frames: int
    """The legal number of frames to draw; what was not asked for is cut off afterwards."""
    fps: float
    """Frames per second, as asked."""
    options: Any
    """The options, an object of the generator's own options class."""
    seed: int
    """What `generator` was seeded with."""
    generator: Any
    """A torch.Generator on the CPU, fresh for this run: the same seed then gives the same noise on any device."""
    texts: Mapping[str, Any]
    """What `encode_text` made of each text that `texts` named."""
    step: Callable[[int, int], None]
    """Call it as `step(done, total)` after each denoising step: it tells the user, and ends a run that was given up."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Put here, as JSON values, what a reader of the record has to know: steps, guidance, scheduler and the like."""
