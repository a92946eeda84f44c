"""The models of the family LTX-Video; imports nothing but the core."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, hookimpl

SEEDS = (0, 2**63 - 1)
CODE = ("code", "https://github.com/Lightricks/LTX-Video")


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """One after the other, from the oldest on."""
    yield _model(
        "ltx-video",
        "LtxVideo",
        "LtxVideoOptions",
        "Lightricks/LTX-Video",
        "LTX-Video 2B as it was released: 50 steps with guidance.",
    )
    yield _model(
        "ltx-video-13b-distilled",
        "Ltx13bDistilled",
        "DistilledOptions",
        "Lightricks/LTX-Video-0.9.8-13B-distilled",
        "LTX-Video 13B 0.9.8, distilled to 8 steps without guidance.",
    )
    yield _model(
        "ltx-video-2b-distilled",
        "Ltx2bDistilled",
        "DistilledOptions",
        "Lightricks/LTX-Video/ltxv-2b-0.9.8-distilled",
        "LTX-Video 2B 0.9.8, distilled from the 13B model to 8 steps without guidance.",
    )


def _model(name: str, factory: str, options: str, provider_model: str, description: str) -> ModelSpec:
    repo = "/".join(provider_model.split("/")[:2])
    return ModelSpec(
        name=name,
        family="ltx-video",
        kind="local",
        runs_in="process",
        factory=f"vmevalkit_ltx.generator:{factory}",
        options=f"vmevalkit_ltx.options:{options}",
        provider_model=provider_model,
        description=description,
        inputs=("first_frame", "prompt"),
        seeds=SEEDS,
        links=(("weights and licence", f"https://huggingface.co/{repo}"), CODE),
    )
