"""Runway's models and its guests, described; nothing else is imported to list them."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, Need, State, hookimpl
from vmevalkit_runway.catalog import Model
from vmevalkit_runway.models import MODELS

KEY = "RUNWAYML_API_SECRET"
BASE_URL = "RUNWAYML_BASE_URL"
SEEDS = (0, 2**32 - 1)


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """Every model that takes a first frame, those included that are gone."""
    return map(spec_of, MODELS.values())


def spec_of(model: Model) -> ModelSpec:
    """The spec of one model. None is shown the final frame, also where Runway would take one."""
    return ModelSpec(
        name=model.name,
        family="runway",
        kind="api",
        factory="vmevalkit_runway.client:Runway",
        options=f"vmevalkit_runway.options:{model.class_name}",
        provider_model=model.id,
        description=_description(model),
        needs=(Need(KEY, hint="make one at https://dev.runwayml.com, on the page API Keys of your organization"),),
        settings=(BASE_URL,),
        # Runway counts jobs at once, and jobs a day, for each model.
        limit_key=model.name,
        seeds=SEEDS if model.seeds else None,
        state=State(life="gone", since=model.gone, successor=model.successor) if model.gone else State(),
        links=(
            ("documentation", "https://docs.dev.runwayml.com"),
            ("prices", "https://docs.dev.runwayml.com/guides/pricing"),
        ),
    )


def _description(model: Model) -> str:
    if model.id == "gen4_aleph":
        return "Runway Gen-4 Aleph, which edited videos; its heir aleph2 does so too and takes no first frame."
    own = model.id.startswith("gen") and not model.id.startswith("gemini")
    return f"Runway {model.title}." if own else f"{model.title}, by way of Runway's API."
