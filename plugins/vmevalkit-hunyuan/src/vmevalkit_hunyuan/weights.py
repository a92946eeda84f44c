"""What the models need on the disk. Sizes are counted from the numbers of weights in two bytes each."""

from __future__ import annotations

from vmevalkit_core import Weights

LICENCE = "Tencent Hunyuan Community License: not valid in the EU, the UK and South Korea"


def _of(repo: str, gigabytes: float) -> Weights:
    return Weights(repo=f"hunyuanvideo-community/{repo}", gigabytes=gigabytes, licence=LICENCE)


I2V = _of("HunyuanVideo-I2V", 44)
I2V_33CH = _of("HunyuanVideo-I2V-33ch", 44)
I2V_15_480P = _of("HunyuanVideo-1.5-Diffusers-480p_i2v", 36)
I2V_15_720P = _of("HunyuanVideo-1.5-Diffusers-720p_i2v", 36)
