"""The contract of local models, for each of the family; one for each generator goes through real workers."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from hunyuan_tiny import tiny_13b, tiny_15

from vmevalkit_core.testing import DrawingContract, LocalContract

QUICK = {"size": "96x64", "frames": 7, "steps": 2}


class TestHunyuanVideoI2v(LocalContract):
    model = "hunyuan-video-i2v"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_13b(folder)


class TestHunyuanVideoI2v33Channels(DrawingContract):
    model = "hunyuan-video-i2v-33ch"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_13b(folder, condition="latent_concat")


class TestHunyuanVideo15I2v480p(LocalContract):
    model = "hunyuan-video-1.5-i2v-480p"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_15(folder)


class TestHunyuanVideo15I2v720p(DrawingContract):
    model = "hunyuan-video-1.5-i2v-720p"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_15(folder)
