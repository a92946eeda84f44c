"""Luma's models, described; nothing else is imported to list them."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import S3_SECRETS, S3_SETTINGS, ModelSpec, Need, State, hookimpl

AGENTS_KEY = "LUMA_AGENTS_API_KEY"
AGENTS_URL = "LUMA_BASE_URL"
DREAM_KEYS = ("LUMA_API_KEY", "LUMAAI_API_KEY")
"""The first that is set counts; the second is the name that Luma's own client reads."""
DREAM_URL = "LUMAAI_BASE_URL"
BUCKET = "S3_BUCKET"
WAYS_OUT = (
    "Dream Machine takes a picture only as a link: set S3_BUCKET and the AWS variables of a bucket of yours, with "
    "pip install 'vmevalkit-core[s3]'; or use luma-ray-3.2, which takes the picture itself"
)

_AGENTS_NEED = Need(AGENTS_KEY, hint="how to get one stands at https://docs.agents.lumalabs.ai")
_DREAM_NEEDS = (
    Need(*DREAM_KEYS, hint="make one at https://lumalabs.ai/dream-machine/api/keys"),
    Need(BUCKET, hint=WAYS_OUT, secret=False),
)


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """One model of the Agents API, and two of the older Dream Machine API."""
    yield ModelSpec(
        name="luma-ray-3.2",
        family="luma",
        kind="api",
        factory="vmevalkit_luma.client:Agents",
        options="vmevalkit_luma.options:Ray32",
        provider_model="ray-3.2",
        description="Luma Ray 3.2, by the Agents API.",
        needs=(_AGENTS_NEED,),
        settings=(AGENTS_URL,),
        limit_key="luma-agents",
        links=(("documentation", "https://docs.agents.lumalabs.ai"),),
    )
    yield _dream("ray-2", "Ray2", "Luma Ray 2, by the older Dream Machine API; needs a bucket for its pictures.")
    yield _dream(
        "ray-flash-2", "RayFlash2", "Luma Ray Flash 2, by the older Dream Machine API; needs a bucket for its pictures."
    )


def _dream(model: str, options: str, description: str) -> ModelSpec:
    return ModelSpec(
        name=f"luma-{model}",
        family="luma",
        kind="api",
        factory="vmevalkit_luma.dream:DreamMachine",
        options=f"vmevalkit_luma.options:{options}",
        provider_model=model,
        description=description,
        needs=_DREAM_NEEDS,
        settings=(DREAM_URL, *S3_SETTINGS),
        secrets=S3_SECRETS,
        limit_key="luma-dream-machine",
        # Luma calls the API legacy and names no day on which it ends.
        state=State(life="deprecated", successor="luma-ray-3.2"),
        links=(("documentation", "https://docs.lumalabs.ai"),),
    )
