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
    from vmevalkit_core.api import InferenceRunner, RunResult, available_models, run_inference, validate_inference
    from vmevalkit_core.errors import (
        AccountError,
        CeilingReached,
        ClipError,
        ConfigError,
        GenerationError,
        JobFailed,
        KeyRefused,
        LostAnswer,
        MissingCredential,
        MissingExtra,
        MissingFrame,
        MissingWeights,
        ModelError,
        ModeratedError,
        NoConnection,
        NoCredit,
        NotAccepted,
        OutputUnwritable,
        QuotaExhausted,
        RejectedError,
        RetryableError,
        Throttled,
        UncertainSubmitError,
        UnfinishedRun,
        UnknownModel,
        UnsafeLink,
        UsageError,
        VendorBroken,
        VmevalError,
    )
    from vmevalkit_core.generator import Account, ApiGenerator, Context, Generator, Job
    from vmevalkit_core.generator.clip_rule import ClipRule
    from vmevalkit_core.generator.frames import check_finite, uint8_frames
    from vmevalkit_core.generator.local import LocalGenerator
    from vmevalkit_core.generator.local_options import LocalOptions
    from vmevalkit_core.generator.local_request import LocalRequest, LocalSetup
    from vmevalkit_core.generator.memory import WITH_LAYERS
    from vmevalkit_core.generator.placing import place_encoder, place_pipeline
    from vmevalkit_core.generator.unknown import UnknownJobs
    from vmevalkit_core.generator.weights import Weights
    from vmevalkit_core.geometry import Geometry
    from vmevalkit_core.media.clips import check_clip, encode_clip, read_frames
    from vmevalkit_core.media.fitting import fit_frame, unfit_frame
    from vmevalkit_core.media.images import open_rgb
    from vmevalkit_core.media.unfitting import unfit_clip
    from vmevalkit_core.metadata import RunMetadata
    from vmevalkit_core.options import FreeOptions, Options, PictureOptions, Unit
    from vmevalkit_core.plugins import hookimpl
    from vmevalkit_core.records import (
        Candidate,
        Clip,
        Done,
        Event,
        Failed,
        GenerationRequest,
        ImageRef,
        Pending,
        Submission,
        TaskPair,
    )
    from vmevalkit_core.retry import RetryPolicy
    from vmevalkit_core.rules import ImageRule
    from vmevalkit_core.scan import load_questions
    from vmevalkit_core.specs import ModelSpec, Need, State
    from vmevalkit_core.transport import Answer, Refusal
    from vmevalkit_core.uploads.uploader import S3ImageUploader
    from vmevalkit_core.uploads.variables import S3_SECRETS, S3_SETTINGS

_HOME = {
    "Account": "generator",
    "AccountError": "errors",
    "Answer": "transport",
    "ApiGenerator": "generator",
    "Candidate": "records",
    "CeilingReached": "errors",
    "Clip": "records",
    "ClipError": "errors",
    "ClipRule": "generator.clip_rule",
    "ConfigError": "errors",
    "Context": "generator",
    "Done": "records",
    "Event": "records",
    "Failed": "records",
    "FreeOptions": "options",
    "GenerationError": "errors",
    "GenerationRequest": "records",
    "Generator": "generator",
    "Geometry": "geometry",
    "ImageRef": "records",
    "ImageRule": "rules",
    "InferenceRunner": "api",
    "Job": "generator",
    "JobFailed": "errors",
    "KeyRefused": "errors",
    "LocalGenerator": "generator.local",
    "LocalOptions": "generator.local_options",
    "LocalRequest": "generator.local_request",
    "LocalSetup": "generator.local_request",
    "LostAnswer": "errors",
    "MissingCredential": "errors",
    "MissingExtra": "errors",
    "MissingFrame": "errors",
    "MissingWeights": "errors",
    "ModelError": "errors",
    "ModelSpec": "specs",
    "ModeratedError": "errors",
    "Need": "specs",
    "NoConnection": "errors",
    "NoCredit": "errors",
    "NotAccepted": "errors",
    "Options": "options",
    "OutputUnwritable": "errors",
    "Pending": "records",
    "PictureOptions": "options",
    "QuotaExhausted": "errors",
    "Refusal": "transport",
    "RejectedError": "errors",
    "RetryPolicy": "retry",
    "RetryableError": "errors",
    "RunMetadata": "metadata",
    "RunResult": "api",
    "S3ImageUploader": "uploads.uploader",
    "S3_SECRETS": "uploads.variables",
    "S3_SETTINGS": "uploads.variables",
    "State": "specs",
    "Submission": "records",
    "TaskPair": "records",
    "Throttled": "errors",
    "UncertainSubmitError": "errors",
    "UnfinishedRun": "errors",
    "Unit": "options",
    "UnknownJobs": "generator.unknown",
    "UnknownModel": "errors",
    "UnsafeLink": "errors",
    "UsageError": "errors",
    "VendorBroken": "errors",
    "VmevalError": "errors",
    "WITH_LAYERS": "generator.memory",
    "Weights": "generator.weights",
    "available_models": "api",
    "check_clip": "media.clips",
    "check_finite": "generator.frames",
    "encode_clip": "media.clips",
    "fit_frame": "media.fitting",
    "hookimpl": "plugins",
    "load_questions": "scan",
    "open_rgb": "media.images",
    "place_encoder": "generator.placing",
    "place_pipeline": "generator.placing",
    "read_frames": "media.clips",
    "run_inference": "api",
    "uint8_frames": "generator.frames",
    "unfit_clip": "media.unfitting",
    "unfit_frame": "media.fitting",
    "validate_inference": "api",
}

__all__ = [
    "CONTRACT",
    "S3_SECRETS",
    "S3_SETTINGS",
    "WITH_LAYERS",
    "Account",
    "AccountError",
    "Answer",
    "ApiGenerator",
    "Candidate",
    "CeilingReached",
    "Clip",
    "ClipError",
    "ClipRule",
    "ConfigError",
    "Context",
    "Done",
    "Event",
    "Failed",
    "FreeOptions",
    "GenerationError",
    "GenerationRequest",
    "Generator",
    "Geometry",
    "ImageRef",
    "ImageRule",
    "InferenceRunner",
    "Job",
    "JobFailed",
    "KeyRefused",
    "LocalGenerator",
    "LocalOptions",
    "LocalRequest",
    "LocalSetup",
    "LostAnswer",
    "MissingCredential",
    "MissingExtra",
    "MissingFrame",
    "MissingWeights",
    "ModelError",
    "ModelSpec",
    "ModeratedError",
    "Need",
    "NoConnection",
    "NoCredit",
    "NotAccepted",
    "Options",
    "OutputUnwritable",
    "Pending",
    "PictureOptions",
    "QuotaExhausted",
    "Refusal",
    "RejectedError",
    "RetryPolicy",
    "RetryableError",
    "RunMetadata",
    "RunResult",
    "S3ImageUploader",
    "State",
    "Submission",
    "TaskPair",
    "Throttled",
    "UncertainSubmitError",
    "UnfinishedRun",
    "Unit",
    "UnknownJobs",
    "UnknownModel",
    "UnsafeLink",
    "UsageError",
    "VendorBroken",
    "VmevalError",
    "Weights",
    "__version__",
    "available_models",
    "check_clip",
    "check_finite",
    "encode_clip",
    "fit_frame",
    "hookimpl",
    "load_questions",
    "open_rgb",
    "place_encoder",
    "place_pipeline",
    "read_frames",
    "run_inference",
    "uint8_frames",
    "unfit_clip",
    "unfit_frame",
    "validate_inference",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
