"""Reads sets of reference tensors: a small model in the released layout, inputs, and the outputs of a reference."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from vmevalkit_crafter.checkpoint import read_file, sort
from vmevalkit_crafter.conditioning import beside
from vmevalkit_crafter.config import (
    AutoencoderConfig,
    DiffusionConfig,
    ModelConfig,
    ResamplerConfig,
    TextConfig,
    UNetConfig,
    VisionConfig,
)
from vmevalkit_crafter.guidance import Conditioning, Guidance, GuidedModel
from vmevalkit_crafter.parts import Parts, build, fill
from vmevalkit_crafter.sampler import Sampled, ddim
from vmevalkit_crafter.schedule import ddim_steps


def reference_folder() -> Path:
    """Where sets of the authors' own code may lie: beside the repository, or where VMEVAL_SHARED says."""
    repository = Path(__file__).resolve().parents[3]
    shared = Path(os.environ.get("VMEVAL_SHARED") or repository.parent / "shared")
    return shared / "models" / "crafter"


def off(ours: Tensor, reference: Tensor) -> float:
    """The largest difference, relative to the largest value."""
    assert ours.shape == reference.shape
    return float((ours.double() - reference.double()).abs().max() / reference.abs().max().clamp(min=1e-12))


def model_config(data: dict[str, Any]) -> ModelConfig:
    """The config of a set, whose names are those of the authors."""
    unet, text, vision, resampler = (data[name] for name in ("unet", "text_encoder", "image_encoder", "resampler"))
    diffusion, coder = data["diffusion"], data["autoencoder"]
    scaled = diffusion["dynamic_rescale"]
    return ModelConfig(
        unet=UNetConfig(
            in_channels=unet["in_channels"],
            channels=unet["model_channels"],
            level_factors=tuple(unet["channel_mult"]),
            res_blocks=unet["num_res_blocks"],
            attention_at=tuple(unet["attention_resolutions"]),
            head_width=unet["num_head_channels"],
            context_width=unet["context_dim"],
            image_attention=unet["image_cross_attention"],
            learned_image_scale=unet["image_scale_learnable"],
            tokens_per_frame=16 if unet["per_frame_image_tokens"] else None,
        ),
        diffusion=DiffusionConfig(
            prediction=diffusion["parameterization"],
            zero_terminal_snr=diffusion["zero_terminal_snr"],
            rescale_end=scaled and scaled["end"],
            rescale_from_one=data["family"] == "videocrafter",
        ),
        resampler=resampler and _resampler(resampler),
        vision=vision and VisionConfig(width=vision["width"], layers=vision["layers"], heads=vision["width"] // 16),
        autoencoder=AutoencoderConfig(
            channels=tuple(coder["base_channels"] * factor for factor in coder["channel_mult"]),
            res_blocks=coder["num_res_blocks"],
        ),
        text=TextConfig(width=text["width"], layers=text["layers"], heads=text["heads"], vocabulary=text["vocab_size"]),
        frames=data["sampling"]["frames"],
    )


def _resampler(data: dict[str, Any]) -> ResamplerConfig:
    return ResamplerConfig(
        queries=data["num_queries"] * (data["video_length"] or 1),
        width=data["dim"],
        depth=data["depth"],
        heads=data["heads"],
        head_width=data["dim_head"],
        image_width=data["embedding_dim"],
        context_width=data["output_dim"],
    )


@dataclass(frozen=True)
class ReferenceSet:
    """One folder: config.json, model.safetensors, inputs.safetensors, outputs.safetensors."""

    folder: Path

    @cached_property
    def data(self) -> dict[str, Any]:
        """The content of config.json."""
        content: dict[str, Any] = json.loads((self.folder / "config.json").read_text())
        return content

    @cached_property
    def config(self) -> ModelConfig:
        """The same as our config."""
        return model_config(self.data)

    @cached_property
    def inputs(self) -> dict[str, Tensor]:
        """What goes in, by name."""
        return load_file(self.folder / "inputs.safetensors")

    @cached_property
    def outputs(self) -> dict[str, Tensor]:
        """What the reference makes of it, by name."""
        return load_file(self.folder / "outputs.safetensors")

    @cached_property
    def parts(self) -> Parts:
        """The networks, every tensor of the file accounted for; numbers widened to float32."""
        sorted_ = sort(read_file(self.folder / "model.safetensors"), self.config)
        assert sorted_.unknown == []
        modules = build(self.config)
        assert sorted_.parts.keys() == modules.keys()
        for part, module in modules.items():
            fill(module, sorted_.parts[part], lambda module: module.float())
        return Parts(**modules)

    def fps(self) -> Tensor:
        """The frame rate or stride of the runs."""
        return torch.tensor([self.data["sampling"]["fs_or_fps"]] * len(self.inputs["ddim.x_T"]))

    def run(self, name: str) -> Iterator[Sampled]:
        """The steps of one of the set's sampling runs."""
        run, diffusion = self.data["sampling"]["runs"][name], self.config.diffusion
        steps = ddim_steps(diffusion, run["steps"], run["spacing"] or "uniform", run["eta"])
        noise = iter(self.inputs.get(f"ddim.{name}.noise", ()))
        guidance = Guidance(
            scale=run["guidance"],
            rescale=run["guidance_rescale"],
            image_scale=run["cfg_img"] if run["multi_cond"] else None,
        )
        conditioning = self._conditioning(guidance, interp=run["interp"])
        model = GuidedModel(self.parts.unet, conditioning, guidance, torch.float32)
        return ddim(model, self.inputs["ddim.x_T"], steps, prediction=diffusion.prediction, noise=lambda: next(noise))

    def _conditioning(self, guidance: Guidance, *, interp: bool) -> Conditioning:
        out = self.outputs
        text, empty = out["text.penultimate"], out["text.empty"].expand(len(out["text.penultimate"]), -1, -1)
        image, grey = out.get("image.resampled"), out.get("image.zero_resampled")
        two = image is not None and guidance.image_scale is not None
        return Conditioning(
            prompt=_joined(text, image),
            nothing=_joined(empty, grey) if guidance.scale != 1 else None,
            picture=_joined(empty, image) if two else None,
            fps=self.fps(),
            latents=self._latents(interp) if self.config.concatenates else None,
        )

    def _latents(self, interp: bool) -> Tensor:
        latent = self.outputs["ae.sample"] * self.config.autoencoder.latent_scale
        return beside(latent, self.config.frames, final=latent.flip(0) if interp else None)


def _joined(text: Tensor, image: Tensor | None) -> Tensor:
    return text if image is None else torch.cat([text, image], dim=1)
