"""The models of the family HunyuanVideo; imports nothing but the core."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, hookimpl

HUB = "https://huggingface.co/hunyuanvideo-community"
CODE = "https://github.com/Tencent-Hunyuan"
LICENCE_FILE = {"HunyuanVideo-I2V": "LICENSE.txt", "HunyuanVideo-1.5": "LICENSE"}
TERRITORY = "Its licence is not valid in the EU, the UK and South Korea."


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """One after the other."""
    yield _model("hunyuan-video-i2v", "I2v", "HunyuanVideo-I2V", "HunyuanVideo with 13B, final weights.")
    yield _model(
        "hunyuan-video-i2v-33ch",
        "I2v33Channels",
        "HunyuanVideo-I2V-33ch",
        "HunyuanVideo with 13B as first released, which keeps the picture less.",
    )
    for size, pixels in (("480p", "848 x 480"), ("720p", "1280 x 720")):
        yield _model(
            f"hunyuan-video-1.5-i2v-{size}",
            f"I2v15At{size}",
            f"HunyuanVideo-1.5-Diffusers-{size}_i2v",
            f"HunyuanVideo 1.5 with 8.3B, at {pixels}.",
            code="HunyuanVideo-1.5",
        )


def _model(name: str, kind: str, repo: str, description: str, code: str = "HunyuanVideo-I2V") -> ModelSpec:
    return ModelSpec(
        name=name,
        family="hunyuan-video",
        kind="local",
        runs_in="process",
        factory=f"vmevalkit_hunyuan.generator:{kind}",
        options=f"vmevalkit_hunyuan.options:{kind}Options",
        provider_model=f"hunyuanvideo-community/{repo}",
        description=f"{description} {TERRITORY}",
        inputs=("first_frame", "prompt"),
        seeds=(0, 2**63 - 1),
        links=(
            ("weights", f"{HUB}/{repo}"),
            ("licence", f"{CODE}/{code}/blob/HEAD/{LICENCE_FILE[code]}"),
            ("code", f"{CODE}/{code}"),
        ),
    )
