"""How far each part is from a reference set: the largest difference, relative to the largest value."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from crafter_sets import ReferenceSet, off
from torch import Tensor, nn

from vmevalkit_crafter.autoencoder import decode, encode
from vmevalkit_crafter.sampler import Sampled
from vmevalkit_crafter.schedule import alphas_cumprod, ddim_steps, latent_scales
from vmevalkit_crafter.text import text_tokens
from vmevalkit_crafter.vision import clip_pixels, image_tokens

MODULE_LIMIT, CHAIN_LIMIT = 1e-5, 1e-3
"""Of one part, and of a whole sampling run, where differences of rounding grow from step to step."""
PROBES = (
    "time_embed",
    "fps_embedding",
    "input_blocks.0",
    "init_attn",
    "input_blocks.1.0",
    "input_blocks.1.1",
    "input_blocks.1",
    "middle_block",
    "output_blocks.0",
)
"""Modules of the U-Net whose output is compared as well, by name."""


@torch.inference_mode()
def part_errors(given: ReferenceSet) -> dict[str, float]:
    """By the reference's name of each output of a single part."""
    return {name: off(ours, given.outputs[name]) for name, ours in part_values(given)}


@torch.inference_mode()
def chain_errors(given: ReferenceSet) -> dict[str, float]:
    """By the name of each sampling run: the largest of its every step and of its result; and that of the video."""
    errors: dict[str, float] = {}
    for name, ours in chain_values(given):
        run = ".".join(name.split(".")[:2])
        errors[run] = max(errors.get(run, 0.0), _worst(ours, given.outputs[name]))
    return errors


def _worst(ours: Tensor, reference: Tensor) -> float:
    """Of the steps one by one, where a tensor has steps first: the last ones are smaller than the first."""
    if ours.ndim < 6:
        return off(ours, reference)
    return max(off(mine, theirs) for mine, theirs in zip(ours, reference, strict=True))


def part_values(given: ReferenceSet) -> Iterator[tuple[str, Tensor]]:
    """What our code makes of the inputs, by the reference's names."""
    for measure in (_schedule, _text, _image, _autoencoder, _unet):
        yield from measure(given)


def chain_values(given: ReferenceSet) -> Iterator[tuple[str, Tensor]]:
    """The latents of every step of every sampling run, and the video of the first one."""
    start = given.inputs["ddim.x_T"]
    for name in given.data["sampling"]["runs"]:
        steps = list(given.run(name))
        yield f"ddim.{name}.samples", steps[-1].x
        yield f"ddim.{name}.x_inter", torch.stack([start, *(step.x for step in steps)])
        yield f"ddim.{name}.pred_x0", torch.stack([start, *_clean(given, name, steps)])
    latents = list(given.run("eta0"))[-1].x
    frames = [torch.cat(list(decode(given.parts.autoencoder, one.transpose(0, 1)))) for one in latents]
    yield "video", torch.stack(frames).transpose(1, 2)


def _clean(given: ReferenceSet, name: str, steps: list[Sampled]) -> list[Tensor]:
    """The predicted clean latents as the reference records them."""
    clean, diffusion = [step.clean for step in steps], given.config.diffusion
    if not diffusion.rescale_end or not diffusion.rescale_from_one:
        return clean
    # VideoCrafter applies the scale of the step before when it uses the prediction, and records it without.
    visited = given.outputs[f"ddim.{name}.timesteps"].flip(0)
    before = [*latent_scales(diffusion.rescale_end)[visited[1:]], torch.tensor(1.0)]
    return [one / scale for one, scale in zip(clean, before, strict=True)]


def _schedule(given: ReferenceSet) -> Iterator[tuple[str, Tensor]]:
    diffusion = given.config.diffusion
    yield "schedule.alphas_cumprod", alphas_cumprod(zero_terminal_snr=diffusion.zero_terminal_snr).float()
    if diffusion.rescale_end is not None:
        # Of its 1400 entries only the first 1000 are ever read; the tail repeats the end.
        table = latent_scales(diffusion.rescale_end)
        yield "schedule.scale_arr", torch.cat([table, table[-1:].expand(400)])
    for name, run in given.data["sampling"]["runs"].items():
        steps = ddim_steps(diffusion, run["steps"], run["spacing"] or "uniform", run["eta"])[::-1]
        yield f"ddim.{name}.timesteps", torch.tensor([step.timestep for step in steps])
        yield f"ddim.{name}.sigmas", torch.stack([step.sigma for step in steps])
        yield f"ddim.{name}.alphas", torch.stack([step.root**2 for step in steps])
        yield f"ddim.{name}.alphas_prev", torch.stack([step.previous_root**2 for step in steps])


def _text(given: ReferenceSet) -> Iterator[tuple[str, Tensor]]:
    yield "text.penultimate", text_tokens(given.parts.text, given.inputs["text.ids"])
    yield "text.empty", text_tokens(given.parts.text, given.inputs["text.empty_ids"])


def _image(given: ReferenceSet) -> Iterator[tuple[str, Tensor]]:
    if given.parts.resampler is None:
        return
    pixels = given.inputs["image.pixels"]
    yield "image.tokens", image_tokens(given.parts.vision, pixels)
    yield "image.resampled", given.parts.resampler(image_tokens(given.parts.vision, pixels))
    yield "image.zero_resampled", given.parts.resampler(image_tokens(given.parts.vision, torch.zeros_like(pixels)))
    if "preprocess.pixels" in given.inputs:
        side = given.data.get("preprocess_side", 224)
        yield f"preprocess.clip_{side}", clip_pixels(given.inputs["preprocess.pixels"], side)


def _autoencoder(given: ReferenceSet) -> Iterator[tuple[str, Tensor]]:
    model, pixels = given.parts.autoencoder, given.inputs["ae.pixels"]
    moments = model.encode(pixels).latent_dist
    yield "ae.moments", moments.parameters
    yield "ae.mode", moments.mode()
    scale = given.config.autoencoder.latent_scale
    yield "ae.sample", encode(model, pixels, given.inputs["ae.noise"]) / scale
    yield "ae.decoded", torch.cat(list(decode(model, given.inputs["ae.z"] * scale)))


def _unet(given: ReferenceSet) -> Iterator[tuple[str, Tensor]]:
    unet, put = given.parts.unet, given.inputs
    common = (put["unet.x"], put["unet.timesteps"])
    fps = put.get("unet.fs", put.get("unet.fps"))
    assert fps is not None
    seen: dict[str, Tensor] = {}
    hooks = [unet.get_submodule(name).register_forward_hook(_keep(seen, name)) for name in PROBES]
    yield "unet.out", unet(*common, put["unet.context"], fps)
    for hook in hooks:
        hook.remove()
    yield from ((f"unet.probe.{name}", seen[name]) for name in PROBES)
    if "default_fs" in given.data["unet"]:
        default = torch.full_like(fps, given.data["unet"]["default_fs"])
        yield "unet.out_default_fs", unet(*common, put["unet.context"], default)
    if "unet.context_shared_image" in put:
        yield "unet.out_shared_image", unet(*common, put["unet.context_shared_image"], fps)


def _keep(seen: dict[str, Tensor], name: str) -> object:
    def hook(module: nn.Module, args: object, output: Tensor) -> None:
        seen[name] = output

    return hook
