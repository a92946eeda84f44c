"""A plugin that imports its client to be listed."""

from collections.abc import Iterator

import httpx2

from vmevalkit_core import ModelSpec, Need, hookimpl


@hookimpl
def vmeval_models() -> Iterator[ModelSpec]:
    """The plain vendor's model."""
    yield ModelSpec(
        name="heavy-1",
        kind="api",
        factory="tests.models.plain:Plain",
        options="tests.models.plain:PlainOptions",
        needs=(Need("PLAIN_KEY", hint="any text will do"),),
        settings=("PLAIN_BASE_URL",),
        description=f"It imports {httpx2.__name__}.",
    )
