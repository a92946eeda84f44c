"""How far each part is from a reference set: the largest difference, relative to the largest value."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from crafter_sets import ReferenceSet, off
from torch import Tensor, nn

from vmevalkit_crafter.autoencoder import decode, encode
from vmevalkit_crafter.schedule import alphas_cumprod, ddim_steps, latent_scales
from vmevalkit_crafter.text import text_tokens
from vmevalkit_crafter.vision import clip_pixels, image_tokens

MODULE_LIMIT, CHAIN_LIMIT = 1e-5, 1e-3
"""Of one part, and of a whole sampling run, where differences of rounding grow from step to step."""


@torch.inference_mode()
def part_errors(given: ReferenceSet) -> dict[str, float]:
    """By the reference's name of each output of a single part."""
    measures = (_schedule, _text, _image, _autoencoder, _unet)
    return {name: off(ours, given.outputs[name]) for measure in measures for name, ours in measure(given)}


@torch.inference_mode()
def chain_errors(given: ReferenceSet) -> dict[str, float]:
    """By the name of each sampling run: of its every step and of the result."""
    return {f"ddim.{name}": _chain(given, name) for name in given.data["sampling"]["runs"]} | _video(given)


def _chain(given: ReferenceSet, name: str) -> float:
    out, steps = given.outputs, list(given.run(name))
    clean = [step.clean for step in steps]
    if (end := given.config.diffusion.rescale_end) and given.config.diffusion.rescale_from_one:
        # VideoCrafter applies the scale of the step before when it uses the prediction, and records it without.
        scales = latent_scales(end)[out[f"ddim.{name}.timesteps"].flip(0)]
        clean = [one / before for one, before in zip(clean, [*scales[1:], torch.tensor(1.0)], strict=True)]
    each = [
        off(mine, theirs)
        for kind, values in (("x_inter", [step.x for step in steps]), ("pred_x0", clean))
        for mine, theirs in zip(values, out[f"ddim.{name}.{kind}"][1:], strict=True)
    ]
    return max([off(steps[-1].x, out[f"ddim.{name}.samples"]), *each])


def _video(given: ReferenceSet) -> dict[str, float]:
    latents = list(given.run("eta0"))[-1].x
    frames = [torch.cat(list(decode(given.parts.autoencoder, one.transpose(0, 1)))) for one in latents]
    return {"video": off(torch.stack(frames).transpose(1, 2), given.outputs["video"])}


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
        yield "preprocess.clip_224", clip_pixels(given.inputs["preprocess.pixels"])


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
    probes = [name.removeprefix("unet.probe.") for name in given.outputs if name.startswith("unet.probe.")]
    seen: dict[str, Tensor] = {}
    hooks = [unet.get_submodule(name).register_forward_hook(_keep(seen, name)) for name in probes]
    yield "unet.out", unet(*common, put["unet.context"], fps)
    for hook in hooks:
        hook.remove()
    yield from ((f"unet.probe.{name}", seen[name]) for name in probes)
    if "unet.out_default_fs" in given.outputs:
        default = torch.full_like(fps, given.data["unet"]["default_fs"])
        yield "unet.out_default_fs", unet(*common, put["unet.context"], default)
    if "unet.out_shared_image" in given.outputs:
        yield "unet.out_shared_image", unet(*common, put["unet.context_shared_image"], fps)


def _keep(seen: dict[str, Tensor], name: str) -> object:
    def hook(module: nn.Module, args: object, output: Tensor) -> None:
        seen[name] = output

    return hook
