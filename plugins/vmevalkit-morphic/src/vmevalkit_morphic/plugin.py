"""The model of Morphic; imports nothing but the core."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, hookimpl

HUB = "https://huggingface.co"


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """Just the one."""
    yield ModelSpec(
        name="morphic-frames-to-video",
        family="morphic",
        kind="local",
        runs_in="process",
        factory="vmevalkit_morphic.generator:Morphic",
        options="vmevalkit_morphic.options:MorphicOptions",
        provider_model="morphic/Wan2.2-frames-to-video",
        description="Wan 2.2 A14B with Morphic's LoRA on its expert for high noise, from a first to a last frame.",
        inputs=("first_frame", "final_frame", "prompt"),
        settings=("MORPHIC_LORA_WEIGHTS_PATH", "MORPHIC_WAN2_CKPT_DIR"),
        seeds=(0, 2**63 - 1),
        links=(
            ("LoRA and its licence", f"{HUB}/morphic/Wan2.2-frames-to-video"),
            ("weights and licence (Apache-2.0)", f"{HUB}/Wan-AI/Wan2.2-I2V-A14B-Diffusers"),
            ("code", "https://github.com/morphicfilms/frames-to-video"),
        ),
    )
