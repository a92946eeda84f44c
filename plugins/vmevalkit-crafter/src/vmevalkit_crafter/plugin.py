"""The six models, described; nothing is imported but the core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vmevalkit_core import ModelSpec, hookimpl

HOME = "vmevalkit_crafter"
SEEDS = (0, 2**31)
"""What the authors' demo offers (`gradio_app.py`, `max_seed`)."""
DYNAMICRAFTER = (("paper", "https://arxiv.org/abs/2310.12190"), ("code", "https://github.com/Doubiiu/DynamiCrafter"))
VIDEOCRAFTER = (
    ("paper", "https://arxiv.org/abs/2310.19512"),
    ("code", "https://github.com/AILab-CVC/VideoCrafter"),
    ("licence", "https://github.com/AILab-CVC/VideoCrafter#-license"),
)


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """The released DynamiCrafters and VideoCrafters."""
    yield _dynamicrafter("256", "Doubiiu/DynamiCrafter", "Animates the first frame by the prompt: 16 frames, 256x256.")
    yield _dynamicrafter(
        "512", "Doubiiu/DynamiCrafter_512", "Animates the first frame by the prompt: 16 frames, 512x320."
    )
    yield _dynamicrafter(
        "1024", "Doubiiu/DynamiCrafter_1024", "Animates the first frame by the prompt: 16 frames, 1024x576."
    )
    yield _dynamicrafter(
        "512-interp",
        "Doubiiu/DynamiCrafter_512_Interp",
        "Draws what lies between the first and the final frame, the solution: 16 frames, 512x320.",
        inputs=("first_frame", "final_frame", "prompt"),
    )
    yield _spec(
        name="videocrafter1-i2v-512",
        generator="VideoCrafter1",
        provider_model="VideoCrafter/Image2Video-512",
        description="Follows the prompt, and loosely the first frame, which it only sees through CLIP: 512x320.",
        links=VIDEOCRAFTER,
    )
    yield _spec(
        name="videocrafter2-512",
        generator="VideoCrafter2",
        provider_model="VideoCrafter/VideoCrafter2",
        description="Text to video only: it has no input for a picture, and is not shown the first frame. 512x320.",
        inputs=("prompt",),
        links=VIDEOCRAFTER,
    )


def _dynamicrafter(variant: str, repository: str, description: str, **fields: Any) -> ModelSpec:
    generator = f"DynamiCrafter{variant.removeprefix('512-').capitalize()}"
    return _spec(
        name=f"dynamicrafter-{variant}",
        generator=generator,
        provider_model=repository,
        description=description,
        links=DYNAMICRAFTER,
        **fields,
    )


def _spec(*, name: str, generator: str, **fields: Any) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="crafter",
        factory=f"{HOME}.generator:{generator}",
        options=f"{HOME}.options:{generator}Options",
        runs_in="process",
        seeds=SEEDS,
        **fields,
    )
