"""What takes long is made once for a class of tests, or for all of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

import pytest

T = TypeVar("T")
_MADE = pytest.StashKey[dict[str, object]]()


def once(request: pytest.FixtureRequest, name: str, make: Callable[[ExitStack], T], *, shared: bool = False) -> T:
    """What `make` made for the class of the test that asks; what it put on the stack is undone after the last test.

    `shared` makes it for all classes of the session.

    A fixture with the scope `class` would do the same, but the ways of writing one in a class that is inherited differ
    between versions of pytest.
    """
    home = request.session if shared else request.node.getparent(pytest.Class)
    made = home.stash.setdefault(_MADE, {})
    if name not in made:
        stack = ExitStack()
        home.addfinalizer(stack.close)
        try:
            made[name] = make(stack)
        except Exception as error:
            made[name] = error
    found = made[name]
    if isinstance(found, Exception):
        raise found
    return found  # type: ignore[return-value]
