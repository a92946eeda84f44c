"""What is done with diffusers: load, encode, denoise, decode. It and torch are imported in functions only."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from vmevalkit_core import LocalRequest, LocalSetup, check_finite, place_encoder, uint8_frames
from vmevalkit_wan.options import TEXT_TOKENS

STREAMED = ("transformer", "transformer_2")
"""The parts whose layers can pass through the device one by one; the others are small."""
_VIDEO_PARTS = ("transformer", "transformer_2", "vae", "image_encoder", "image_processor")
_IN_FLOAT32 = ("vae", "image_encoder")
"""The authors compute these two in float32 whatever the rest is in."""


def experts_in(folder: Path) -> int:
    """How many transformers the index of a model folder names."""
    index = json.loads((folder / "model_index.json").read_text())
    return sum(1 for name in STREAMED if any(index.get(name) or ()))


def text_pipeline(setup: LocalSetup) -> Any:
    """A pipeline that can only encode texts; on the CPU where the encoder does not fit on the device."""
    pipe = _pipeline_class().from_pretrained(
        setup.weights, **dict.fromkeys(_VIDEO_PARTS), dtype=_dtype(setup), local_files_only=True
    )
    place_encoder(pipe.text_encoder, setup.device)
    return pipe


def encoded(pipe: Any, text: str, tokens: int) -> tuple[Any, int]:
    """The embedding of one text, (1, tokens, width), on the CPU, and how many tokens it has, read or not.

    Its padding, all zeros, is left out.
    """
    device = pipe.text_encoder.device
    with _torch().inference_mode():
        embeds, _ = pipe.encode_prompt(
            text, do_classifier_free_guidance=False, max_sequence_length=tokens, device=device
        )
        used = int(embeds[0].abs().sum(dim=1).nonzero().max()) + 1
    return embeds[:, :used].cpu().clone(), len(pipe.tokenizer(text, truncation=False).input_ids)


def video_pipeline(setup: LocalSetup) -> Any:
    """Everything but the text encoder, in main memory.

    The class is named here, since the index of TI2V 5B names the one for texts alone.
    """
    kinds = {"default": _dtype(setup)} | dict.fromkeys(_present(setup.weights, _IN_FLOAT32), _torch().float32)
    return _pipeline_class().from_pretrained(
        setup.weights, text_encoder=None, tokenizer=None, dtype=kinds, local_files_only=True
    )


def compile_blocks(pipe: Any) -> None:
    """Compile the repeated blocks of the transformers; the first step of each shape then takes a minute longer."""
    for name in STREAMED:
        if (part := getattr(pipe, name)) is not None:
            part.compile_repeated_blocks()


def set_up(pipe: Any, options: Any) -> None:
    """Shift, boundary and tiling of one run."""
    scheduler = import_module("diffusers").UniPCMultistepScheduler
    pipe.scheduler = scheduler.from_config(pipe.scheduler.config, flow_shift=options.shift)
    if pipe.transformer_2 is not None:
        pipe.register_to_config(boundary_ratio=options.boundary)
    pipe.vae.use_tiling = options.tiling


def denoised(pipe: Any, request: LocalRequest) -> Any:
    """The latents of a clip, (1, channels, frames, height, width)."""
    options: Any = request.options
    width, height = request.size
    high, low = options.guidances

    def told(_: Any, done: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        request.step(done + 1, pipe.num_timesteps)
        return kept

    latents = pipe(
        image=request.first_frame,
        last_image=request.last_frame,
        **_embeddings(pipe, request),
        width=width,
        height=height,
        num_frames=request.frames,
        num_inference_steps=options.steps,
        guidance_scale=high,
        guidance_scale_2=low,
        generator=request.generator,
        callback_on_step_end=told,
        callback_on_step_end_tensor_inputs=[],
        output_type="latent",
    ).frames
    check_finite(latents)
    return latents


def decoded(pipe: Any, latents: Any) -> Any:
    """The frames of a clip, uint8 (frames, height, width, 3)."""
    torch, vae = _torch(), pipe.vae
    with torch.inference_mode():
        shape = (1, vae.config.z_dim, 1, 1, 1)
        mean, deviation = (
            torch.tensor(values, device=latents.device, dtype=vae.dtype).view(shape)
            for values in (vae.config.latents_mean, vae.config.latents_std)
        )
        frames = uint8_frames(vae.decode(latents.to(vae.dtype) * deviation + mean, return_dict=False)[0][0])
    pipe.maybe_free_model_hooks()
    return frames


def facts(pipe: Any, options: Any) -> dict[str, Any]:
    """What the record has to say about how a clip was drawn."""
    scheduler, (high, low) = pipe.scheduler, options.guidances
    known = {
        "pipeline": type(pipe).__name__,
        "scheduler": type(scheduler).__name__,
        "shift": scheduler.config.flow_shift,
        "steps": pipe.num_timesteps,
        "guidance": high if low is None else {"high_noise": high, "low_noise": low},
        "vae_dtype": str(pipe.vae.dtype).removeprefix("torch."),
        "compiled": options.compile,
    }
    if pipe.transformer_2 is None:
        return known
    edge = pipe.config.boundary_ratio * scheduler.config.num_train_timesteps
    above = int((scheduler.timesteps >= edge).sum())
    return known | {"boundary": pipe.config.boundary_ratio, "steps_at_high_noise": above}


def _embeddings(pipe: Any, request: LocalRequest) -> dict[str, Any]:
    options: Any = request.options
    found = {"prompt_embeds": request.texts[request.prompt][0]}
    if options.guidances[0] > 1:
        found["negative_prompt_embeds"] = request.texts[options.negative_prompt][0]
    return {name: _padded(pipe, embeds) for name, embeds in found.items()}


def _padded(pipe: Any, embeds: Any) -> Any:
    missing = embeds.new_zeros(1, TEXT_TOKENS - embeds.shape[1], embeds.shape[2])
    return _torch().cat([embeds, missing], dim=1).to(pipe._execution_device)


def _present(folder: Path, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if (folder / name).is_dir()]


def _pipeline_class() -> Any:
    return import_module("diffusers").WanImageToVideoPipeline


def _dtype(setup: LocalSetup) -> Any:
    return getattr(_torch(), setup.dtype)


def _torch() -> Any:
    return import_module("torch")
