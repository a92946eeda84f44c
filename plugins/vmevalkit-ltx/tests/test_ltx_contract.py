"""The contract of local models, for each of the family; one for each generator goes through real workers."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("vmevalkit_ltx")

from ltx_tiny import tiny_checkpoint, tiny_ltx

from vmevalkit_core.testing import DrawingContract, LocalContract

QUICK = {"size": "96x64", "frames": 12, "steps": 2}


class TestLtxVideo(LocalContract):
    model = "ltx-video"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_ltx(folder)


class TestLtx13bDistilled(DrawingContract):
    model = "ltx-video-13b-distilled"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_ltx(folder, kind="LTXConditionPipeline")


class TestLtx2bDistilled(DrawingContract):
    model = "ltx-video-2b-distilled"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        tiny_ltx(folder, kind="LTXConditionPipeline")
        tiny_checkpoint(folder, folder / "ltxv-2b-0.9.8-distilled.safetensors")
        return folder
