"""A client that calls its vendor twenty times a second at most, and is patient."""

from __future__ import annotations

from tests.models.plain import NEEDS, Plain
from vmevalkit_core import ModelSpec

RATE = 20


class Paced(Plain):
    """The plain vendor, called slowly."""

    spec = ModelSpec(
        name="paced-plain",
        factory=f"{__file__}:Paced",
        options=f"{__file__.replace('paced', 'plain')}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    requests_per_second = float(RATE)
    poll_least = poll_most = 2.0
    submit_timeout = poll_timeout = fetch_timeout = 60.0
