"""Google's video models, described; nothing else is imported to list them."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, Need, State, hookimpl
from vmevalkit_veo.catalog import MODELS, Door, Model

GOOGLE_KEY, GEMINI_KEY = "GOOGLE_API_KEY", "GEMINI_API_KEY"
"""The first counts where both are set, as with Google's own SDK."""
GEMINI_URL = "GOOGLE_GEMINI_BASE_URL"
PROJECT, LOCATION = "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"
CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
VERTEX_URL = "GOOGLE_VERTEX_BASE_URL"
STORAGE_URL = "GOOGLE_STORAGE_BASE_URL"
"""Ours: no SDK of Google's reads one for its storage but for emulators, which get no credentials."""
SEEDS = (0, 2**32 - 1)

_KEY = Need(GOOGLE_KEY, GEMINI_KEY, hint="make a key at https://aistudio.google.com/apikey; billing has to be on")
_PROJECT = Need(PROJECT, hint="the id of the Google Cloud project that pays for Vertex AI", secret=False)
_FACTORIES: dict[Door, str] = {
    "vertex": "vmevalkit_veo.vertex:VertexVeo",
    "gemini": "vmevalkit_veo.omni:GeminiOmni",
    "closed": "vmevalkit_veo.closed:ClosedVeo",
}
_LINKS: dict[Door, tuple[tuple[str, str], ...]] = {
    "vertex": (
        ("documentation", "https://cloud.google.com/vertex-ai/generative-ai/docs/models/veo/3-1-generate"),
        ("prices", "https://cloud.google.com/vertex-ai/generative-ai/pricing"),
    ),
    "gemini": (
        ("documentation", "https://ai.google.dev/gemini-api/docs"),
        ("prices", "https://ai.google.dev/gemini-api/docs/pricing"),
    ),
    "closed": (("end of life", "https://ai.google.dev/gemini-api/docs/deprecations"),),
}


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """Every model that takes a first frame, those included that are gone."""
    return map(spec_of, MODELS.values())


def spec_of(model: Model) -> ModelSpec:
    """The spec of one model. None is shown the final frame, also where Google would take one."""
    vertex = model.door == "vertex"
    return ModelSpec(
        name=model.name,
        family="veo",
        kind="api",
        factory=_FACTORIES[model.door],
        options=f"vmevalkit_veo.options:{model.options}",
        provider_model=model.id,
        description=_description(model),
        needs=(_PROJECT if vertex else _KEY,),
        settings=(LOCATION, CREDENTIALS, VERTEX_URL, STORAGE_URL) if vertex else (GEMINI_URL,),
        # Google counts requests for each model.
        limit_key=model.name,
        seeds=SEEDS if vertex else None,
        state=State(life="gone", since=model.gone, successor=model.successor) if model.gone else State(),
        links=_LINKS[model.door],
    )


def _description(model: Model) -> str:
    if model.door == "vertex":
        known = "priced by the list of the Gemini API, unconfirmed"
        return f"Google {model.title} on Vertex AI, with a Google Cloud project; {known}."
    if model.door == "gemini":
        return f"Google {model.title}, with a key of the Gemini API."
    day = "; the day is approximate" * model.about
    return f"Google {model.title} with a key of the Gemini API, which does not serve it any more{day}."
