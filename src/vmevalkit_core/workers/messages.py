"""What a command and its worker say to each other: one JSON object a line, over pipes."""

from __future__ import annotations

import json
import traceback
from typing import Any

from vmevalkit_core import errors
from vmevalkit_core.errors import ModelError, VmevalError

LONGEST = 64 << 20
"""Bytes of a line; the texts of a large plan are a few megabytes."""
_TRACE_HINT = "the traceback is in the run's metadata.json, under provenance.failure"

Message = dict[str, Any]


class Elsewhere(Exception):
    """The traceback of an error that was raised in another process, or the last lines of one that died."""


def pack(kind: str, **fields: Any) -> bytes:
    """A message as a line."""
    return json.dumps({"type": kind, **fields}, default=str).encode() + b"\n"


def unpack(line: bytes) -> Message:
    """The message in a line; ValueError when it is none."""
    message = json.loads(line)
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ValueError("a message is an object with a type")
    return message


def error_to_json(error: BaseException) -> Message:
    """An error as plain values."""
    return {
        "class": next((one.__name__ for one in type(error).__mro__ if getattr(errors, one.__name__, None) is one), ""),
        "type": type(error).__name__,
        "message": str(error) or type(error).__name__,
        "hint": str(getattr(error, "hint", "") or ""),
        "traceback": "".join(traceback.format_exception(error)),
    }


def error_from_json(data: Message) -> VmevalError:
    """The same error, as near as this process has one; its traceback is its cause."""
    known = getattr(errors, str(data.get("class")), None)
    if isinstance(known, type) and issubclass(known, VmevalError):
        error: VmevalError = known(str(data["message"]), hint=str(data["hint"]))
    else:
        error = ModelError(f"{data['type']}: {data['message']}", hint=_TRACE_HINT)
    error.__cause__ = Elsewhere(f"\n{data['traceback']}")
    return error
