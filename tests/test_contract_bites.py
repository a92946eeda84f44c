"""Each check of the contract catches the plugin that was written to be caught by it."""

from __future__ import annotations

import pytest

from tests.hostile.kit import failures, node
from tests.hostile.vendors import SINS

Found = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def found() -> Found:
    """What failed, of one check for each hostile plugin."""
    return failures(*(node(name, sin.check) for name, sin in SINS.items()))


@pytest.mark.parametrize("name", SINS)
def test_sin_is_caught(found: Found, name: str) -> None:
    """By the check that is about it."""
    assert SINS[name].check in found[name]
