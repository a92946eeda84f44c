"""What is done with diffusers: load, encode, denoise, decode. It and torch are imported in functions only."""

from __future__ import annotations

import json
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from vmevalkit_core import (
    LocalRequest,
    LocalSetup,
    check_finite,
    encode_clip,
    place_encoder,
    read_frames,
    uint8_frames,
)

CONDITION, IMAGE = "LTXConditionPipeline", "LTXImageToVideoPipeline"


def pipeline_class(folder: Path) -> Any:
    """The class for the weights in a folder: from 0.9.5 on an image is a condition, before it was a latent frame."""
    named = json.loads((folder / "model_index.json").read_text()).get("_class_name", "")
    if named not in (CONDITION, IMAGE):
        # A folder made for text to video serves as well; only the older ones shift their schedule with the size.
        scheduler = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
        named = IMAGE if scheduler.get("use_dynamic_shifting") else CONDITION
    return getattr(_diffusers(), named)


def text_pipeline(setup: LocalSetup) -> Any:
    """A pipeline that can only encode texts; on the CPU where the encoder does not fit on the device."""
    pipe = pipeline_class(setup.weights).from_pretrained(
        setup.weights, transformer=None, vae=None, dtype=_dtype(setup), local_files_only=True
    )
    place_encoder(pipe.text_encoder, setup.device)
    return pipe


def encoded(pipe: Any, text: str, tokens: int) -> tuple[Any, Any, int]:
    """The embedding of one text and its mask, on the CPU, and how many tokens it has, read or not."""
    with _torch().inference_mode():
        embeds, mask, _, _ = pipe.encode_prompt(
            text,
            do_classifier_free_guidance=False,
            max_sequence_length=tokens,
            device=pipe.text_encoder.device,
            dtype=pipe.text_encoder.dtype,
        )
    return embeds.cpu(), mask.cpu(), len(pipe.tokenizer(text, truncation=False).input_ids)


def video_pipeline(setup: LocalSetup, checkpoint: Path | None) -> Any:
    """Everything but the text encoder, in main memory."""
    folder, dtype = setup.weights, _dtype(setup)
    parts: dict[str, Any] = {"text_encoder": None, "tokenizer": None}
    if checkpoint:
        parts |= _single_file(checkpoint, folder, dtype)
    return pipeline_class(folder).from_pretrained(folder, dtype=dtype, local_files_only=True, **parts)


def spread(pipe: Any, steps: int) -> list[float] | None:
    """The noise levels of so many steps where the class has a schedule of its own; None where its scheduler has.

    As plain numbers: the class itself hands a tensor to numpy, which warns.
    """
    if not _is_condition(pipe):
        return None
    schedule = import_module("diffusers.pipelines.ltx.pipeline_ltx_condition").linear_quadratic_schedule(steps)
    return [float(level) * 1000 for level in schedule]


