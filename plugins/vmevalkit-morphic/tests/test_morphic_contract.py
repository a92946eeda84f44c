"""The contract of local models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("peft")

from morphic_tiny import LORA, tiny_morphic

from vmevalkit_core.testing import LocalContract
from vmevalkit_core.testing.studio import Studio

QUICK = {"size": "96x64", "frames": 7, "steps": 2}


class TestMorphic(LocalContract):
    model = "morphic-frames-to-video"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_morphic(folder)

    @pytest.fixture
    def studio(self, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
        """The model with its tiny weights and the LoRA beside them."""
        for name in ("VMEVAL_WEIGHTS", "MORPHIC_LORA_WEIGHTS_PATH", "MORPHIC_WAN2_CKPT_DIR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("VMEVAL_RUNTIME_DIR", str(tmp_path / "runtime"))
        monkeypatch.setenv("VMEVAL_CACHE", str(tmp_path / "cache"))
        options: dict[str, Any] = {**QUICK, "lora": str(weights / LORA)}
        return Studio(self.model, weights, options, tmp_path)
