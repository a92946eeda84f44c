"""The models of the family Wan; imports nothing but the core."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, hookimpl

SEEDS = (0, 2**63 - 1)
CODE = {
    "2.1": ("code", "https://github.com/Wan-Video/Wan2.1"),
    "2.2": ("code", "https://github.com/Wan-Video/Wan2.2"),
}


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """One after the other, the newest first."""
    yield _model(
        "wan-2.2-i2v-a14b",
        "A14B",
        "Wan2.2-I2V-A14B-Diffusers",
        "Wan 2.2 with two experts of 14B, one for high and one for low noise.",
    )
    yield _model(
        "wan-2.2-ti2v-5b",
        "Ti2v5B",
        "Wan2.2-TI2V-5B-Diffusers",
        "Wan 2.2 with 5B and a denser codec: 121 frames at 24 per second; frame 0 is the picture.",
    )
    yield _model("wan-2.1-i2v-480p", "I2v480", "Wan2.1-I2V-14B-480P-Diffusers", "Wan 2.1 with 14B, at 832 x 480.")
    yield _model("wan-2.1-i2v-720p", "I2v720", "Wan2.1-I2V-14B-720P-Diffusers", "Wan 2.1 with 14B, at 1280 x 720.")
    yield _model(
        "wan-2.1-flf2v-720p",
        "Flf2v720",
        "Wan2.1-FLF2V-14B-720P-diffusers",
        "Wan 2.1 with 14B, from a first to a last frame.",
        final_frame=True,
    )


def _model(name: str, kind: str, repo: str, description: str, *, final_frame: bool = False) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="wan",
        kind="local",
        runs_in="process",
        factory=f"vmevalkit_wan.generator:{kind}",
        options=f"vmevalkit_wan.options:{kind}Options",
        provider_model=f"Wan-AI/{repo}",
        description=description,
        inputs=("first_frame", "final_frame", "prompt") if final_frame else ("first_frame", "prompt"),
        seeds=SEEDS,
        links=(("weights and licence (Apache-2.0)", f"https://huggingface.co/Wan-AI/{repo}"), CODE[name[4:7]]),
    )