def denoised(pipe: Any, request: LocalRequest, timesteps: list[float] | None, steps: int | None) -> Any:
    """The latents of a clip, (1, channels, frames, height, width), as the decoder wants them."""
    options: Any = request.options
    width, height = request.size

    def told(_: Any, done: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        request.step(done + 1, pipe.num_timesteps)
        return kept

    more: dict[str, Any] = {"image_cond_noise_scale": options.image_noise} if _is_condition(pipe) else {}
    more |= {"timesteps": timesteps} if timesteps else {"num_inference_steps": steps}
    latents = pipe(
        image=_still(request),
        **_embeddings(pipe, request),
        width=width,
        height=height,
        num_frames=request.frames,
        frame_rate=request.fps,
        guidance_scale=options.guidance,
        guidance_rescale=options.guidance_rescale,
        generator=request.generator,
        callback_on_step_end=told,
        callback_on_step_end_tensor_inputs=[],
        output_type="latent",
        **more,
    ).frames
    check_finite(latents)
    return latents if _is_condition(pipe) else _unpacked(pipe, latents, request)


def decoded(pipe: Any, latents: Any, request: LocalRequest) -> Any:
    """The frames of a clip, uint8 (frames, height, width, 3).

    Not left to the pipeline: its way through PIL takes seconds, and the older class asks a generator of the device.
    """
    options, torch, vae = request.options, _torch(), pipe.vae
    randn_tensor = import_module("diffusers.utils.torch_utils").randn_tensor
    with torch.inference_mode():
        latents = pipe._denormalize_latents(latents, vae.latents_mean, vae.latents_std, vae.config.scaling_factor)
        latents, timestep = latents.to(vae.dtype), None
        if vae.config.timestep_conditioning:
            noise = randn_tensor(latents.shape, generator=request.generator, device=latents.device, dtype=latents.dtype)
            timestep = torch.tensor([options.decode_timestep], device=latents.device, dtype=latents.dtype)
            share = torch.tensor(options.decode_noise, device=latents.device, dtype=latents.dtype)
            latents = (1 - share) * latents + share * noise
        video = vae.decode(latents, timestep, return_dict=False)[0]
        frames = uint8_frames(video[0])
    pipe.maybe_free_model_hooks()
    return frames


def facts(pipe: Any, options: Any, timesteps: list[float] | None) -> dict[str, Any]:
    """What the record has to say about how a clip was drawn."""
    scheduler = pipe.scheduler
    shift = {name: scheduler.config.get(name) for name in ("shift", "use_dynamic_shifting", "shift_terminal")}
    return {
        "pipeline": type(pipe).__name__,
        "scheduler": type(scheduler).__name__,
        "scheduler_config": shift,
        "steps": pipe.num_timesteps,
        "timesteps": timesteps,
        "compiled": options.compile,
    }


def _embeddings(pipe: Any, request: LocalRequest) -> dict[str, Any]:
    options: Any = request.options
    device = pipe._execution_device
    embeds, mask, _ = request.texts[request.prompt]
    given = {"prompt_embeds": embeds.to(device), "prompt_attention_mask": mask.to(device)}
    if options.guidance > 1:
        embeds, mask, _ = request.texts[options.negative_prompt]
        given |= {"negative_prompt_embeds": embeds.to(device), "negative_prompt_attention_mask": mask.to(device)}
    return given


def _still(request: LocalRequest) -> Any:
    """The first frame, through H.264 and back where that was asked for."""
    quality = request.options.image_crf
    if not quality:
        return request.first_frame
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "still.mp4")
        encode_clip([request.first_frame], path, fps=24, crf=quality)
        return next(iter(read_frames(path)))


def _unpacked(pipe: Any, latents: Any, request: LocalRequest) -> Any:
    width, height = request.size
    space, time = pipe.vae_spatial_compression_ratio, pipe.vae_temporal_compression_ratio
    return pipe._unpack_latents(
        latents,
        (request.frames - 1) // time + 1,
        height // space,
        width // space,
        pipe.transformer_spatial_patch_size,
        pipe.transformer_temporal_patch_size,
    )


def _single_file(checkpoint: Path, folder: Path, dtype: Any) -> dict[str, Any]:
    """Transformer and VAE out of one file; the folder says what they look like, so that nothing is fetched."""
    known = _diffusers()
    classes = {"transformer": known.LTXVideoTransformer3DModel, "vae": known.AutoencoderKLLTXVideo}
    return {
        name: cls.from_single_file(str(checkpoint), config=str(folder / name), dtype=dtype, local_files_only=True)
        for name, cls in classes.items()
    }


def _is_condition(pipe: Any) -> bool:
    return type(pipe).__name__ == CONDITION


def _dtype(setup: LocalSetup) -> Any:
    return getattr(_torch(), setup.dtype)


def _torch() -> Any:
    return import_module("torch")


def _diffusers() -> Any:
    return import_module("diffusers")
