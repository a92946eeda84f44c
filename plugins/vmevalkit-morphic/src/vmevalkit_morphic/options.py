"""The options of the model: those of Wan 2.2 A14B, with the same defaults, and the LoRA."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from vmevalkit_wan import A14BOptions

ALPHA = 16.0
"""With which the authors trained rank 32, by `generate.py` of their code: the file itself does not say so."""


class MorphicOptions(A14BOptions):
    """The authors run it with the defaults of Wan 2.2 A14B: 81 frames, 40 steps, shift 5, guidance 3.5 and 3.5."""

    loading: ClassVar[frozenset[str]] = A14BOptions.loading | {"lora", "lora_strength", "lora_alpha"}

    lora: str | None = None
    """The LoRA's file, its folder or its hub id; MORPHIC_LORA_WEIGHTS_PATH where none, then the authors' own."""
    lora_strength: float = Field(1.0, ge=0.0, le=4.0)
    """1 is as strong as it was trained."""
    lora_alpha: float = Field(ALPHA, gt=0.0, le=1024.0)
    """What it was trained with; trained strength is this, divided by its rank."""
