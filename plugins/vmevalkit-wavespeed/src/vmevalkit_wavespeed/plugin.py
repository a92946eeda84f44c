"""WaveSpeed's models, described; nothing else is imported to list them."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, Need, State, hookimpl
from vmevalkit_wavespeed.catalog import Model
from vmevalkit_wavespeed.models import MODELS

KEY = "WAVESPEED_API_KEY"
BASE_URL = "WAVESPEED_BASE_URL"
SEEDS = (0, 2**31 - 1)


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """Every model that takes a first frame, those included that are gone."""
    return map(spec_of, MODELS.values())


def spec_of(model: Model) -> ModelSpec:
    """The spec of one model. None is shown the final frame, also where WaveSpeed would take one."""
    return ModelSpec(
        name=model.name,
        family="wavespeed",
        kind="api",
        factory="vmevalkit_wavespeed.client:WaveSpeed",
        options=f"vmevalkit_wavespeed.options:{model.class_name}",
        provider_model=model.id,
        description=f"{model.title}, by way of WaveSpeed{'; its price is approximate' * model.rough}.",
        needs=(Need(KEY, hint="make one at https://wavespeed.ai/accesskey; it works once there is money"),),
        settings=(BASE_URL,),
        # Videos a minute, and jobs at once, are counted over all models of the account.
        limit_key="wavespeed",
        seeds=None if model.gone else SEEDS,
        # What is gone is another vendor's, and nothing of this package is the same model.
        state=State(life="gone", since=model.gone) if model.gone else State(),
        links=(("documentation", "https://wavespeed.ai/docs"), ("model", f"https://wavespeed.ai/models/{model.id}")),
    )
