"""Records as released versions wrote them, in each state in which a process may have left one.

Each format has a file beside this one, `records/format_N.json`, which never changes once it was released.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vmevalkit_core.attempts import RECORD, VIDEO, find_attempts

RECORDS = Path(__file__).parent / "records"
FORMATS = (1,)
"""Of every version that was released."""
STATES = ("success", "submitted", "submitting", "unsent", "uncertain", "failed", "cancelled")
"""`submitting`: a request may have been sent; `unsent`: none was."""


def age(results: Path, form: int, state: str) -> dict[str, Any]:
    """Make the one finished run below a folder what an old version left in some state; its new record."""
    (attempt,) = find_attempts(results)
    frozen = json.loads((RECORDS / f"format_{form}.json").read_text("utf-8"))
    record = _taken(_patched(frozen["record"], frozen["states"][state]), attempt.data)
    folder = Path(attempt.folder)
    (folder / RECORD).write_text(json.dumps(record, indent=2), "utf-8")
    if state != "success":
        (folder / VIDEO).unlink()
    found: dict[str, Any] = record
    return found


def _patched(value: Any, patch: Any) -> Any:
    """The value with what the patch names replaced, at any depth."""
    if not isinstance(patch, Mapping) or not isinstance(value, Mapping):
        return patch
    return {name: _patched(old, patch[name]) if name in patch else old for name, old in value.items()}


def _taken(value: Any, record: Mapping[str, Any]) -> Any:
    """The value with the record's own ids, hashes, times and options in their places."""
    if isinstance(value, Mapping):
        return {name: _taken(one, record) for name, one in value.items()}
    if not isinstance(value, str) or not value.startswith("="):
        return value
    found: Any = record
    for name in value[1:].split("."):
        found = found[name]
    return found
