"""Version 1.5 through diffusers: what its encoders are asked, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmevalkit_core import LocalRequest, LocalSetup, check_finite, place_encoder
from vmevalkit_hunyuan import loading

PIPELINE = "HunyuanVideo15ImageToVideoPipeline"
_TEXT = ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2")
_NAMES = ("prompt_embeds", "prompt_embeds_2")


def video_pipeline(setup: LocalSetup) -> Any:
    """Transformer, VAE, SigLIP, guider, scheduler."""
    return loading.loaded(setup, PIPELINE, _TEXT, _dtype(setup))


def text_pipeline(setup: LocalSetup) -> Any:
    """Qwen2.5-VL and ByT5; the template is checked."""
    # The class looks at its VAE when it is made, so that it has to be there: 2.5 GB that wait in main memory.
    pipe = loading.loaded(setup, PIPELINE, ("transformer", "image_encoder", "feature_extractor"), _dtype(setup))
    said = [{"role": "system", "content": pipe.system_message}, {"role": "user", "content": "{}"}]
    head = pipe.tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False).partition("{}")[0]
    loading.check_head(pipe.tokenizer, head, pipe.prompt_template_encode_start_idx, "HunyuanVideo 1.5")
    for encoder in (pipe.text_encoder, pipe.text_encoder_2):
        place_encoder(encoder, setup.device)
    return pipe


def encoded(pipe: Any, text: str) -> dict[str, Any]:
    """The embeddings of one text and their masks, on the CPU, without padding at their ends; its number of tokens."""
    loading.check_prompt(pipe.tokenizer, text)
    device, found = pipe.text_encoder.device, dict[str, Any]()
    found["tokens"] = len(pipe.tokenizer(text, truncation=False).input_ids)
    with loading.torch().inference_mode():
        pairs = pipe.encode_prompt(prompt=text, device=device)
    for name, embeds, mask in zip(_NAMES, pairs[::2], pairs[1::2], strict=True):
        used = int(mask.sum())
        whole = bool(mask[:, :used].all())
        found[name] = (embeds[:, :used] if whole else embeds).cpu().clone()
        found[_mask(name)] = (mask[:, :used] if whole else mask).cpu().clone()
        found[f"{name}_length"] = embeds.shape[1]
    return found


def denoised(pipe: Any, request: LocalRequest) -> Any:
    """The latents of a clip, (1, channels, frames, height, width)."""
    options: Any = request.options
    width, height = request.size
    embeddings = _padded(pipe, request.texts[request.prompt], "")
    if options.guidance > 1:
        embeddings |= _padded(pipe, request.texts[options.negative_prompt], "negative_")
    pipe.guider = pipe.guider.new(guidance_scale=options.guidance)
    # The pipeline would choose a size of its own and crop the picture to it; ours has been prepared already.
    pipe.video_processor.calculate_default_height_width = lambda **_: (height, width)
    pipe.progress_bar = lambda total: _Bar(request.step, total)  # it has no callback
    latents = pipe(
        image=request.first_frame,
        **embeddings,
        num_frames=request.frames,
        num_inference_steps=options.steps,
        generator=request.generator,
        output_type="latent",
    ).frames
    check_finite(latents)
    return latents


class _Bar:
    """What the pipeline takes for a progress bar."""

    def __init__(self, step: Callable[[int, int], None], total: int) -> None:
        self._step, self._total, self._done = step, total, 0

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self) -> None:
        self._done += 1
        self._step(self._done, self._total)


def _padded(pipe: Any, found: dict[str, Any], prefix: str) -> dict[str, Any]:
    given = {}
    for name in _NAMES:
        for key in (name, _mask(name)):
            value, device = found[key], pipe._execution_device
            missing = value.new_zeros(1, found[f"{name}_length"] - value.shape[1], *value.shape[2:])
            given[prefix + key] = loading.torch().cat([value, missing], dim=1).to(device)
    return given


def _mask(name: str) -> str:
    return name.replace("embeds", "embeds_mask")


def _dtype(setup: LocalSetup) -> Any:
    return getattr(loading.torch(), setup.dtype)
