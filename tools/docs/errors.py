"""The errors, from errors.py."""

from __future__ import annotations

import inspect

from tools.docs.markdown import code, first_sentence, table
from vmevalkit_core import errors


def classes() -> list[type[errors.VmevalError]]:
    """Every error class, in the order in which they are written."""
    found = vars(errors).values()
    return [one for one in found if inspect.isclass(one) and issubclass(one, errors.VmevalError)]


def error_table() -> str:
    """Class, what it is a kind of, exit code, meaning."""
    rows = [
        (
            f"[{code(one.__name__)}](#{one.__name__.lower()})",
            _bases(one),
            str(one.exit_code),
            first_sentence(one.__doc__),
        )
        for one in classes()
    ]
    return table(("Error", "Is also a", "Exit code", "Meaning"), rows)


def _bases(cls: type) -> str:
    return ", ".join(code(base.__name__) for base in cls.__bases__)
