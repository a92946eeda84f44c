"""Run any image-to-video model on visual-reasoning puzzles; plugins import from here and nowhere deeper.

Every public name is loaded on first use, so that a plugin module costs almost nothing to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vmevalkit_core._version import __version__

CONTRACT = 1
"""The number of the plugin contract that this core keeps."""

if TYPE_CHECKING:
    from vmevalkit_core.errors import (
        ClipError,
        ConfigError,
        GenerationError,
        JobFailed,
        MissingCredential,
        MissingExtra,
        MissingFrame,
        RejectedError,
        RetryableError,
        UncertainSubmitError,
        UnknownModel,
        UsageError,
        VmevalError,
    )
    from vmevalkit_core.generator import ApiGenerator, Context, Generator, Job
    from vmevalkit_core.media.clips import check_clip, encode_clip, read_frames
    from vmevalkit_core.media.images import open_rgb
    from vmevalkit_core.plugins import hookimpl
    from vmevalkit_core.questions import load_questions
    from vmevalkit_core.records import (
        Candidate,
        Clip,
        Done,
        Event,
        Failed,
        FreeOptions,
        GenerationRequest,
        ImageRef,
        Options,
        Pending,
        RunMetadata,
        Submission,
        TaskPair,
    )
    from vmevalkit_core.specs import ModelSpec, Need, State

_HOMES = {
    "errors": (
        "ClipError",
        "ConfigError",
        "GenerationError",
        "JobFailed",
        "MissingCredential",
        "MissingExtra",
        "MissingFrame",
        "RejectedError",
        "RetryableError",
        "UncertainSubmitError",
        "UnknownModel",
        "UsageError",
        "VmevalError",
    ),
    "generator": ("ApiGenerator", "Context", "Generator", "Job"),
    "media.clips": ("check_clip", "encode_clip", "read_frames"),
    "media.images": ("open_rgb",),
    "plugins": ("hookimpl",),
    "questions": ("load_questions",),
    "records": (
        "Candidate",
        "Clip",
        "Done",
        "Event",
        "Failed",
        "FreeOptions",
        "GenerationRequest",
        "ImageRef",
        "Options",
        "Pending",
        "RunMetadata",
        "Submission",
        "TaskPair",
    ),
    "specs": ("ModelSpec", "Need", "State"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [  # noqa: PLE0604, RUF022: one list of names, kept in _HOMES
    "CONTRACT",
    "__version__",
    *_HOME,
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
