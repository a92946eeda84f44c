"""What the models need on the disk. Sizes are counted from the numbers of weights in bfloat16."""

from __future__ import annotations

from vmevalkit_core import Weights

LICENCE = "Apache-2.0"


def _of(repo: str, gigabytes: float) -> Weights:
    return Weights(repo=f"Wan-AI/{repo}", gigabytes=gigabytes, licence=LICENCE)


I2V_A14B = _of("Wan2.2-I2V-A14B-Diffusers", 68)
TI2V_5B = _of("Wan2.2-TI2V-5B-Diffusers", 24)
I2V_480P = _of("Wan2.1-I2V-14B-480P-Diffusers", 46)
I2V_720P = _of("Wan2.1-I2V-14B-720P-Diffusers", 46)
FLF2V_720P = _of("Wan2.1-FLF2V-14B-720P-diffusers", 46)
