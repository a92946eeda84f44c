"""A client that gives up seldom, for runs through many faults."""

from __future__ import annotations

from tests.models.plain import NEEDS, Plain
from vmevalkit_core import ModelSpec


class Dogged(Plain):
    """The plain vendor; however many answers are lost in a row, it goes on."""

    spec = ModelSpec(
        name="dogged-plain",
        factory=f"{__file__}:Dogged",
        options=f"{__file__.replace('dogged', 'plain')}:PlainOptions",
        kind="api",
        needs=NEEDS,
        settings=("PLAIN_BASE_URL",),
    )
    lost_in_a_row = 1000
