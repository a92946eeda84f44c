"""What is around the drawing of a local clip: the request that the model gets, and what the record says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmevalkit_core.errors import ModelError
from vmevalkit_core.generator import memory, torch_facts
from vmevalkit_core.generator.local_options import LocalOptions
from vmevalkit_core.generator.local_request import LocalRequest, LocalSetup
from vmevalkit_core.generator.told import Told
from vmevalkit_core.media.images import open_rgb
from vmevalkit_core.records import GenerationRequest
from vmevalkit_core.specs import ModelSpec


def request_of(
    spec: ModelSpec, request: GenerationRequest, options: LocalOptions, texts: Mapping[str, Any], told: Told
) -> LocalRequest:
    """What the model is to draw, everything legal; ModelError where it was not shown the picture that it needs."""
    first = request.first_frame
    if first is None and "first_frame" in spec.inputs:
        raise ModelError(f"{spec.name} was shown no first frame", hint="add first_frame.png to the task pair")
    seed = request.seed or 0
    return LocalRequest(
        prompt=request.prompt or "",
        first_frame=open_rgb(first.path) if first else None,
        last_frame=open_rgb(request.final_frame.path) if request.final_frame else None,
        size=first.size if first else options.image_rule().target((16, 9)),
        frames=options.legal_frames,
        fps=options.fps,
        options=options,
        seed=seed,
        generator=torch_facts.seeded(seed),
        texts=texts,
        step=told.step,
    )


def facts_of(setup: LocalSetup, asked: LocalRequest, *, drawn: int, kept: int) -> dict[str, Any]:
    """How a clip was drawn, as far as the base knows, and what the model added."""
    rule = asked.options.rule
    used = {
        "device": torch_facts.device_name(setup.device),
        "dtype": setup.dtype,
        "memory": setup.memory,
        "weights": str(setup.weights),
        "size": list(asked.size),
        "frames_drawn": drawn,
        "frames_kept": kept,
        "seed": asked.seed,
        "first_frame": rule.first_frame,
        **asked.facts,
    }
    if peak := memory.peak_bytes():
        used["peak_gib"] = round(peak / 2**30, 2)
    return used


def no_memory(model: str, options: LocalOptions, step: memory.Step, smaller: str) -> ModelError:
    """That memory did not do even so, and what would need less of it."""
    rule = options.rule
    ways = ["-p frames=N with fewer frames"] if options.legal_frames > rule.frame_base else []
    if len(rule.sizes) != 1:
        ways += [f"a -p size= below {options.size}" if options.size else "a smaller -p size=WIDTHxHEIGHT"]
    ways += ["-p memory=auto"] if step == "full" else []
    ways += [smaller] if smaller else []
    hint = f"try {' or '.join(ways)}" if ways else "it needs a card with more memory"
    return ModelError(f"the device has too little memory for {model} with memory={step}", hint=hint)


def same_loading(then: LocalSetup, now: LocalSetup) -> bool:
    """Whether weights that were loaded by one setup serve for the other."""
    return (then.device, then.memory) == (now.device, now.memory) and same_encoder(then, now)


def same_encoder(then: LocalSetup, now: LocalSetup) -> bool:
    """Whether texts that were encoded by one setup serve for the other."""
    names = now.options.loading
    same = all(getattr(then.options, name) == getattr(now.options, name) for name in names)
    return same and (then.weights, then.dtype) == (now.weights, now.dtype)
