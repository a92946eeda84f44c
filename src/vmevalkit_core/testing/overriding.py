"""The one rule for whoever inherits a contract: no test of it is replaced without saying why."""

from __future__ import annotations

from typing import Any


def check_overrides(cls: type, contract: type) -> None:
    """TypeError where a class replaces a test of the contract without an `xfail` that has a reason."""
    for name, value in vars(cls).items():
        if name.startswith("test_") and hasattr(contract, name) and not _is_excused(value):
            raise TypeError(
                f"{cls.__name__}.{name} overrides a test of the contract; what cannot be kept is marked "
                f'@pytest.mark.xfail(reason="...")'
            )


def _is_excused(test: Any) -> bool:
    marks = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)
