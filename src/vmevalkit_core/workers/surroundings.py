"""The environment of a worker: what a process needs and what steers its libraries, never a key."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from vmevalkit_core.specs import ModelSpec

_EXACT = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "TEMP", "TMP"),
        *("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "LD_LIBRARY_PATH", "LD_PRELOAD"),
        *("DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("NO_COLOR", "COLUMNS", "HUGGINGFACE_HUB_CACHE"),
    )
)
_PREFIXES = (
    *("LC_", "PYTHON", "XDG_", "VMEVAL_", "SLURM_", "COVERAGE_", "MALLOC_", "MIMALLOC_"),
    *("CUDA", "NVIDIA_", "NCCL_", "CUBLAS_", "CUDNN_"),
    *("HIP_", "ROCR_", "ROCM_", "HSA_", "AMD_", "GPU_", "MIOPEN_", "ZE_", "SYCL_", "XPU_"),
    *("TORCH", "PYTORCH_", "TRITON_", "HF_", "TRANSFORMERS_", "DIFFUSERS_", "ACCELERATE_", "SAFETENSORS_"),
    *("TOKENIZERS_", "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "VECLIB_", "NUMEXPR_"),
)
_SECRET = re.compile(r"TOKEN(?!IZERS)|SECRET|PASS|CREDENTIAL|AUTH|API|JWT|(^|_)KEY", re.IGNORECASE)
"""A name that says so is a secret, whatever it begins with, such as HF_TOKEN."""

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DIFFUSERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""A worker loads what is on this machine: a run must not hang on a download, nor take other weights than yesterday."""
WHERE_WEIGHTS_ARE = ("VMEVAL_WEIGHTS", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME")


def allowed(name: str) -> bool:
    """Whether a worker may see a variable of that name."""
    known = name in _EXACT or name.startswith(_PREFIXES)
    return known and not _SECRET.search(name)


def child_environment(spec: ModelSpec, env: Mapping[str, str]) -> dict[str, str]:
    """The variables of a worker: of this process and of `env`, only what is allowed, and what the spec shows.

    What a spec declares as a secret is not among them: `/proc` shows the environment, and children inherit it.
    """
    hidden = {*spec.secrets, *(name for need in spec.needs if need.secret for name in need.names)}
    kept = {name: value for name, value in {**os.environ, **env}.items() if allowed(name) and name not in hidden}
    shown = {*spec.settings, *(name for need in spec.needs if not need.secret for name in need.names)}
    kept |= {name: env[name] for name in shown if name in env}
    return kept | OFFLINE | {"PYTHONUNBUFFERED": "1", "CUDA_DEVICE_ORDER": kept.get("CUDA_DEVICE_ORDER", "PCI_BUS_ID")}


def where_weights_are(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that say where weights are; those of this process count where `env` has none."""
    both = {**os.environ, **env}
    return {name: both[name] for name in WHERE_WEIGHTS_ARE if both.get(name)}


def cache_folder(env: Mapping[str, str]) -> Path | None:
    """Where local models keep embeddings: VMEVAL_CACHE, else below the user's cache; None where that is `none`."""
    both = {**os.environ, **env}
    named = both.get("VMEVAL_CACHE") or os.path.join(both.get("XDG_CACHE_HOME") or "~/.cache", "vmevalkit")
    return None if named == "none" else Path(named).expanduser().absolute()


def import_path() -> list[str]:
    """Where this process imports from: a program may have added to it."""
    return [os.path.abspath(entry) for entry in sys.path if entry]
