"""The contract of local models, for each of the family; one for each generator goes through real workers."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from wan_tiny import tiny_2_1, tiny_5b, tiny_a14b

from vmevalkit_core.testing import DrawingContract, LocalContract

QUICK = {"size": "96x64", "frames": 7, "steps": 2}


class TestWan22A14B(LocalContract):
    model = "wan-2.2-i2v-a14b"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_a14b(folder)


class TestWan22Ti2v5B(DrawingContract):
    model = "wan-2.2-ti2v-5b"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_5b(folder)


class TestWan21I2v480(DrawingContract):
    model = "wan-2.1-i2v-480p"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_2_1(folder)


class TestWan21I2v720(DrawingContract):
    model = "wan-2.1-i2v-720p"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_2_1(folder)


class TestWan21Flf2v720(DrawingContract):
    model = "wan-2.1-flf2v-720p"
    options = QUICK

    def tiny_weights(self, folder: Path) -> Path:
        return tiny_2_1(folder, frames_shown=2)
