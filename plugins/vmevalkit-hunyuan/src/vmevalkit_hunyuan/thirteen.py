"""The 13B model through diffusers: what its encoders are asked, and how it is drawn and decoded."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

from PIL import Image

from vmevalkit_core import LocalRequest, LocalSetup, check_finite
from vmevalkit_hunyuan import loading

PIPELINE = "HunyuanVideoImageToVideoPipeline"
HEAD_TOKENS = 103
INTERLEAVE = {"token_replace": 4, "latent_concat": 2}
"""Every how many-th token of the picture stays beside the prompt. The library's own call forgets it for negatives."""
DROPPED = {"token_replace": 0, "latent_concat": 4}
"""Frames at the beginning that show the picture alone and are cut off."""
_NAMES = ("prompt_embeds", "pooled_prompt_embeds", "prompt_attention_mask")


def video_pipeline(setup: LocalSetup) -> Any:
    """Transformer, VAE, scheduler and tokenizers; the template is checked."""
    pipe = loading.loaded(setup, PIPELINE, ("text_encoder", "text_encoder_2"), _types(setup))
    head = str(_module().DEFAULT_PROMPT_TEMPLATE["template"]).partition("{}")[0]
    loading.check_head(pipe.tokenizer, head, HEAD_TOKENS, "HunyuanVideo-I2V")
    return pipe


def text_pipeline(setup: LocalSetup) -> Any:
    """LLaVA and CLIP."""
    return loading.loaded(setup, PIPELINE, ("transformer", "vae"), _types(setup))


def condition(pipe: Any) -> str:
    """How the picture enters: `token_replace`, or `latent_concat` in the first release."""
    return str(pipe.transformer.config.image_condition_type)


def name_of(picture: Image.Image, prompt: str, interleave: int) -> str:
    """All that an encoding depends on: the language model looks at the picture as well."""
    pixels = hashlib.sha256(picture.tobytes()).hexdigest()
    template = hashlib.sha256(repr(_module().DEFAULT_PROMPT_TEMPLATE).encode()).hexdigest()[:16]
    return f"{pixels} {picture.size} {interleave} {template} {prompt}"


def encoded(pipe: Any, picture: Image.Image, prompt: str, interleave: int) -> dict[str, Any]:
    """What the transformer needs of a picture and a prompt, on the CPU, by the names of the pipeline's arguments.

    And `tokens`, how many the prompt has, read or not.
    """
    loading.check_prompt(pipe.tokenizer, prompt)
    with loading.torch().inference_mode():
        found = pipe.encode_prompt(image=picture, prompt=prompt, image_embed_interleave=interleave)
    pipe.maybe_free_model_hooks()
    kept = {name: value.cpu().clone() for name, value in zip(_NAMES, found, strict=True)}
    return kept | {"tokens": len(pipe.tokenizer(prompt, add_special_tokens=False, truncation=False).input_ids)}


def denoised(pipe: Any, request: LocalRequest, embeddings: dict[str, Any]) -> Any:
    """The latents of a clip, (1, channels, frames, height, width), of the dropped frames as well."""
    options: Any = request.options
    width, height = request.size
    last: dict[str, Any] = {}

    def told(_: Any, done: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        last.update(kept)
        request.step(done + 1, pipe.num_timesteps)
        return kept

    # The pipeline's own latents lack the first frame in one of the modes, and the decoder needs it.
    pipe(
        image=request.first_frame,
        **{name: value.to(pipe._execution_device) for name, value in embeddings.items()},
        width=width,
        height=height,
        num_frames=request.frames + DROPPED[condition(pipe)],
        num_inference_steps=options.steps,
        guidance_scale=options.guidance,
        true_cfg_scale=options.true_guidance,
        generator=request.generator,
        callback_on_step_end=told,
        callback_on_step_end_tensor_inputs=["latents"],
        output_type="latent",
    )
    check_finite(last["latents"])
    return last["latents"]


def _types(setup: LocalSetup) -> Any:
    """The authors' mixture on an accelerator: the transformer in bfloat16, the rest in float16."""
    torch = loading.torch()
    if setup.options.dtype == "auto" and setup.device != "cpu":
        return {"default": torch.float16, "transformer": torch.bfloat16}
    return getattr(torch, setup.dtype)


def _module() -> Any:
    return import_module("diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video_image2video")
