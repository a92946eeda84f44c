"""What both generations of the family load and decode alike. diffusers and torch are imported in functions only."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from vmevalkit_core import ConfigError, LocalSetup, ModelError, uint8_frames

BLOCKS = ("transformer_blocks", "single_transformer_blocks")


def loaded(setup: LocalSetup, name: str, left_out: tuple[str, ...], dtype: Any) -> Any:
    """A pipeline of that class, in main memory, without some of its parts."""
    return getattr(diffusers(), name).from_pretrained(
        setup.weights, **dict.fromkeys(left_out), dtype=dtype, local_files_only=True
    )


def transformer_config(folder: Path) -> dict[str, Any]:
    """What the transformer of a model folder says of itself; ConfigError where it cannot be read."""
    file = folder / "transformer" / "config.json"
    try:
        return dict(json.loads(file.read_text()))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", hint="download the model again") from error


def compile_blocks(pipe: Any) -> None:
    """Compile the repeated blocks; the library's own list of them misses those of `token_replace`."""
    for name in BLOCKS:
        for block in getattr(pipe.transformer, name, ()):
            block.compile()


def set_shift(pipe: Any, shift: float) -> None:
    """Give the scheduler a shift."""
    scheduler = diffusers().FlowMatchEulerDiscreteScheduler
    pipe.scheduler = scheduler.from_config(pipe.scheduler.config, shift=shift)


def decoded(pipe: Any, latents: Any, drop: int = 0) -> Any:
    """The frames of a clip, uint8 (frames, height, width, 3), without the first `drop` of them."""
    vae = pipe.vae
    with torch().inference_mode():
        video = vae.decode(latents.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0]
        frames = uint8_frames(video[0, :, drop:])
    pipe.maybe_free_model_hooks()
    return frames


def check_head(tokenizer: Any, head: str, expected: int, model: str) -> None:
    """ModelError unless the part of a template before the user's text has so many tokens.

    The library cuts it off by number: a tokenizer that counts otherwise would silently cut into the prompt.
    """
    counted = len(tokenizer(head).input_ids)
    if counted != expected:
        raise ModelError(
            f"the prompt template of {model} has {counted} tokens before the prompt, and the model cuts off {expected}",
            hint="the tokenizer of this folder, or this version of transformers, is not the one the model knows",
        )


def check_prompt(tokenizer: Any, text: str) -> None:
    """ModelError where a prompt holds one of the tokenizer's own marks: the model would take its end for the text's."""
    if mark := next((one for one in tokenizer.get_added_vocab() if one in text), None):
        raise ModelError(f"the prompt holds {mark!r}, which the model reads as a mark of its own", hint="leave it out")


def facts(pipe: Any, options: Any, tokens: int) -> dict[str, Any]:
    """What the record has to say about how a clip was drawn."""
    return {
        "pipeline": type(pipe).__name__,
        "scheduler": type(pipe.scheduler).__name__,
        "shift": pipe.scheduler.config.shift,
        "steps": pipe.num_timesteps,
        "guidance": options.guidance,
        "tiling": options.tiling,
        "compiled": options.compile,
        "prompt_tokens": tokens,
        "prompt_tokens_read": min(options.rule.text_tokens, tokens),
    }


def torch() -> Any:
    """The module torch."""
    return import_module("torch")


def diffusers() -> Any:
    """The module diffusers."""
    return import_module("diffusers")
