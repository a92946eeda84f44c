"""Models of servers with the /v1/videos API, described; nothing else is imported to list them."""

from __future__ import annotations

from collections.abc import Iterator

from vmevalkit_core import ModelSpec, Need, State, hookimpl
from vmevalkit_openai.servers import SEEDS, SERVERS, Served, served

KEY, BASE_URL = "OPENAI_API_KEY", "OPENAI_BASE_URL"
ORGANIZATION, PROJECT = "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"
FACTORY = "vmevalkit_openai.client:Videos"
SERVER, TRUSTED = "server", "trusted"
"""Labels of the links of a named model: where its server is, and from where else its videos may come."""
SHUT = "2026-09-24"
"""When OpenAI closed its Videos API."""


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """The model of any server, those of the user's named servers, and OpenAI's own, which are gone."""
    yield _any_server()
    yield _sora("openai-sora-2", "sora-2", "Sora2")
    yield _sora("openai-sora-2-pro", "sora-2-pro", "Sora2Pro")
    # Last, so that a broken file takes nothing else away.
    yield from map(spec_of, served())


def spec_of(model: Served) -> ModelSpec:
    """The spec of a model of one of the user's servers."""
    hint = f"the server {model.server} in the file of {SERVERS} asks for it"
    return ModelSpec(
        name=model.name,
        family=model.server,
        kind="api",
        factory=FACTORY,
        options=f"vmevalkit_openai.served:{model.class_name}",
        provider_model=model.model,
        description=model.description or f"{model.model} on the server {model.server}.",
        needs=(Need(model.key, hint=hint),) if model.key else (),
        limit_key=f"openai-videos-{model.server}",
        seeds=model.seeds,
        links=((SERVER, model.url), *((TRUSTED, one) for one in model.trusted)),
    )


def _any_server() -> ModelSpec:
    return ModelSpec(
        name="openai-videos",
        family="openai",
        kind="api",
        factory=FACTORY,
        options="vmevalkit_openai.options:AnyVideos",
        description="Any model of any server with the /v1/videos API, such as vLLM-Omni or SGLang Diffusion.",
        needs=(
            Need(BASE_URL, hint="the address of the server, such as http://127.0.0.1:8091/v1", secret=False),
            Need(KEY, hint="the key of that server, where it asks for one", optional=True),
        ),
        settings=(ORGANIZATION, PROJECT),
        seeds=SEEDS,
        links=(("documentation", "https://platform.openai.com/docs/api-reference/videos"),),
    )


def _sora(name: str, model: str, options: str) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="openai",
        kind="api",
        factory=FACTORY,
        options=f"vmevalkit_openai.options:{options}",
        provider_model=model,
        description=f"OpenAI {model}; OpenAI closed its Videos API, and no model replaces it there.",
        needs=(Need(KEY, hint="make one at https://platform.openai.com/api-keys"),),
        settings=(BASE_URL, ORGANIZATION, PROJECT),
        state=State(life="gone", since=SHUT),
        links=(("documentation", "https://platform.openai.com/docs/api-reference/videos"),),
    )
