"""The Python API: the same engine as the command line, for scripts and notebooks."""

from vmevalkit_core.api.quick import available_models, run_inference, validate_inference
from vmevalkit_core.api.results import RunResult
from vmevalkit_core.api.runner import InferenceRunner

__all__ = ["InferenceRunner", "RunResult", "available_models", "run_inference", "validate_inference"]
